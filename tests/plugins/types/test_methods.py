"""`load`, `dump` and `quote` call native functions, and return what the Python methods return."""

from __future__ import annotations

import enum
import functools
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import howdah
from howdah.adapt import AdaptContext, AdaptersMap, Dumper, Loader, PyFormat
from howdah.errors import DataError
from howdah.pq import Format
from howdah_types.array import ListDumper
from howdah_types.datetime import TimestamptzBinaryLoader, TimestamptzLoader
from howdah_types.numeric import Float8BinaryLoader, IntBinaryDumper, IntDumper, IntLoader
from howdah_types.string import BytesBinaryDumper, StrDumper, TextLoader
from tests.python_methods import python_methods

if howdah.__impl__ != "native":
    pytest.skip("the Python implementation has Python methods", allow_module_level=True)

from tests.kernel.test_row_decoding import outcome
from tests.plugins.types.adapting import Context
from tests.plugins.types.test_native import LOADERS, RANGES, SCALARS, TUPLES, lists, values_or_bytes

UTF8 = Context()
LATIN1 = Context(encoding="iso8859-1")
SJIS = Context(encoding="cp932")
OLD_STRINGS = Context(standard_conforming_strings="off")
CONTEXTS: list[AdaptContext] = [UTF8, LATIN1, SJIS, OLD_STRINGS, AdaptersMap(UTF8.adapters)]
MOMENT = b"2024-05-06 07:08:09.5+02"


def check(*calls: Callable[[], Any]) -> None:
    """Check that calls of methods have the outcomes that they have with Python methods alone."""
    actual = [outcome(call) for call in calls]
    with python_methods():  # which takes much longer than most calls
        for call, each in zip(calls, actual, strict=True):
            assert each == outcome(call)


def native_methods(adapter: type) -> list[str]:
    """Return the methods of a class that call native functions for what is common."""
    methods = {name: getattr(adapter, name, None) for name in ("load", "dump", "quote")}
    return [name for name, method in methods.items() if hasattr(method, "__wrapped__")]


def test_all_adapters_with_native_functions_have_them_called() -> None:
    for loader in LOADERS.values():
        assert native_methods(type(loader)) == ["load"]
    for dumpers in UTF8.adapters._dumpers.values():
        for key in dumpers:
            dumper = UTF8.adapters._found("_dumpers", PyFormat.AUTO, key)
            if dumper is not None and vars(dumper).get("native"):
                assert native_methods(dumper) == ["dump", "quote"]


@pytest.mark.parametrize("loader", [pytest.param(loader, id=name) for name, loader in LOADERS.items()])
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_load(loader: Loader, data: st.DataObject) -> None:
    value = data.draw(values_or_bytes(loader))
    cut = value[: data.draw(st.integers(0, len(value)))]
    strided = memoryview(b"".join(bytes([byte, 0]) for byte in value))[::2]
    forms = (value, bytearray(value), memoryview(value), memoryview(b"x" + value)[1:], strided, cut)
    check(*[lambda form=form: loader.load(form) for form in forms])


@pytest.mark.parametrize("value", ["2024-05-06", 8, None, [1], (), object()])
def test_load_takes_nothing_else(value: Any) -> None:
    loaders = [loader for loader in LOADERS.values() if "json" not in type(loader).__name__.lower()]
    check(*[lambda loader=loader: str(loader.load(value)) for loader in loaders])


OBJECTS = {**SCALARS, "range": RANGES, "tuple": TUPLES}


@functools.cache
def strategy(name: str) -> st.SearchStrategy[Any]:
    return OBJECTS[name] | lists(OBJECTS[name])


@pytest.mark.parametrize("name", OBJECTS)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_dump_and_quote(name: str, data: st.DataObject) -> None:
    obj = data.draw(strategy(name))
    other = data.draw(st.one_of(*SCALARS.values()))
    context = data.draw(st.sampled_from(CONTEXTS))
    for format in PyFormat:
        try:
            dumper = context.adapters.get_dumper(type(obj), format)(type(obj), context)
        except howdah.ProgrammingError:
            return
        dumpers = [dumper]
        try:
            dumpers.append(dumper.upgrade(obj, format))
        except howdah.Error:
            pass
        # One that is found by the oid of its type gets objects of any class.
        # A network has too many addresses for a list or a tuple.
        objs = (obj,) if isinstance(obj, (list, tuple)) else (obj, other)
        uses = [(used, each) for used in dumpers for each in objs]
        check(*[lambda used=used, each=each: used.dump(each) for used, each in uses])
        check(*[lambda used=used, each=each: used.quote(each) for used, each in uses])


def fail(*args: Any) -> Any:
    raise AssertionError("the Python method was called")


# A subclass that overrides a method, or an adapter that delegates to another: both call native functions.


class Year(TimestamptzLoader):
    def load(self, data: Any) -> Any:
        return super().load(data).year


class LaterYear(Year):
    def load(self, data: Any) -> Any:
        return super().load(data) + 1


class Delegating(Loader):
    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        self._base = TimestamptzLoader(oid, context)

    def load(self, data: Any) -> Any:
        return self._base.load(data).year


@pytest.mark.parametrize("cls", [Year, LaterYear, Delegating])
def test_the_overridden_method_is_native(cls: type[Loader], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TimestamptzLoader, "value", fail)
    assert cls(1184).load(MOMENT) in (2024, 2025)


@pytest.mark.parametrize("cls", [Year, LaterYear, Delegating])
@pytest.mark.parametrize("value", [b"infinity", b"10000-01-01 00:00:00+00", b"", b"2024"])
def test_errors_of_the_overridden_method(cls: type[Loader], value: bytes) -> None:
    check(lambda: cls(1184).load(value))


