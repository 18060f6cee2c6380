"""How much is tried: little while somebody waits for an answer, five times as much in a strict run."""

import os

THOROUGH = 5 if os.environ.get("THIRD_CHAIR_STRICT") == "1" else 1
