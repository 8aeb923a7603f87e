"""`howdah.lazy.tuples.NamedTuple` behaves like `typing.NamedTuple`."""

from __future__ import annotations

import copy
import inspect
import pickle
import typing
from typing import Any

import pytest

from howdah.lazy import tuples


class Soon(tuples.NamedTuple):
    """An elephant."""

    name: str
    weight: int
    tusks: int = 2

    @property
    def heavy(self) -> bool:
        return self.weight > 5000


class Model(typing.NamedTuple):
    """An elephant."""

    name: str
    weight: int
    tusks: int = 2

    @property
    def heavy(self) -> bool:
        return self.weight > 5000


BOTH: Any = pytest.mark.parametrize("cls", [Soon, Model])


@BOTH
def test_a_tuple_with_attributes(cls: Any) -> None:
    elephant = cls("Hathi", 6000)
    assert elephant == ("Hathi", 6000, 2) == cls(weight=6000, name="Hathi") == cls("Hathi", 6000, tusks=2)
    assert hash(elephant) == hash(("Hathi", 6000, 2))
    assert isinstance(elephant, tuple)
    name, weight, tusks = elephant
    assert (elephant.name, elephant.weight, elephant.tusks, elephant.heavy) == (name, weight, tusks, True)
    assert repr(elephant) == f"{cls.__name__}(name='Hathi', weight=6000, tusks=2)"
    match elephant:
        case cls(found, 6000):
            assert found == "Hathi"


@BOTH
def test_what_can_be_made_of_it(cls: Any) -> None:
    elephant = cls("Hathi", 6000, 1)
    assert cls._make(["Hathi", 6000, 1]) == elephant
    assert elephant._replace(weight=5500) == ("Hathi", 5500, 1)
    assert elephant._asdict() == {"name": "Hathi", "weight": 6000, "tusks": 1}
    for again in (pickle.loads(pickle.dumps(elephant)), copy.copy(elephant), copy.deepcopy(elephant)):
        assert again == elephant
        assert type(again) is cls


@BOTH
def test_what_is_known_of_it(cls: Any) -> None:
    assert cls._fields == cls.__match_args__ == ("name", "weight", "tusks")
    assert cls._field_defaults == {"tusks": 2}
    assert cls.__doc__ == "An elephant."
    assert [*inspect.signature(cls).parameters] == ["name", "weight", "tusks"]
    assert inspect.signature(cls).parameters["tusks"].default == 2


@BOTH
@pytest.mark.parametrize(
    ("values", "named"),
    [
        ((), {}),
        (("Hathi",), {}),
        (("Hathi", 6000, 2, 1), {}),
        (("Hathi", 6000), {"name": "Hathi"}),
        (("Hathi", 6000), {"trunk": 1}),
        (("Hathi", 6000, 2), {"trunk": 1}),
    ],
)
def test_wrong_arguments(cls: Any, values: tuple[Any, ...], named: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        cls(*values, **named)


@BOTH
def test_it_cannot_be_changed(cls: Any) -> None:
    elephant = cls("Hathi", 6000)
    with pytest.raises(AttributeError):
        elephant.weight = 1
    with pytest.raises(AttributeError):
        elephant.trunk = 1
    with pytest.raises((TypeError, ValueError)):  # a TypeError from Python 3.13 on
        elephant._replace(trunk=1)
