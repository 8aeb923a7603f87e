"""The backend for databases with PostGIS: `ENGINE = "howdah_django.gis"`."""
