"""Cursors whose placeholders are PostgreSQL's own: `$1`, `$2` and so on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from howdah.client.query import RawQuery
from howdah.errors import NotSupportedError

if TYPE_CHECKING:
    from howdah.client.cursor_base import BaseCursor, Params, Query

    _Base = BaseCursor[Any]
else:
    _Base = object

__all__ = ["RawCursorMixin"]


class RawCursorMixin(_Base):
    """Sends queries unchanged, with PostgreSQL's placeholders."""

    _raw = True

    def _encode(self, query: Query, params: Params | None) -> tuple[bytes, Any]:
        from howdah.client.template import is_template

        if is_template(query):
            raise NotSupportedError("template strings are not for raw cursors: use another cursor class")
        return super()._encode(query, params)

    def _parse(self, query: Query) -> Any:
        return RawQuery(self._text(query))
