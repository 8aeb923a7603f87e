"""howdah compared with psycopg, psycopg2, asyncpg and pg8000 on the same work: `python -m tests.bench`.

Arrow data is compared with adbc-driver-postgresql and connectorx.

Every driver does each workload (`workloads`) through its own connection to one PostgreSQL 18, in the way
its documentation recommends (`blocking`, `aio`). A raw socket that sends prebuilt messages shows the limit
(`floor`, `many_floor`). The drivers take turns in each round, and the median of the rounds counts
(`measuring`). The results are tables (`report`) and a chart (`chart`).

Programs (`programs`) are measured as well (`clients`, `sampling`): many connections at once, with the fastest
code for each driver (`best`) and with typical code (`usual`), rows as objects (`objects`), values that a
program writes or loads itself (`values`), ORMs (`orm`, `orm_django`), a fully loaded machine (`saturated`),
and a distant server (`places`, `delay`). The results are figures (`outcome`) in tables (`showing`).
"""
