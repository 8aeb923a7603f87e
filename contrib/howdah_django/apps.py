"""The app, which comes first in INSTALLED_APPS."""

from __future__ import annotations

from django.apps import AppConfig

from howdah_django.installing import install

__all__ = ["HowdahConfig"]

# Here rather than in ready(), before which Django imports the other apps.
install()


class HowdahConfig(AppConfig):
    """Lets the apps after it import `django.contrib.postgres` without psycopg."""

    name = "howdah_django"
    verbose_name = "howdah"
