"""Planning a session: its format, its length, who begins, and what it is about."""
