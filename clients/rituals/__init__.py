"""What a couple does between sessions, and the reminders of it."""
