"""What one does with howdah, on real data and a PostgreSQL of its own: `python -m howdah_demo`.

Every chapter is a module that can be read by itself:

    loading         tables, and many rows through executemany
    transactions    what is committed, what is rolled back, savepoints
    querying        rows as dataclasses, named tuples, dictionaries, values; prepared statements; streams
    refusing        the errors of the server, and what they tell
    notifying       LISTEN and NOTIFY
    concurrency     several connections at once, with asyncio
"""
