"""All settings, from environment variables; a value that makes no sense is refused with one sentence."""

import re
from pathlib import Path
from zoneinfo import available_timezones

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from environs import Env, EnvError

from core import moment
from web.frame import csp, theme

BASE_DIR = Path(__file__).resolve().parent.parent
LOCAL_DIR = BASE_DIR / ".local"

env = Env()


def refuse(name: str, why: object) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"{name}: {why}")


try:
    DEBUG = env.bool("DEBUG", False)
    DEMO = env.bool("DEMO", False)
    SECRET_KEY = env.str("SECRET_KEY", "insecure-development-key" if DEBUG else "")
    ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"])
    CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [])
    REDIS_URL = env.str("REDIS_URL", "redis://127.0.0.1:6379/0")
    TIME_ZONE = env.str("TIME_ZONE", "") or "Europe/Moscow"
    TIME_ZONE_CHOSEN = bool(env.str("TIME_ZONE", ""))  # else the account's own zone is the portal's
    AMO_BASE_URL = env.str("AMO_BASE_URL", "").rstrip("/")
    AMO_TOKEN = env.str("AMO_TOKEN", "")
    AMO_CLIENT_ID = env.str("AMO_CLIENT_ID", "")  # an integration's keys, else asked for on the page
    AMO_CLIENT_SECRET = env.str("AMO_CLIENT_SECRET", "")
    AMO_RATE = env.float(
        "AMO_RATE", 7.0
    )  # requests a second of the whole installation; 0 = unpaced (sandbox only)
    PORTAL_URL = env.str("PORTAL_URL", "http://127.0.0.1:8000").rstrip("/")
    CREDENTIALS_KEYS: list[str] = env.list("CREDENTIALS_KEYS", [])  # Fernet, newest first; else SECRET_KEY
    HTTPS = env.bool("HTTPS", False)
    TELEGRAM_API_URL = env.str("TELEGRAM_API_URL", "").rstrip("/") or "https://api.telegram.org"
    TELEGRAM_BOT_TOKEN = env.str("TELEGRAM_BOT_TOKEN", "")
    TELEGRAM_HOOK_SECRET = env.str("TELEGRAM_HOOK_SECRET", "")  # with it the bot is rung, else it asks
    EMAIL_URL = env.str("EMAIL_URL", "")
    EMAIL_FROM = env.str("EMAIL_FROM", "Salesops <salesops@localhost>")
    NOTICES_LEASE = env.float("NOTICES_LEASE", 90.0)  # seconds after which a silent sender counts as dead
    PROXIES = env.int("PROXIES", 0)  # of ours before the portal, each appending to X-Forwarded-For
    STATEMENT_LIMIT = env.int("STATEMENT_LIMIT", 15)  # seconds for one statement of a web request
    FIXED_NOW = env.str("SALESOPS_NOW", "")
    # Static files from where they are, as `make run` serves them: collecting and compressing takes half a minute.
    PLAIN_STATIC = env.bool("PLAIN_STATIC", DEBUG or DEMO)
except EnvError as error:
    raise ImproperlyConfigured(str(error)) from error

if not SECRET_KEY:
    raise refuse("SECRET_KEY", "must be set when DEBUG is off")
if not 0 <= PROXIES <= 9:
    raise refuse("PROXIES", f"{PROXIES} is not the number of proxies before the portal, 0 to 9")
if not 1 <= STATEMENT_LIMIT <= 600:
    raise refuse("STATEMENT_LIMIT", f"{STATEMENT_LIMIT} is not a number of seconds from 1 to 600")
if TIME_ZONE not in available_timezones():
    raise refuse("TIME_ZONE", f"{TIME_ZONE!r} is not a time zone such as Europe/Moscow")
if AMO_BASE_URL and not AMO_BASE_URL.startswith(("http://", "https://")):
    raise refuse("AMO_BASE_URL", f"{AMO_BASE_URL!r} is not an address such as https://example.amocrm.ru")
if AMO_BASE_URL and not AMO_TOKEN:
    raise refuse("AMO_TOKEN", "must be set together with AMO_BASE_URL")
if bool(AMO_CLIENT_ID) != bool(AMO_CLIENT_SECRET):
    raise refuse("AMO_CLIENT_SECRET", "must be set together with AMO_CLIENT_ID")
for key in CREDENTIALS_KEYS:
    try:
        Fernet(key)
    except ValueError as error:
        raise refuse("CREDENTIALS_KEYS", f"holds something else than a Fernet key ({error})") from error
if TELEGRAM_BOT_TOKEN and not re.fullmatch(r"\d{3,20}:[A-Za-z0-9_-]{10,100}", TELEGRAM_BOT_TOKEN):
    raise refuse("TELEGRAM_BOT_TOKEN", "is not a token such as 123456789:AA…")  # never shown
