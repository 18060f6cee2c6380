"""The project's own settings over a data folder of the test run's own.

The environment is set before facilitator.settings reads it; child processes and xdist workers inherit it.
"""

import atexit
import os
import shutil
import tempfile
import zoneinfo

if os.environ.get("THIRD_CHAIR_TESTING") != "1":
    os.environ["THIRD_CHAIR_DATA"] = tempfile.mkdtemp(prefix="third-chair-test-")
    os.environ["THIRD_CHAIR_TESTING"] = "1"
    os.environ["PYTHONTZPATH"] = ""
    atexit.register(shutil.rmtree, os.environ["THIRD_CHAIR_DATA"], ignore_errors=True)
# pytest may have loaded zoneinfo before this file named the path.
zoneinfo.reset_tzpath(to=())

from facilitator.settings import *  # noqa: E402, F403  (the environment comes first)

# The data folder is shared by the processes of one run; a test that mutes the house means its own.
MUTE_FILE = DATA / f"mute-{os.getpid()}"  # noqa: F405

# Argon2 is meant to be slow. What it does is tested where it matters, by naming it.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *PASSWORD_HASHERS]  # noqa: F405
