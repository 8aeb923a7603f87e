"""`python -m howdah_psycopg program.py …`, `-m module …` or `-c code …`."""

from howdah_psycopg.running import main

main()
