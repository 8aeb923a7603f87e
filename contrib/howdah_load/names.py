"""What the tables and the prepared transactions of a load are called."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

__all__ = ["COMMITTED", "MODES", "RECORD", "Names"]

MODES = ("independent", "staged", "two_phase")
#: The name of a record, of which clean_up() and recover() find the loads that have ended without ending.
RECORD = r"howdah_load_([0-9a-f]{15})_(independent|staged|two_phase)"
#: The part that stands in the record when the coordinator has decided to commit the load.
COMMITTED = -1


@dataclass(frozen=True)
class Names:
    """The names of one load.

    Args:
        schema: where its tables are.
        id: a random number of 60 bits. The coordinator's session holds the advisory lock of this key.
        mode: one of MODES.
    """

    schema: str
    id: int
    mode: str

    @classmethod
    def new(cls, schema: str, mode: str) -> Names:
        """Return the names of a new load."""
        return cls(schema, secrets.randbits(60), mode)

    @classmethod
    def of_record(cls, schema: str, record: str) -> Names:
        """Return the names of the load that has a record."""
        found = re.fullmatch(RECORD, record)
        assert found is not None
        return cls(schema, int(found[1], 16), found[2])

    @property
    def load(self) -> str:
        """What all names of the load begin with."""
        return f"howdah_load_{self.id:015x}"

    @property
    def two_phase(self) -> bool:
        """Whether it commits in two phases."""
        return self.mode == "two_phase"

    @property
    def record(self) -> tuple[str, str]:
        """The table that has the numbers of the parts that are written, and whether the load is committed."""
        return self.schema, f"{self.load}_{self.mode}"

    @property
    def staging(self) -> tuple[str, str]:
        """The table that the rows of a staged load are in until it is complete."""
        return self.schema, f"{self.load}_rows"

    def gid(self, number: int) -> str:
        """The prepared transaction of a part."""
        return f"{self.load}_{number}"
