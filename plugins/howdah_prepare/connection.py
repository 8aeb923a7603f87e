"""What connections get from the plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from howdah_prepare.planner import Planner

if TYPE_CHECKING:
    from howdah._connection_base import BaseConnection

    _Base = BaseConnection[Any]
else:
    _Base = object

__all__ = ["PreparedStatements"]


class PreparedStatements(_Base):
    """Connections tell which statements are prepared on them."""

    def prepared(self) -> dict[str, str]:
        """Return the queries of the prepared statements, by the names of the statements."""
        planner = self._planner
        return planner.prepared() if isinstance(planner, Planner) else {}
