"""What connections get from the plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from howdah_prepare.planner import Planner

if TYPE_CHECKING:
    from howdah._connection_base import BaseConnection

__all__ = ["PreparedStatements"]


class PreparedStatements:
    """Connections tell which statements are prepared on them."""

    def prepared(self) -> dict[str, str]:
        """Return the queries of the prepared statements, by the names of the statements."""
        planner = cast("BaseConnection[Any]", self).planner
        return planner.prepared() if isinstance(planner, Planner) else {}
