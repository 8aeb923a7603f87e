"""Settings for the tests of howdah_django; `ZOO_DSN` says where the server is."""

from __future__ import annotations

import json
import os

from howdah.conninfo import conninfo_to_dict

_server = conninfo_to_dict(os.environ.get("ZOO_DSN", ""))


def database(**settings: object) -> dict[str, object]:
    """Return the settings of a database."""
    return {
        "ENGINE": "howdah_django",
        "NAME": os.environ.get("ZOO_DATABASE", "howdah_django"),
        "HOST": _server.get("host", ""),
        "PORT": _server.get("port", ""),
        "USER": _server.get("user", ""),
        "PASSWORD": _server.get("password", ""),
        "TEST": {"NAME": "howdah_django_test"},
        **settings,
    }


DATABASES = {"default": database(**json.loads(os.environ.get("ZOO_SETTINGS", "{}")))}
INSTALLED_APPS = ["howdah_django", "django.contrib.postgres", "tests.contrib.django.zoo"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SECRET_KEY = "of no use"
USE_TZ = True
TIME_ZONE = "Europe/Rome"
