"""SQLAlchemy's dialect for howdah.

    engine = create_engine("postgresql+howdah://scott@localhost/zoo")
    engine = create_async_engine("postgresql+howdah://scott@localhost/zoo")

SQLAlchemy finds the dialect by its entry point; nothing has to be imported. It works with SQLAlchemy 2.1 and
with 2.0 from 2.0.26.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from howdah.lazy.importing import on_first_use

if TYPE_CHECKING:
    from howdah_sqlalchemy.asyncio_dialect import AsyncHowdahDialect
    from howdah_sqlalchemy.dialect import HowdahDialect

__all__ = ["AsyncHowdahDialect", "HowdahDialect"]

if not TYPE_CHECKING:  # with it, type checkers would accept misspelt names
    __getattr__ = on_first_use(
        __name__, {"dialect": ("HowdahDialect",), "asyncio_dialect": ("AsyncHowdahDialect",)}
    )
