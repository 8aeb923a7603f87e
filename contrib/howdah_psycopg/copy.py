"""The writers of COPY data that psycopg has besides howdah's."""

from __future__ import annotations

from howdah_copy import AsyncLibpqWriter, LibpqWriter

__all__ = ["AsyncQueuedLibpqWriter", "QueuedLibpqWriter"]


class QueuedLibpqWriter(LibpqWriter):
    """psycopg's writer with a thread of its own; here the program's thread sends the data."""


class AsyncQueuedLibpqWriter(AsyncLibpqWriter):
    """psycopg's writer with a task of its own; here the program's task sends the data."""
