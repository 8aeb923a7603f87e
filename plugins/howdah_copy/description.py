"""The description of the columns of a COPY."""

from __future__ import annotations

from collections.abc import Sequence

from howdah.pq import ExecStatus
from howdah.protocol.exchange import Result
from howdah.protocol.messages import FieldDescription

__all__ = ["CopyDescription"]


class CopyDescription:
    """Cursors describe the columns of a COPY."""

    def fields_of(self, result: Result) -> Sequence[FieldDescription] | None:
        """Return the columns of a COPY, whose number the server reports; None after a COPY IN."""
        response = result.copy
        if response is None:
            fields: Sequence[FieldDescription] | None = super().fields_of(result)  # type: ignore[misc]
            return fields
        if response.direction == ExecStatus.COPY_IN and result.status != ExecStatus.COPY_IN:
            return None
        return [
            FieldDescription(f"column_{number}", 0, 0, 0, 0, -1, format)
            for number, format in enumerate(response.column_formats, 1)
        ]
