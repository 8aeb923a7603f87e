"""The `embedded:` URI."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from howdah.errors import ProgrammingError

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The connection parameters that the server determines.
OURS = ("host", "hostaddr", "port")


def parse(conninfo: str, params: Mapping[str, Any]) -> tuple[Path | None, dict[str, Any]]:
    """Parse an `embedded:` conninfo.

    Args:
        conninfo: `embedded:` or `embedded:///path/to/data`, optionally followed by `?name=value&…`.
        params: further parameters, which take precedence over those in the URI.

    Returns:
        The data directory, None for a temporary one, and the connection parameters.

    Raises:
        howdah.ProgrammingError: it is not such a URI, or contains the host or port of another server.
    """
    uri = urlsplit(conninfo, allow_fragments=False)
    if uri.netloc or (uri.path and not uri.path.startswith("/")):
        raise ProgrammingError(
            "the embedded: URI has no absolute path: write embedded: for a temporary server, or"
            " embedded:///path/to/data for one that keeps its data; parameters follow ?, as in a URI"
        )
    given: dict[str, Any] = {}
    for parameter in filter(None, uri.query.split("&")):
        name, equals, value = parameter.partition("=")
        if not equals:
            raise ProgrammingError("the embedded: URI has a parameter without a value: write ?name=value")
        given[unquote(name)] = unquote(value)
    given.update((name, value) for name, value in params.items() if value is not None)
    for name in OURS:
        if name in given:
            raise ProgrammingError(f"an embedded: server is where it is: leave out the parameter {name!r}")
    return (Path(unquote(uri.path)) if uri.path else None), given
