"""The facilitator's screen while a session runs: what it shows, and what a press on it posts."""
