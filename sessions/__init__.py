"""The facilitated session: what may happen in it, what is kept of it, and its screens."""
