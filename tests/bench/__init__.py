"""howdah compared with psycopg, psycopg2, asyncpg and pg8000 on the same work: `python -m tests.bench`.

Arrow data is compared with adbc-driver-postgresql and connectorx.

Every driver does each workload (`workloads`) through its own connection to one PostgreSQL 18, in the way
its documentation recommends (`blocking`, `aio`); a raw socket that sends prebuilt messages shows what Python
could reach at best (`floor`, `many_floor`). They take turns, round after round, and the median round counts
(`measuring`); the result is tables (`report`) and a picture (`chart`).

What programs do (`programs`) is measured beside it (`clients`, `sampling`): many connections at once, with
the drivers as fast as they can (`best`) and as programs usually have them (`usual`), rows as objects
(`objects`), values that a program writes or loads by itself (`values`), ORMs (`orm`, `orm_django`), a busy
machine (`saturated`), and a server at some distance (`places`, `delay`). Of that the result is figures
(`outcome`) in tables (`showing`).
"""
