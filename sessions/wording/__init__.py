"""Codes of a session as words: one table for desk, cards, pages and papers."""
