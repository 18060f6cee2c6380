"""A session written down afterwards: the desk's cards without a clock."""
