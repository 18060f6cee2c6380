"""Just the clock: a session that the page holds and the house forgets, and *Keep this?* at its end."""
