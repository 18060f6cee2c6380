"""One settings file. What differs between a laptop and a practice of a hundred comes from the environment."""

import base64
import contextlib
import json
import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url

from facilitator import environment

# Where it stands ----------------------------------------------------------------------------------

BASE_DIR = Path(__file__).resolve().parent.parent
DATA = environment.folder("THIRD_CHAIR_DATA", BASE_DIR / "var")
DATA.mkdir(mode=0o700, parents=True, exist_ok=True)

FIRST_RUN_CODE_FILE = DATA / "first_run_code"
MUTE_FILE = DATA / "mute"


# Secrets ------------------------------------------------------------------------------------------


def _secrets(path: Path) -> dict[str, str | list[str]]:
    """Made once, readable by their owner only; a second process that loses the race reads the winner's."""
    if not path.exists():
        _make_secrets(path)
    return json.loads(path.read_text())


def _make_secrets(path: Path) -> None:
    fresh = {
        "secret_key": secrets.token_urlsafe(64),
        "field_keys": [base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()],
        "index_key": secrets.token_hex(32),
    }

    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(fresh, file, indent=1)
        file.flush()
        os.fsync(file.fileno())

    # A link to a name that is taken is refused, so there is one winner.
    with contextlib.suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()


_kept = _secrets(DATA / "secrets.json")
SECRET_KEY = _kept["secret_key"]
FIELD_KEYS = _kept["field_keys"]
INDEX_KEY = _kept["index_key"]


# Developing and testing ---------------------------------------------------------------------------

DEBUG = False
TESTING = environment.switch("THIRD_CHAIR_TESTING")
TEST_CLOCK = environment.text("THIRD_CHAIR_TEST_CLOCK")


# Where it is reached ------------------------------------------------------------------------------

PORT = environment.number("THIRD_CHAIR_PORT", 8000, least=1, most=65535)
LISTEN = environment.text("THIRD_CHAIR_LISTEN", "127.0.0.1")
PUBLIC_URL = environment.address("THIRD_CHAIR_URL", f"http://127.0.0.1:{PORT}")
HTTPS = PUBLIC_URL.startswith("https://")

FURTHER_HOSTS = environment.hosts("THIRD_CHAIR_HOSTS")
ALLOWED_HOSTS = [
    urlsplit(PUBLIC_URL).hostname or "127.0.0.1",
    "127.0.0.1",
    "localhost",
    "[::1]",
    *FURTHER_HOSTS,
]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

# Web processes, and in each of them as many threads for pages, each with a database connection.
PROCESSES = environment.number("THIRD_CHAIR_PROCESSES", 1, least=1, most=64)
THREADS = environment.number("THIRD_CHAIR_THREADS", 8, least=1, most=256)


# What it is made of -------------------------------------------------------------------------------

INSTALLED_APPS = [
    "facilitator.apps.FacilitatorConfig",
    "clients.apps.ClientsConfig",
    "clients.rituals.apps.RitualsConfig",
    "sessions.apps.SessionsConfig",
    "reports.apps.ReportsConfig",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "rest_framework",
]
MIDDLEWARE = [
    "facilitator.headers.HeadersMiddleware",
    "facilitator.operations.statics.StaticFiles",
    # Adds a random length to each page, so that its size tells nothing of a secret in it.
    "django.middleware.gzip.GZipMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "sessions.room.middleware.TurnedMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "facilitator.http.KindlyMiddleware",
    "facilitator.audit.ReadsMiddleware",
]
ROOT_URLCONF = "facilitator.urls"
WSGI_APPLICATION = "facilitator.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "facilitator" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "facilitator.http.house",
            ]
        },
    }
]


# Databases ----------------------------------------------------------------------------------------

# An answered command is durable: WAL with FULL costs a fraction of a millisecond, NORMAL may lose it.
_SQLITE = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 10,
    # Without recursive triggers REPLACE would take an append-only row away unseen.
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA recursive_triggers=ON;",
}


def _database(variable: str, file: str) -> dict[str, object]:
    url = environment.service(variable, "postgresql", "postgres")
    if not url:
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(DATA / file), "OPTIONS": dict(_SQLITE)}
    return dict(dj_database_url.parse(url, conn_max_age=None, conn_health_checks=True))


DATABASES = {
    "default": _database("DATABASE_URL", "db.sqlite3"),
    "keys": _database("KEYS_DATABASE_URL", "keys.sqlite3"),
}
DATABASE_ROUTERS = ["facilitator.crypto.KeyRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"


# Signing in ---------------------------------------------------------------------------------------

AUTH_USER_MODEL = "facilitator.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"

ACCOUNT_ADAPTER = "facilitator.door.signin.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_ON_GET = False

MFA_ADAPTER = "facilitator.door.signin.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Notes"

# Counts wrong passwords and remembers used codes: all web processes have to know, also after a start.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": DATA / "cache",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
}


# Cookies and headers ------------------------------------------------------------------------------

SESSION_COOKIE_AGE = 12 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_NAME = "session"
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = HTTPS

CSRF_COOKIE_NAME = "csrf"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = HTTPS
CSRF_FAILURE_VIEW = "facilitator.door.views.csrf_failed"

SECURE_HSTS_SECONDS = 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_SSL_REDIRECT = False
SECURE_PROXY_SSL_HEADER = None
if HTTPS:
    # A name that begins so is kept by browsers for this host and for TLS alone.
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_NAME = "__Host-csrf"
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"


# The API ------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["facilitator.api.SignedIn"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "EXCEPTION_HANDLER": "facilitator.api.kindly",
    "DEFAULT_METADATA_CLASS": None,
    "UNAUTHENTICATED_USER": None,
}


# Language and time --------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
LOCALE_PATHS = [BASE_DIR / "facilitator" / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"


# Style, script and type ---------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = environment.folder("THIRD_CHAIR_STATIC", DATA / "static")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "facilitator.operations.statics.HashedFiles"},
}
WHITENOISE_USE_FINDERS = False


# What goes out and what comes in ------------------------------------------------------------------

REDIS_URL = environment.service("REDIS_URL", "redis", "rediss")
EMAIL_BACKEND = "facilitator.mail.NoBackend"

DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]


# The log ------------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "filters": {"addresses": {"()": "facilitator.operations.logs.WithoutAddresses"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["addresses"]}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        # The default handler mails admins and prints request bodies; ours prints a line and no content.
        "django": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        "celery": {"level": "WARNING"},
        # Page by page progress of each paper, and a greeting at import.
        "weasyprint": {"level": "ERROR"},
        "pikepdf": {"level": "WARNING"},
    },
}
