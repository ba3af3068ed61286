"""All settings, from the environment or `.env`; every default runs on one machine from a fresh clone.

`docs/operations.md` tells what each variable does and when to set it.
"""

import hashlib
import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
env.read_env(BASE_DIR / ".env")


def generated_secret(path: Path, length: int = 64) -> str:
    """Return the secret kept in `path`, made on the first run (readable by its owner only).

    It is written aside and linked into place, so that a second process never reads half of it.
    """
    if not path.exists():
        aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        with os.fdopen(os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(length))
        try:
            os.link(aside, path)
        except FileExistsError:
            pass  # another process was quicker: its secret counts
        finally:
            aside.unlink()
    return path.read_text().strip()


def version_of(folder: Path) -> str:
    """Return what changes when any file in the folder does, in its name or its content."""
    digest = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = file.read_bytes()
        digest.update(f"{file.relative_to(folder)} {len(content)} ".encode() + content)
    return digest.hexdigest()[:12]


def public_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or "@" in parts.netloc:
        raise ImproperlyConfigured(f"PUBLIC_URL must look like https://host[:port], not {value!r}.")
    return value.rstrip("/")


def one_of(name: str, choices: tuple[str, ...]) -> str:
    """Return the variable's value, by default the first of the choices."""
    value: str = env.str(name, default=choices[0])
    if value not in choices:
        raise ImproperlyConfigured(f"{name} must be {' or '.join(choices)}, not {value!r}.")
    return value


# Where it runs
DATA_ROOT = Path(env.str("DATA_ROOT", default=str(BASE_DIR / "data"))).resolve()
DATA_ROOT.mkdir(mode=0o700, parents=True, exist_ok=True)  # the truth lies in there
PORT = env.int("PORT", default=8000)
PUBLIC_URL = public_url(env.str("PUBLIC_URL", default=f"http://127.0.0.1:{PORT}"))
_PUBLIC = urlsplit(PUBLIC_URL)
HTTPS = _PUBLIC.scheme == "https"

SECRET_KEY = env.str("SECRET_KEY", default="") or generated_secret(DATA_ROOT / "secret_key")
DEBUG = env.bool("DEBUG", default=False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=list({str(_PUBLIC.hostname), "localhost", "127.0.0.1", "[::1]"}))
CSRF_TRUSTED_ORIGINS = [f"{_PUBLIC.scheme}://{_PUBLIC.netloc}"]

# What it is made of
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "csp",
    "readerstudy",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "readerstudy.refused_methods.RefusedMethodMiddleware",
    "readerstudy.origin.OriginMiddleware",
    "readerstudy.permissions.DenyByDefaultMiddleware",
]
ROOT_URLCONF = "readerstudy.urls"
WSGI_APPLICATION = "readerstudy.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "readerstudy.permissions.study_rights",
            ],
        },
    }
]

# Database: SQLite in WAL mode unless DATABASE_URL names another
if not env.str("DATABASE_URL", default="sqlite:").startswith(("sqlite:", "postgres:", "postgresql:")):
    raise ImproperlyConfigured("DATABASE_URL must look like postgres://user:password@host:5432/name.")
DATABASES = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{DATA_ROOT / 'db.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL;",  # with SQLite's full synchronisation: no answer is ever lost
    }
else:
    DATABASES["default"].setdefault("CONN_MAX_AGE", 60)  # signing in anew would cost more than most requests' queries
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Files: a folder in DATA_ROOT unless STORE_URL names a bucket
STORE_URL = env.str("STORE_URL", default="")
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "store": {"BACKEND": "readerstudy.storage.folder.FolderStorage"},
}
if STORE_URL:
    STORAGES["store"] = {"BACKEND": "readerstudy.storage.bucket.BucketStorage", "OPTIONS": {"url": STORE_URL}}

# Imports from the pages: a folder on this machine whose sub-folders staff may import, and archives that they send
IMPORT_ROOT = Path(env.str("IMPORT_ROOT")).resolve() if env.str("IMPORT_ROOT", default="") else None
UPLOAD_MAX_MB = env.int("UPLOAD_MAX_MB", default=2048)

# What is slow to work out about closed studies, shared by all processes
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": str(DATA_ROOT / "cache"),
        "TIMEOUT": None,
        "OPTIONS": {"MAX_ENTRIES": 2000},
    }
}

# Background work: kombu's filesystem transport unless CELERY_BROKER_URL names Redis or RabbitMQ
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="filesystem://local")
if CELERY_BROKER_URL.partition("://")[0] not in ("filesystem", "memory", "redis", "rediss", "amqp", "amqps", "sqs"):
    raise ImproperlyConfigured(f"CELERY_BROKER_URL must begin with redis:// or amqp://, not {CELERY_BROKER_URL!r}.")
if CELERY_BROKER_URL.startswith("filesystem"):
    _BROKER_FOLDER = DATA_ROOT / "broker"
    for _name in ("messages", "control"):
        (_BROKER_FOLDER / _name).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_BROKER_FOLDER / "messages"),
        "data_folder_out": str(_BROKER_FOLDER / "messages"),
        "control_folder": str(_BROKER_FOLDER / "control"),
        "polling_interval": 0.2,  # seconds
    }
