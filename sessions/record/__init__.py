"""What is kept of a session: the only writers of its rows, and what both may read of them."""
