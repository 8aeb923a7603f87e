"""What is particular about compiled statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any

from sqlalchemy.dialects.postgresql.base import PGCompiler
from sqlalchemy.util import memoized_property

__all__ = ["HowdahCompiler"]


class HowdahCompiler(PGCompiler):
    """Compiles statements as for all drivers, and collects their parameters faster."""

    @memoized_property
    def _plain_names(self) -> Set[str]:
        """The names of all parameters, if the program uses the same ones; empty if it does not."""
        if self.post_compile_params or self.literal_execute_params or self.escaped_bind_names:
            return frozenset()
        names = self.bind_names
        return names_of(names) if all(bind.key == name for bind, name in names.items()) else frozenset()

    def construct_params(  # type: ignore[override]
        self,
        params: Mapping[str, Any] | None = None,
        extracted_parameters: Sequence[Any] | None = None,
        escape_names: bool = True,
        **kwargs: Any,
    ) -> Any:
        """Return the values of the parameters by name.

        SQLAlchemy calls it for every row of an insert; values for exactly the parameters that there are need
        no look at each of them.
        """
        if params and params.keys() == self._plain_names:
            return dict(params)
        return super().construct_params(params, extracted_parameters, escape_names, **kwargs)


def names_of(names: Mapping[Any, str]) -> Set[str]:
    """Return a set of names that `dict.keys()` is compared with quickly."""
    return dict.fromkeys(names.values()).keys()