CELERY_TASK_IGNORE_RESULT = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_ROOT / "celerybeat-schedule")
RECONCILE_EVERY_S = env.int("RECONCILE_EVERY_S", default=30)
CELERY_BEAT_SCHEDULE = {
    "reconcile": {
        "task": "readerstudy.tasks.reconcile",
        "schedule": RECONCILE_EVERY_S,
        "options": {"expires": RECONCILE_EVERY_S},
    },
    "erase-overdue": {"task": "readerstudy.tasks.erase_overdue", "schedule": 60 * 60 * 24},
}
# Synthesis by trained models: which one, where imported ones lie, and the queue that their runs wait in
LATENT_DIFFUSION_MODEL = env.str("LATENT_DIFFUSION_MODEL", default="starter")
os.environ.setdefault("SYNTHESIS_MODELS", str(DATA_ROOT / "models"))  # read by the library, which knows no settings
NETWORK_QUEUE = env.str("NETWORK_QUEUE", default="celery")
RETENTION_DAYS = env.int("RETENTION_DAYS", default=0)  # readers' profiles and addresses; 0: until somebody asks
SLICE_GRANT_S = env.float("SLICE_GRANT_S", default=1.0)  # a reader's right to a case's slices is looked up so often
JOB_LEASE_S = env.int("JOB_LEASE_S", default=60)  # a job whose worker is silent for so long is claimed anew

# Readers
STALLED_AFTER_DAYS = env.int("STALLED_AFTER_DAYS", default=14)  # a reader who could read and does not is pointed out
_EMAIL = env.email_url("EMAIL_URL", default="consolemail://")
EMAIL_BACKEND = _EMAIL["EMAIL_BACKEND"]
EMAIL_HOST = _EMAIL["EMAIL_HOST"] or "localhost"
EMAIL_PORT = _EMAIL["EMAIL_PORT"] or 25
EMAIL_HOST_USER = _EMAIL["EMAIL_HOST_USER"] or ""
EMAIL_HOST_PASSWORD = _EMAIL["EMAIL_HOST_PASSWORD"] or ""
EMAIL_USE_TLS = _EMAIL.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = _EMAIL.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 20  # seconds
DEFAULT_FROM_EMAIL = env.str("EMAIL_FROM", default="reader-study@localhost")

# Pages
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True  # no collectstatic step; WhiteNoise indexes the files when it starts
if DEBUG:  # files that change while the server runs
    STATIC_URL = "/static/"
    WHITENOISE_MAX_AGE = 0
else:  # a module and what it imports are of one version, and fetched once
    STATIC_URL = f"/static/{version_of(STATICFILES_DIRS[0])}/"
    WHITENOISE_MAX_AGE = 60 * 60 * 24 * 365
LANGUAGE_CODE = "en-gb"
USE_I18N = False
USE_TZ = True
TIME_ZONE = env.str("TIME_ZONE", default="UTC")

# Staff accounts (django-allauth, as readerstudy.accounts has it)
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
ACCOUNT_ADAPTER = "readerstudy.accounts.AccountAdapter"
_FORMS = "readerstudy.administration.account_forms"
ACCOUNT_FORMS = {
    "login": f"{_FORMS}.StaffLoginForm",
    "change_password": f"{_FORMS}.StaffPasswordForm",
    "reauthenticate": f"{_FORMS}.PasswordAgainForm",
}
MFA_FORMS = {
    "authenticate": f"{_FORMS}.SecondStepForm",
    "reauthenticate": f"{_FORMS}.SecondStepAgainForm",
    "activate_totp": f"{_FORMS}.SecondStepOnForm",
}
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_SESSION_COOKIE_AGE = 60 * 60 * 10  # a working day: readers' sessions last longer, but staff see the truth
ACCOUNT_RATE_LIMITS = {
    "login_failed": "10/m/ip,5/5m/key",  # of staff: passwords, and codes of a second step, counted apart
    "return": "10/15m/key",  # of readers: a return code from an address
}
MFA_ADAPTER = "readerstudy.accounts.MFAAdapter"
MFA_TOTP_ISSUER = "Reader studies"
STAFF_MFA_REQUIRED = one_of("STAFF_MFA", ("optional", "required")) == "required"
SOCIALACCOUNT_ADAPTER = "readerstudy.accounts.SocialAccountAdapter"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_LOGIN_ON_GET = True  # a form that ends at the provider is what our policy blocks
OIDC = {name: env.str(f"OIDC_{name}", default="") for name in ("SERVER_URL", "CLIENT_ID", "CLIENT_SECRET")}
OIDC_NAME = env.str("OIDC_NAME", default="single sign-on")
OIDC_PROVIDER = "sso"
if all(OIDC.values()):
    SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {
            "OAUTH_PKCE_ENABLED": True,
            "APPS": [
                {
                    "provider_id": OIDC_PROVIDER,
                    "name": OIDC_NAME,
                    "client_id": OIDC["CLIENT_ID"],
                    "secret": OIDC["CLIENT_SECRET"],
                    "settings": {"server_url": OIDC["SERVER_URL"]},
                }
            ],
        }
    }

# Security
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PROXIES = env.int("PROXIES", default=0)  # in front of us, each appending to X-Forwarded-For
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 60 * 60 * 24 * 90  # a reader comes back after the washout
CSRF_COOKIE_HTTPONLY = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_SSL_REDIRECT = False  # the proxy's part
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 30 if HTTPS else 0
SECURE_REFERRER_POLICY = "no-referrer"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "worker-src": [SELF],
        "font-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
SILENCED_SYSTEM_CHECKS = [
    # What follows from the scheme of PUBLIC_URL; readerstudy.checks warns in our own words.
    "security.W004",
    "security.W008",
    "security.W012",
    "security.W016",
    "security.W021",
]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
}
