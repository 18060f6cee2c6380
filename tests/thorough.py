"""How much is tried. `./run test --thorough` tries all of it: each night, and once by whoever resolves an issue."""

import os

IS_THOROUGH = os.environ.get("THIRD_CHAIR_THOROUGH") == "1"
# How often Hypothesis tries, against a run in which somebody waits for an answer.
TIMES = 5 if IS_THOROUGH else 1
