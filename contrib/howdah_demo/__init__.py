"""A demonstration of howdah with real data and a temporary server: `python -m howdah_demo`.

Every chapter is a module that can be read by itself:

    loading         tables, and many rows through executemany and COPY
    transactions    what is committed, what is rolled back, savepoints
    querying        rows as dataclasses, named tuples, dictionaries, values; prepared statements; streams
    pipelining      many queries without waiting for each answer
    scanning        named cursors, which stay on the server and move both ways
    documents       large objects, which are files in the database
    refusing        the errors of the server, and their fields
    notifying       LISTEN and NOTIFY
    pooling         many threads, few connections
    concurrency     asyncio: several connections at once, and many tasks on one
"""
