"""Cursors with client-side binding: parameters become literals in the text of the query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from howdah.errors import NotSupportedError
from howdah.io.operation import Operation

if TYPE_CHECKING:
    from howdah.client.cursor_base import BaseCursor, Params, Query

    _Base = BaseCursor[Any]
else:
    _Base = object

__all__ = ["ClientCursorMixin"]


class ClientCursorMixin(_Base):
    """Replaces placeholders with literals before the query is sent."""

    _direct = False

    def mogrify(self, query: Query, params: Params | None = None) -> str:
        """Return the query as it would be sent.

        Args:
            query: the query, with placeholders.
            params: the parameters.
        """
        return self._encode(query, params)[0].decode(self._kernel.session.encoding)

    def _encode(self, query: Query, params: Params | None) -> tuple[bytes, Any]:
        return self.merge(query, params), None

    def _execute(
        self, query: Query, params: Params | None, prepare: bool | None, binary: bool | None
    ) -> Operation[None]:
        self._result_format(binary)
        return super()._execute(query, params, prepare, binary)

    def _result_format(self, binary: bool | None) -> int | None:
        format = super()._result_format(binary)
        if format:
            raise NotSupportedError("client-side cursors have their results as text, not in binary")
        return format
