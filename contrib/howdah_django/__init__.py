"""A database backend for Django: `ENGINE = "howdah_django"`.

It consists of Django's own classes for PostgreSQL over howdah; psycopg is not needed. `install()` lets
Django's modules that import psycopg import howdah instead. The backend does this itself; what imports
`django.contrib.postgres` before there is a connection needs it earlier, from the app:

    INSTALLED_APPS = ["howdah_django", …, "django.contrib.postgres"]
"""

from __future__ import annotations

from howdah_django.installing import install

__all__ = ["install"]
