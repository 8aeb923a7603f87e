"""The adapters that an engine registers on its connections."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from howdah.adapt import AdaptersMap
from howdah_types.hstore import register_hstore
from howdah_types.json import set_json_dumps, set_json_loads
from howdah_types.string import TextLoader

__all__ = ["Adaptation"]


class Adaptation:
    """The adapters that an engine registers on its connections.

    Args:
        json_serializer: writes JSON; None for howdah's.
        json_deserializer: reads JSON from `str`; None for howdah's.
        hstore: whether hstore is a `dict`.
        addresses: whether inet and cidr are objects of `ipaddress`, or strings.
    """

    def __init__(
        self,
        *,
        json_serializer: Callable[[Any], Any] | None,
        json_deserializer: Callable[[Any], Any] | None,
        hstore: bool,
        addresses: bool,
    ) -> None:
        self._dumps = json_serializer
        self._loads = json_deserializer
        self._hstore = hstore
        self._addresses = addresses

    def register(self, adapters: AdaptersMap) -> None:
        """Register the adapters on those of a connection."""
        if self._dumps is not None:
            set_json_dumps(self._dumps, adapters)
        if self._loads is not None:
            set_json_loads(_from_text(self._loads), adapters)
        if self._hstore:
            register_hstore("hstore", adapters)
        if not self._addresses:
            for name in ("inet", "cidr"):
                adapters.register_loader(name, TextLoader)


def _from_text(deserializer: Callable[[str], Any]) -> Callable[[str | bytes], Any]:
    """Return a function that passes JSON to a deserializer as `str`, as all of SQLAlchemy's dialects do."""

    def loads(data: str | bytes) -> Any:
        return deserializer(data if isinstance(data, str) else data.decode())

    return loads
