"""Constructors with the fields of a dataclass as arguments."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from inspect import Parameter, signature
from typing import Any, Concatenate, TypeVar, get_origin

from typing_extensions import ParamSpec

__all__ = ["takes_fields_of"]

P = ParamSpec("P")
O = TypeVar("O")  # noqa: E741


def takes_fields_of(
    options: Callable[P, O],
) -> Callable[[Callable[[Any, O], None]], Callable[Concatenate[Any, P], None]]:
    """Let a constructor take the arguments of a dataclass, and get an instance of it.

    `inspect.signature` and type checkers see the arguments of the dataclass, so that they are listed once.

    Args:
        options: the dataclass.
    """
    definition = get_origin(options) or options
    shown = signature(definition)

    def decorate(constructor: Callable[[Any, O], None]) -> Callable[Concatenate[Any, P], None]:
        def construct(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> None:
            try:
                shown.bind(*args, **kwargs)
            except TypeError as error:
                raise TypeError(
                    f"{type(self).__name__}(): {error}; only the conninfo is positional, and the parameters"
                    " of connections belong in kwargs="
                ) from None
            constructor(self, options(*args, **kwargs))

        update_wrapper(construct, constructor)
        construct.__doc__ = definition.__doc__
        construct.__signature__ = shown.replace(  # type: ignore[attr-defined]
            parameters=[Parameter("self", Parameter.POSITIONAL_OR_KEYWORD), *shown.parameters.values()],
            return_annotation=None,
        )
        return construct

    return decorate