class Doubled(IntDumper):
    def dump(self, obj: Any) -> Any:
        return super().dump(obj * 2)


class DoubledBinary(IntBinaryDumper):
    def dump(self, obj: Any) -> Any:
        return super().dump(obj * 2)


class Sum(IntDumper):
    def quote(self, obj: Any) -> bytes:
        return b"(" + super().quote(obj) + b" + 1)"


@pytest.mark.parametrize("cls", [Doubled, DoubledBinary, Sum])
def test_dumpers_that_override(cls: type[Dumper]) -> None:
    for obj in (1, -1, 2**15, -(2**40), 2**63, 2**70, True, 1.5, None, "x"):
        check(lambda obj=obj: cls(int).dump(obj), lambda obj=obj: cls(int).quote(obj))


# What a subclass overrides counts, also where native functions would not call it.


class Shouting(StrDumper):
    def dump(self, obj: Any) -> Any:
        return super().dump(obj.upper())


class Text(StrDumper):
    def text(self, obj: Any) -> bytes:
        return b"<" + super().text(obj) + b">"


def test_a_literal_is_of_what_dump_and_text_return() -> None:
    assert Shouting(str).quote("it's") == b"'IT''S'"
    assert Text(str).quote("it's") == b"'<it''s>'"
    assert Text(str).dump("it's") == b"<it's>"


class Value(IntLoader):
    def value(self, data: bytes) -> int:
        return super().value(data) + 1


class Mixin(IntLoader.__mro__[1]):  # type: ignore[misc]
    def load(self, data: Any) -> Any:
        return b"mixed", super().load(data)


class Mixed(IntLoader, Mixin):
    pass


class ValueMixed(IntLoader, Mixin):
    def load(self, data: Any) -> Any:
        return "own", super().load(data)


def test_a_part_of_the_method_that_a_subclass_overrides() -> None:
    assert Value(23).load(b"1") == 2
    assert Mixed(23).load(b"1") == (b"mixed", 1)
    assert ValueMixed(23).load(b"1") == ("own", (b"mixed", 1))


class Own(IntLoader):
    """It names the native function of another type, as its method does the same."""

    native = "howdah_types._native.scalars:FLOAT"

    def load(self, data: Any) -> Any:
        return float(super().load(data))


class Below(Own):
    def load(self, data: Any) -> Any:
        return -super().load(data)


def test_two_classes_with_native_functions() -> None:
    assert Own(701).load(b"1.5") == 1.5  # natively
    assert Below(701).load(b"1.5") == -1.5
    for cls in (Own, Below):
        with pytest.raises(DataError):
            cls(701).load(b"x")


class NoNative(IntLoader):
    native = None

    def value(self, data: bytes) -> int:
        return 0


def test_a_class_that_wants_python() -> None:
    assert NoNative(23).load(b"1") == 0


class Binary(Float8BinaryLoader):
    format = Format.TEXT

    def value(self, data: bytes) -> float:
        return float(data)


def test_another_format() -> None:
    assert Binary(701).load(b"1.5") == 1.5


def test_a_time_zone_set_later() -> None:
    for cls in (TimestamptzLoader, TimestamptzBinaryLoader):
        loader = type("Zoned", (cls,), {})(1184)
        loader._timezone = ZoneInfo("Asia/Tokyo")
        data = MOMENT if cls is TimestamptzLoader else bytes(8)
        assert loader.load(data).tzinfo == ZoneInfo("Asia/Tokyo")
        check(lambda loader=loader, data=data: loader.load(data))


def test_bytes_are_not_copied() -> None:
    dumper = BytesBinaryDumper(bytes)
    for obj in (b"abc", bytearray(b"abc"), memoryview(b"abc")):
        assert dumper.dump(obj) is obj


def test_what_introspection_sees() -> None:
    for method in (TextLoader.load, StrDumper.dump, StrDumper.quote):
        assert method.__module__.startswith("howdah")
        assert method.__name__ == method.__qualname__.rpartition(".")[2]
        assert method.__doc__ == method.__wrapped__.__doc__  # type: ignore[attr-defined]
    assert IntLoader(23).load(data=b"5") == 5
    assert IntDumper(int).dump(obj=5) == b"5"
    with pytest.raises(TypeError):
        IntLoader(23).load()  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        IntDumper.dump(5)  # type: ignore[call-arg, arg-type]


def test_classes_are_not_kept() -> None:
    import gc
    import weakref

    class Passing(IntLoader):
        def load(self, data: Any) -> Any:
            return super().load(data)

    assert Passing(23).load(b"5") == 5
    gone = weakref.ref(Passing)
    del Passing
    gc.collect()
    assert gone() is None


def test_values_in_values() -> None:
    """At the limit, and beyond it, where the method of the outermost value is Python's."""

    class Lists(ListDumper):
        def dump(self, obj: Any) -> Any:
            return super().dump(obj)

    deep: Any = ("x",)
    for level in range(20):
        deep = (deep,) if level % 2 else [deep]
        context = Context()
        context.adapters.register_dumper(list, Lists)
        check(lambda: context.adapters.get_dumper(type(deep), PyFormat.TEXT)(type(deep), context).dump(deep))  # noqa: B023
        check(lambda: context.adapters.get_dumper(type(deep), PyFormat.TEXT)(type(deep), context).quote(deep))  # noqa: B023


class Mood(enum.Enum):
    SAD = "sad"


@pytest.mark.parametrize("method", ["dump", "quote"])
def test_members_of_enums(method: str) -> None:
    for context in CONTEXTS:
        dumper = context.adapters.get_dumper(Mood, PyFormat.TEXT)(Mood, context)
        for obj in (Mood.SAD, "it's", 5, None):
            check(lambda dumper=dumper, obj=obj: getattr(dumper, method)(obj))
