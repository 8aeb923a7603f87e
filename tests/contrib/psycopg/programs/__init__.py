"""Programs that use psycopg through a library each; `python -m tests.contrib.psycopg.programs` runs all."""