if not TELEGRAM_API_URL.startswith(("http://", "https://")):
    raise refuse(
        "TELEGRAM_API_URL", f"{TELEGRAM_API_URL!r} is not an address such as https://api.telegram.org"
    )
if not re.fullmatch(r"[A-Za-z0-9_-]{0,256}", TELEGRAM_HOOK_SECRET):
    raise refuse("TELEGRAM_HOOK_SECRET", "may hold letters, digits, _ and - only")
if EMAIL_URL:
    try:
        globals().update(env.dj_email_url("EMAIL_URL"))
    except (EnvError, ValueError, KeyError) as error:
        raise refuse("EMAIL_URL", "is not an address such as smtp://user:password@host:587") from error
DEFAULT_FROM_EMAIL = SERVER_EMAIL = EMAIL_FROM
EMAIL_TIMEOUT = 60  # off by default; a mail server may think for long before it takes a mail
if FIXED_NOW:
    if not (DEBUG or DEMO):
        raise refuse("SALESOPS_NOW", "is for tests and demos and refused when DEBUG is off")
    try:
        moment.fix(FIXED_NOW)
    except ValueError as error:
        raise refuse("SALESOPS_NOW", error) from error

try:
    DATABASES = {"default": env.dj_db_url("DATABASE_URL", "postgres://127.0.0.1/salesops")}
except (EnvError, ValueError) as error:
    raise refuse(
        "DATABASE_URL", f"is not an address such as postgres://user:password@host/name ({error})"
    ) from error
if DATABASES["default"].get("ENGINE") != "django.db.backends.postgresql":
    raise refuse("DATABASE_URL", "must be a postgres:// address; PostgreSQL is the one database here")
DATABASES["default"] |= {
    "CONN_MAX_AGE": 600,
    "CONN_HEALTH_CHECKS": True,
    "TEST": {"NAME": env.str("TEST_DB_NAME", "test_salesops")},
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "unfold",
    # its pages are found by salesops.urls: workers and commands start by a third faster without them
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "template_partials",
    "lucide",
    "csp",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "salesops",
    "audit",
    "pipelines",
    "team",
    "access",
    "qc",
    "kpi",
    "notices",
    "jobs",
    "web",
    "devtools",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",  # pages and blocks; files stand compressed already
    "web.frame.csp.PolicyMiddleware",
    "web.frame.no_store.middleware",
    "web.frame.statement_limit.Middleware",
    "web.frame.plain_text.middleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "web.frame.days.middleware",
    "web.frame.origin.middleware",
    "web.frame.language.middleware",  # asks the signed-in employee
    "web.frame.login.watch_sessions",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",  # closed by default
    "web.frame.factor_demand.Middleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "salesops.urls"
WSGI_APPLICATION = "salesops.wsgi.application"
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
                "web.frame.context.frame",
            ],
            "builtins": ["web.templatetags.ui", "template_partials.templatetags.partials"],
        },
    }
]

FORM_RENDERER = "web.frame.form_rendering.FormRenderer"
AUTH_USER_MODEL = "team.Employee"
AUTHENTICATION_BACKENDS = ["web.frame.login.StaffBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "access.passwords.Sensible"},
    {"NAME": "access.passwords.RevokesTokens"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
OTP_TOTP_ISSUER = "Salesops"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"

LANGUAGE_CODE = "ru"
LANGUAGES = [("ru", _("Russian")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
WHITENOISE_USE_FINDERS = PLAIN_STATIC
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if PLAIN_STATIC
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"
UNFOLD = theme.UNFOLD

X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {"DIRECTIVES": csp.DIRECTIVES}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "web.frame.login.StaffToken",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["web.api.wire.Json"],
    "DEFAULT_PARSER_CLASSES": [
        "web.api.wire.JsonBody",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "EXCEPTION_HANDLER": "web.api.wire.answer_error",
    "DEFAULT_PAGINATION_CLASS": "web.api.wire.Page",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "COERCE_DECIMAL_TO_STRING": False,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Salesops",
    "VERSION": "1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_NAME_OVERRIDES": {"ClockEnum": "qc.rules.parameters.CLOCKS"},
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "filters": {"secret": {"()": "web.webhook.masking.MaskSecret"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["secret"]}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        name: {"level": "INFO", "handlers": ["console"], "propagate": False}
        for name in (
            "pipelines",
            "timeline",
            "team",
            "qc",
            "metrics",
            "kpi",
            "notices",
            "jobs",
            "web",
            "salesops",
        )
    },
}
