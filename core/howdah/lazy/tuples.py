"""A `NamedTuple` whose classes are created fast: `typing.NamedTuple` compiles code for each class.

That would be a tenth of the time that importing howdah takes. Type checkers see `typing.NamedTuple`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import NamedTuple
else:
    from operator import itemgetter

    try:
        from collections import _tuplegetter
    except ImportError:  # another implementation of Python

        def _tuplegetter(index, doc):
            return property(itemgetter(index), doc=doc)

    class _Maker(type):
        """Creates descriptors for the declared fields, in their order."""

        def __new__(mcls, name, bases, namespace):
            cls = super().__new__(mcls, name, bases, {**namespace, "__slots__": ()})
            fields = cls._fields = cls.__match_args__ = tuple(cls.__annotations__)
            cls._field_defaults = {field: namespace[field] for field in fields if field in namespace}
            for index, field in enumerate(fields):
                setattr(cls, field, _tuplegetter(index, None))
            return cls

        @property
        def __signature__(cls):
            from inspect import Parameter, Signature

            return Signature(
                Parameter(
                    field,
                    Parameter.POSITIONAL_OR_KEYWORD,
                    default=cls._field_defaults.get(field, Parameter.empty),
                    annotation=annotation,
                )
                for field, annotation in cls.__annotations__.items()
            )

    class NamedTuple(tuple, metaclass=_Maker):
        """A tuple whose items are also attributes; a subclass declares them."""

        def __new__(cls, *values, **named):  # noqa: D102
            if named or len(values) != len(cls._fields):
                values = _complete(cls, values, named)
            return tuple.__new__(cls, values)

        @classmethod
        def _make(cls, iterable):
            return cls(*iterable)

        def _replace(self, **changes):
            return type(self)(**{**self._asdict(), **changes})

        __replace__ = _replace

        def _asdict(self):
            return dict(zip(self._fields, self))

        def __getnewargs__(self):
            return tuple(self)

        def __repr__(self):
            values = ", ".join([f"{field}={value!r}" for field, value in self._asdict().items()])
            return f"{type(self).__name__}({values})"

    def _complete(cls, values, named):
        """Return all values of a tuple, given some as keyword arguments or left to the defaults."""
        missing = cls._fields[len(values) :]
        given = {**cls._field_defaults, **named}
        if not (named.keys() <= set(missing) <= given.keys() and len(values) <= len(cls._fields)):
            cls.__signature__.bind(*values, **named)  # raises the TypeError
        return (*values, *[given[field] for field in missing])


__all__ = ["NamedTuple"]
