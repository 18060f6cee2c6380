"""What a session is and what may happen in it: pure Python, no Django, no database."""
