"""The command `howdah doctor`, to which plugins add examinations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from howdah.cli.doctor import Examination

__all__ = ["DoctorCommand"]


class DoctorCommand(click.Command):
    """The command `howdah doctor`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._added: list[tuple[Callable[..., None], list[str]]] = []

    def add_examination(self, function: Callable[..., None], options: Sequence[click.Option]) -> None:
        """Have `howdah doctor` examine something more.

        Args:
            function: called with the `howdah.cli.doctor.Examination`, whose `findings` and `faults` it
                extends, the connection, which works, and the values of the options, by name. It does nothing
                if no option asks for it.
            options: the options that ask for it.
        """
        self.params.extend(options)
        self._added.append((function, [option.name for option in options if option.name]))

    def examinations(self, values: Mapping[str, Any]) -> list[Callable[[Examination, Any], None]]:
        """Return the examinations that were added, to be called with the `Examination` and the connection.

        Args:
            values: the values of all options, by name.
        """
        return [
            partial(function, **{name: values[name] for name in names}) for function, names in self._added
        ]
