"""Cursors that bind on the client: parameters become part of the query's text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from howdah.cursor_base import BaseCursor, Params, Query

    _Base = BaseCursor[Any]
else:
    _Base = object

__all__ = ["ClientCursorMixin"]


class ClientCursorMixin(_Base):
    """Parameters become literals in the text, which the server never sees apart."""

    _direct = False

    def mogrify(self, query: Query, params: Params | None = None) -> str:
        """Return the query as it would be sent.

        Args:
            query: the query, with placeholders.
            params: the parameters.
        """
        return self._encode(query, params)[0].decode(self._connection._session.encoding)

    def _encode(self, query: Query, params: Params | None) -> tuple[bytes, Any]:
        return self.merge(query, params), None
