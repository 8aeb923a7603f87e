"""howdah_psycopg."""
