"""Django's settings. Everything a deployment may change comes from environment variables; the defaults are local mode:
loopback only, nobody logs in, SQLite and one worker, all files under DATA."""

import os
import secrets
from pathlib import Path

from playground.api.parts import TAGS
from playground.database import channel_layers_from_url, database_from_url

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(os.environ.get("DATA", BASE_DIR / "data")).resolve()
HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8000"))


def _secret_key() -> str:
    """The key of this installation: from the environment, else made once and kept in DATA."""
    if key := os.environ.get("SECRET_KEY"):
        return key
    DATA_DIR.mkdir(parents=True, exist_ok=True)
    path = DATA_DIR / "secret-key"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text()
    with os.fdopen(descriptor, "w") as file:
        file.write(key := secrets.token_urlsafe(50))
    return key


SECRET_KEY = _secret_key()
DEBUG = os.environ.get("DEBUG") == "1"
LOCAL_MODE = os.environ.get("LOCAL_MODE", "1") == "1"
"""1: one person, nobody logs in, all is allowed. 0: classroom mode with accounts (docs/classroom.md)."""
PUBLIC_URL = os.environ.get("PUBLIC_URL", "")
"""What kubeconfigs and links name; empty: the address of the request, or http://HOST:PORT on the command line."""

LOOPBACK_NAMES = ["localhost", "127.0.0.1", "[::1]"]
OPEN_TO_NETWORK = HOST not in ("localhost", "127.0.0.1", "::1")
SERVED_HOSTS = [*LOOPBACK_NAMES, HOST, *filter(None, os.environ.get("ALLOWED_HOSTS", "").split(","))]
"""Names this site answers to, checked by `playground.guard` before anything else."""
BASE_URL = PUBLIC_URL or f"{'https' if os.environ.get('TLS_CERT') else 'http'}://{HOST}:{PORT}"
ALLOWED_HOSTS = ["*"] if OPEN_TO_NETWORK else SERVED_HOSTS
TLS_CERT, TLS_KEY = os.environ.get("TLS_CERT", ""), os.environ.get("TLS_KEY", "")


def _https_port() -> int:
    """Where clusters are also reached by HTTPS, with a certificate of our own; 0: nowhere. 8443 beside 8000."""
    beside = PORT + 443 if PORT + 443 < 2**16 else PORT - 443
    return int(os.environ.get("HTTPS_PORT", "") or (0 if TLS_CERT else beside))


HTTPS_PORT = _https_port()
HTTPS_URL = BASE_URL if TLS_CERT else f"https://{f'[{HOST}]' if ':' in HOST else HOST}:{HTTPS_PORT}"
"""Kubernetes clients send tokens and certificates only by HTTPS."""
TRUSTED_ORIGINS = [*filter(None, os.environ.get("TRUSTED_ORIGINS", "").split(","))]

WORKER_URL = os.environ.get("WORKER_URL", f"unix:{DATA_DIR / 'worker.sock'}")
"""Where the owner of clusters listens: unix:/path, tcp://host:port or tls://host:port."""
SCALED = os.environ.get("SCALED") == "1"
"""Whether there are several workers: web processes then find a cluster's owner in the database. See docs/scaling.md."""
WORKER_ADVERTISE = os.environ.get("WORKER_ADVERTISE", "") or WORKER_URL
"""Where others reach the worker of this process, when that is not where it listens (tcp://0.0.0.0:7000)."""
ETCD_PORT = int(os.environ.get("ETCD_PORT", "0"))
"""Where etcd's API is served (usually 2379), on loopback only; 0: nowhere."""
ETCD_CLUSTER = os.environ.get("ETCD_CLUSTER", "demo")
WORKER_WAIT_SECONDS = float(os.environ.get("WORKER_WAIT_SECONDS", "5"))
WORKER_TLS = {name: os.environ.get(f"WORKER_TLS_{name.upper()}", "") for name in ("cert", "key", "ca")}
HIBERNATE_SECONDS = float(os.environ.get("HIBERNATE_SECONDS", "600"))
LEASE_SECONDS = float(os.environ.get("LEASE_SECONDS", "") or (4 if SCALED else 10))
"""How long a dead worker's clusters stay its own. Web processes wait WORKER_WAIT_SECONDS for the next owner."""
HISTORY_REVISIONS = int(os.environ.get("HISTORY_REVISIONS", "10000"))

EXERCISES = [*filter(None, os.environ.get("EXERCISES", "").split(os.pathsep))]
"""Folders with exercises, instead of those that come with the playground."""
GRADERS = int(os.environ.get("GRADERS", "0"))
"""Processes that grade what is handed in; 0: a thread of the web process does."""
WEBHOOK_ALLOW = [*filter(None, os.environ.get("WEBHOOK_ALLOW", "").split(","))]
"""Hosts and networks that webhooks may reach though they are not public: hooks.school.example,10.1.0.0/16."""

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "cluster_core",
    "playground",
    "playground.classroom",
    "playground.live",
    "playground.grading",
    "playground.demos",
    "playground.lessons",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "playground.guard.content_security_policy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "playground.classroom.gate.Gate",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "playground.urls"
ASGI_APPLICATION = "playground.asgi.application"
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
                "playground.pages.navigation.site_pages",
            ]
        },
    }
]

DATABASES = {"default": database_from_url(os.environ.get("DATABASE_URL", ""), DATA_DIR, SCALED)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = os.environ.get("REDIS_URL", "")
CHANNEL_LAYERS = channel_layers_from_url(REDIS_URL)

CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}
"""Counts attempts to log in: together where there is Redis, else each web process its own."""

LANGUAGE_CODE = "en"
USE_I18N = True
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = DATA_DIR / "static"

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Strict"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BASE_URL.startswith("https:")
SESSION_COOKIE_AGE = int(float(os.environ.get("SESSION_HOURS", "12")) * 3600)
SESSION_COOKIE_HTTPONLY = True
LOGIN_URL, LOGIN_REDIRECT_URL = "login", "mine"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["playground.classroom.authentication.Known"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "playground.api.describing.Described",
    "EXCEPTION_HANDLER": "playground.api.errors.to_response",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Cluster Playground",
    "DESCRIPTION": """Make simulated Kubernetes clusters, change them, let their time pass, read their state, grade what was done.

Each cluster serves the Kubernetes API itself at `/clusters/{cluster}/k8s/`: whatever kubectl or a client library does is
done there. This API is for what Kubernetes has no words for. On one's own machine nobody signs in; in a classroom send
`Authorization: Bearer TOKEN` with a token from *Accounts*. Problems are `{"message", "code"}`, and `errors` by field.""",
    "VERSION": "1",
    "TAGS": TAGS,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "playground.api.describing.tell_answers",
    ],
    "SWAGGER_UI_SETTINGS": {
        "deepLinking": True,
        "docExpansion": "none",
        "defaultModelsExpandDepth": -1,
        "persistAuthorization": True,
    },
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "SubmissionState": ["queued", "done", "failed"],
        "DeliveryState": ["waiting", "delivered", "given up"],
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": os.environ.get("LOG_LEVEL", "WARNING")},
    "loggers": {"playground": {"level": os.environ.get("LOG_LEVEL", "INFO")}},
}
