"""The least that a django-ca needs. This folder runs in its environment, not in ours."""

import os
from pathlib import Path

FOLDER = Path(os.environ["STOCK_FOLDER"])
SECRET_KEY = "only-for-tests"
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django_ca"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(FOLDER / "db.sqlite3")}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
ROOT_URLCONF = "stock_urls"
USE_TZ = True
FILES = {
    "BACKEND": "django.core.files.storage.FileSystemStorage",
    "OPTIONS": {"location": str(FOLDER / "files")},
}
STORAGES = {
    "default": FILES,
    "django-ca": FILES,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
CA_ENABLE_REST_API = True
CA_USE_CELERY = False
CA_DEFAULT_HOSTNAME = "127.0.0.1"
CA_DEFAULT_KEY_SIZE = 2048
CA_PROFILES = {
    "personal": {
        "subject": False,
        "extensions": {"key_usage": {"critical": True, "value": ["digital_signature", "content_commitment"]}},
    }
}
