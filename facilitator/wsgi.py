"""Pages and API as WSGI; with it every web process gets the bell that wakes the sweeps."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "facilitator.settings")
application = get_wsgi_application()

import facilitator.celery  # noqa: E402,F401  hangs the bell in web processes
