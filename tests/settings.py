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

# Straight from the rooms, under plain names: most tests look at no style, and would wait while it is collected.
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}  # noqa: F405
WHITENOISE_USE_FINDERS = True
STATIC_ROOT = None

# A counter of wrong passwords for each process of a run: they would meet in a shared one.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# Argon2 is meant to be slow. What it does is tested where it matters, by naming it.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *PASSWORD_HASHERS]  # noqa: F405
