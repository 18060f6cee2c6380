"""The front door: first run, home, sign-in, mail settings, and the demo practice."""
