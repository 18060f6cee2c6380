"""The papers of a session: what each may hold, and its PDF."""
