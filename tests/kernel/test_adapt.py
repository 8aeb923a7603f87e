"""The registry of adapters and of types, as seen from outside."""

from __future__ import annotations

import decimal
import threading

import pytest

from howdah.adapt import AdaptersMap, Dumper, Loader, PyFormat, TypeInfo, TypesRegistry
from howdah.adapt.transformer import Transformer
from howdah.errors import ProgrammingError
from howdah.pq import Format
from howdah.protocol.messages import FieldDescription


class TextDumper(Dumper):
    oid = 25

    def dump(self, obj):
        return str(obj)


class BinaryDumper(TextDumper):
    format = Format.BINARY


class OtherDumper(TextDumper):
    pass


class NamedDumper(TextDumper):
    oid = 0
    type_name = "myschema.mood"


class TextLoader(Loader):
    def load(self, data):
        return bytes(data)


class OtherLoader(TextLoader):
    pass


class BinaryLoader(TextLoader):
    format = Format.BINARY


class Animal:
    pass


class Cat(Animal):
    pass


@pytest.fixture
def adapters():
    return AdaptersMap()


# -- dumpers -----------------------------------------------------------------------


def test_the_last_dumper_is_used_where_the_format_is_left_open(adapters):
    adapters.register_dumper(Animal, BinaryDumper)
    adapters.register_dumper(Animal, TextDumper)
    assert adapters.get_dumper(Animal, PyFormat.AUTO) is TextDumper
    assert adapters.get_dumper(Animal, PyFormat.TEXT) is TextDumper
    with pytest.raises(ValueError, match="no format 'x'"):
        adapters.get_dumper(Animal, "x")
    assert adapters.get_dumper(Animal, PyFormat.BINARY) is BinaryDumper
    adapters.register_dumper(Animal, BinaryDumper)
    assert adapters.get_dumper(Animal, PyFormat.AUTO) is BinaryDumper


def test_subclasses_are_dumped_as_their_nearest_base(adapters):
    adapters.register_dumper(object, OtherDumper)
    adapters.register_dumper(Animal, TextDumper)
    assert adapters.get_dumper(Cat, PyFormat.AUTO) is TextDumper
    assert adapters.get_dumper(int, PyFormat.AUTO) is OtherDumper


def test_dumper_of_a_class_by_name(adapters):
    adapters.register_dumper("decimal.Decimal", TextDumper)

    class Money(decimal.Decimal):
        pass

    assert adapters.get_dumper(decimal.Decimal, PyFormat.AUTO) is TextDumper
    assert adapters.get_dumper(Money, PyFormat.TEXT) is TextDumper


def test_no_dumper(adapters):
    adapters.register_dumper(Animal, TextDumper)
    with pytest.raises(ProgrammingError, match=r"cannot adapt type 'int' \(format: AUTO\)"):
        adapters.get_dumper(int, PyFormat.AUTO)
    with pytest.raises(ProgrammingError, match=r"'Animal' \(format: BINARY\)"):
        adapters.get_dumper(Animal, PyFormat.BINARY)


def test_dumper_by_oid_alone(adapters):
    adapters.register_dumper(None, TextDumper)
    assert adapters.get_dumper_by_oid(25, Format.TEXT) is TextDumper
    with pytest.raises(ProgrammingError):
        adapters.get_dumper(str, PyFormat.AUTO)


def test_the_last_dumper_of_an_oid_is_used(adapters):
    adapters.register_dumper(str, TextDumper)
    adapters.register_dumper(Animal, OtherDumper)
    assert adapters.get_dumper_by_oid(25, Format.TEXT) is OtherDumper
    adapters.register_dumper(str, TextDumper)
    assert adapters.get_dumper_by_oid(25, Format.TEXT) is TextDumper


def test_no_dumper_for_an_oid(adapters):
    adapters.types.add(TypeInfo("text", 25, 1009))
    for oid, name in ((25, "type 'text'"), (1009, r"type 'text\[\]'"), (99999, "unknown type")):
        with pytest.raises(ProgrammingError, match=f"a dumper for {name} with oid {oid} format BINARY"):
            adapters.get_dumper_by_oid(oid, Format.BINARY)


def test_registering_on_what_is_no_class(adapters):
    with pytest.raises(TypeError, match="not on 1"):
        adapters.register_dumper(1, TextDumper)
    with pytest.raises(TypeError, match="not on None"):
        adapters.register_loader(None, TextLoader)


# -- loaders -----------------------------------------------------------------------


def test_loaders_by_format(adapters):
    adapters.register_loader(25, TextLoader)
    adapters.register_loader(25, BinaryLoader)
    assert adapters.get_loader(25, Format.TEXT) is TextLoader
    assert adapters.get_loader(25, Format.BINARY) is BinaryLoader
    assert adapters.get_loader(26, Format.TEXT) is None
    adapters.register_loader(25, OtherLoader)
    assert adapters.get_loader(25, Format.TEXT) is OtherLoader


def test_loader_by_the_name_of_a_builtin_type(adapters):
    adapters.types.add(TypeInfo("int4", 23, 1007, regtype="integer"))
    adapters.register_loader("int4", TextLoader)
    assert adapters.get_loader(23, Format.TEXT) is TextLoader
    adapters.register_loader("integer", OtherLoader)
    assert adapters.get_loader(23, Format.TEXT) is OtherLoader
    adapters.register_loader("int4[]", TextLoader)
    assert adapters.get_loader(1007, Format.TEXT) is TextLoader
    adapters.register_loader(23, BinaryLoader)
    assert adapters.unresolved_names == ()


# -- types known by name -----------------------------------------------------------


def test_adapters_by_name(adapters):
    adapters.register_loader("vector", TextLoader)
    adapters.register_loader("vector", BinaryLoader)
    adapters.register_dumper(Animal, NamedDumper)
    assert adapters.unresolved_names == ("vector", "myschema.mood")
    assert adapters.get_loader(20000, Format.TEXT) is None

    connection = AdaptersMap(adapters)
    connection.add_type(TypeInfo("vector", 20000, 20001))
    assert connection.get_loader(20000, Format.TEXT) is TextLoader
    assert connection.get_loader(20000, Format.BINARY) is BinaryLoader
    assert connection.get_loader(20001, Format.TEXT) is None
    assert connection.unresolved_names == ("myschema.mood",)
    connection.add_type(TypeInfo("myschema.mood", 30000, 0))
    assert connection.get_dumper_by_oid(30000, Format.TEXT) is NamedDumper
    assert connection.unresolved_names == ()

    # In another database the oids are others.
    other = AdaptersMap(adapters)
    assert other.unresolved_names == ("vector", "myschema.mood")
    other.add_type(TypeInfo("vector", 40000, 40001))
    assert other.get_loader(40000, Format.TEXT) is TextLoader
    assert other.get_loader(20000, Format.TEXT) is None


def test_name_of_a_type_known_already_is_not_taken_for_its_oid(adapters):
    adapters.types.add(TypeInfo("vector", 20000, 20001))
    adapters.register_loader("vector", TextLoader)
    connection = AdaptersMap(adapters)
    connection.types.add(TypeInfo("vector", 40000, 40001))
    assert adapters.get_loader(20000, Format.TEXT) is TextLoader
    assert connection.get_loader(40000, Format.TEXT) is TextLoader


def test_the_last_loader_by_name_is_used(adapters):
    adapters.register_loader("vector", TextLoader)
    adapters.register_loader("public.vector", OtherLoader)
    adapters.types.add(TypeInfo("vector", 20000, 20001), TypeInfo("public.vector", 20000, 20001))
    assert adapters.get_loader(20000, Format.TEXT) is OtherLoader
    adapters.register_loader("vector", TextLoader)
    assert adapters.get_loader(20000, Format.TEXT) is TextLoader


def test_who_is_told_of_a_type(adapters):
    told = []
    adapters.on_type_added(lambda adapters, info: told.append((adapters, info.name)))
    child = AdaptersMap(adapters)
    child.add_type(TypeInfo("vector", 20000, 20001))
    assert told == [(child, "vector")]
    child.types.add(TypeInfo("hstore", 20002, 20003))
    assert len(told) == 1


# -- templates ---------------------------------------------------------------------


def test_a_child_begins_as_its_template_and_never_changes_it(adapters):
    adapters.register_dumper(Animal, TextDumper)
    adapters.register_loader(25, TextLoader)
    child = AdaptersMap(adapters)
    assert child.get_dumper(Animal, PyFormat.AUTO) is TextDumper
    assert child.get_loader(25, Format.TEXT) is TextLoader

    child.register_dumper(Animal, OtherDumper)
    child.register_loader(25, OtherLoader)
    child.types.add(TypeInfo("vector", 20000, 20001))
    grandchild = AdaptersMap(child)
    assert grandchild.get_dumper(Animal, PyFormat.AUTO) is OtherDumper
    assert grandchild.types["vector"].oid == 20000

    assert adapters.get_dumper(Animal, PyFormat.AUTO) is TextDumper
    assert adapters.get_dumper_by_oid(25, Format.TEXT) is TextDumper
    assert adapters.get_loader(25, Format.TEXT) is TextLoader
    assert adapters.types.get("vector") is None


def test_version_grows_with_every_registration(adapters):
    versions = [adapters.version]
    adapters.register_dumper(Animal, TextDumper)
    versions.append(adapters.version)
    adapters.register_loader(25, TextLoader)
    versions.append(adapters.version)
    adapters.types.add(TypeInfo("text", 25, 1009))
    versions.append(adapters.version)
    adapters.add_type(TypeInfo("vector", 20000, 20001))
    versions.append(adapters.version)
    assert versions == sorted(set(versions))

    child = AdaptersMap(adapters)
    assert child.version == versions[-1]
    child.register_loader(25, OtherLoader)
    assert child.version > adapters.version == versions[-1]


def test_reading_while_registering(adapters):
    adapters.register_dumper(Animal, TextDumper)
    adapters.register_loader("vector", TextLoader)
    adapters.types.add(TypeInfo("vector", 20000, 20001))
    failures = []
    done = threading.Event()

    def read():
        try:
            while not done.is_set():
                assert adapters.get_dumper(Cat, PyFormat.AUTO) is TextDumper
                assert adapters.get_loader(20000, Format.TEXT) is TextLoader
                assert adapters.unresolved_names is not None
                list(AdaptersMap(adapters).types)
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    for number in range(500):
        adapters.register_loader(30000 + number, OtherLoader)
        adapters.register_dumper(type(f"Class{number}", (), {}), OtherDumper)
        adapters.types.add(TypeInfo(f"type{number}", 50000 + number, 0))
    done.set()
    thread.join()
    assert not failures


# -- the types registry ------------------------------------------------------------


def test_types_registry():
    types = TypesRegistry()
    info = TypeInfo("int4", 23, 1007, regtype="integer")
    types.add(info, TypeInfo("box", 603, 1020, delimiter=";"))
    for key in ("int4", "integer", "int4[]", 23, 1007):
        assert types[key] is info
    assert types.get_oid("int4") == 23
    assert types.get_oid("int4[]") == types.get_oid("integer[]") == 1007
    assert types["box"].delimiter == ";"
    assert [info.name for info in types] == ["int4", "box"]
    assert types.get("nope") is types.get(1) is None
    for key in ("nope", 1):
        with pytest.raises(KeyError, match=f"the type {key!r}"):
            types[key]
    with pytest.raises(KeyError, match="nope"):
        types.get_oid("nope[]")


def test_type_info():
    info = TypeInfo("vector", 20000, 20001)
    assert repr(info) == "<TypeInfo: vector (oid: 20000, array oid: 20001)>"
    assert info.regtype == "vector"
    assert info.delimiter == ","


def test_type_info_register(adapters):
    info = TypeInfo("vector", 20000, 20001)
    info.register(adapters)
    assert adapters.types["vector"] is info


def test_an_adapter_without_its_method_says_so() -> None:
    class Silent(Dumper):
        pass

    class Deaf(Loader):
        pass

    with pytest.raises(NotImplementedError, match=r"Silent has no method dump\(\)"):
        Silent(str).dump("x")
    with pytest.raises(NotImplementedError, match=r"Deaf has no method load\(\)"):
        Deaf(25).load(b"x")


class TestRegisterLater:
    """Adapters that are registered when one of them is first looked up."""

    @pytest.fixture
    def calls(self):
        return []

    @pytest.fixture
    def later(self, adapters, calls):
        def register(target):
            calls.append(target)
            target.register_dumper(Cat, TextDumper)
            target.register_dumper(Cat, BinaryDumper)
            target.register_loader(25, TextLoader)

        adapters.register_lazy(register, classes=[f"{__name__}.Cat"], types=[25])
        return adapters

    def test_they_are_registered_once_for_all_maps(self, later, calls):
        children = [AdaptersMap(later), AdaptersMap(later)]
        assert calls == []
        children[1].register_loader(26, OtherLoader)  # which gives it a dictionary of its own
        for adapters in (children[1], children[0], later):
            assert adapters.get_loader(25, Format.TEXT) is TextLoader
            assert adapters.get_loader(25, Format.BINARY) is None
            assert adapters.get_dumper(Cat, PyFormat.TEXT) is TextDumper
            assert adapters.get_dumper(Cat, PyFormat.AUTO) is BinaryDumper
        assert len(calls) == 1
        assert calls[0] is not later

    def test_looking_them_up_is_no_registration(self, later):
        version = later.version
        assert later.get_loader(25, Format.TEXT) is TextLoader
        assert later.version == version

    def test_others_do_not_make_them_needed(self, later, calls):
        later.register_dumper(int, TextDumper)
        later.register_loader(23, TextLoader)
        assert later.get_dumper(int, PyFormat.AUTO) is TextDumper
        assert later.get_loader(23, Format.TEXT) is TextLoader
        assert calls == []

    def test_what_is_registered_afterwards_takes_precedence(self, later):
        later.register_dumper(Cat, OtherDumper)
        later.register_loader(25, OtherLoader)
        assert later.get_dumper(Cat, PyFormat.BINARY) is BinaryDumper
        assert later.get_dumper(Cat, PyFormat.AUTO) is OtherDumper
        assert later.get_loader(25, Format.TEXT) is OtherLoader

    def test_what_was_registered_before_is_there_where_nothing_new_is(self, adapters, calls):
        adapters.register_loader(25, BinaryLoader)
        adapters.register_dumper(None, type("Text", (TextDumper,), {"oid": 25}))
        dumper = adapters.get_dumper_by_oid(25, Format.TEXT)

        def register(target):
            assert target.get_dumper_by_oid(25, Format.TEXT) is dumper
            target.register_loader(25, TextLoader)

        adapters.register_lazy(register, types=[25])
        assert adapters.get_loader(25, Format.TEXT) is TextLoader
        assert adapters.get_loader(25, Format.BINARY) is BinaryLoader
        assert adapters.get_dumper_by_oid(25, Format.TEXT) is dumper

    def test_one_registration_may_need_another(self, later, calls):
        def register(target):
            target.register_loader(1009, target.get_loader(25, Format.TEXT))

        later.register_lazy(register, types=[1009])
        assert calls == []
        assert later.get_loader(1009, Format.TEXT) is TextLoader
        assert len(calls) == 1

    def test_types_by_name(self, adapters):
        adapters.register_lazy(lambda target: target.register_loader("mood", TextLoader), types=["mood"])
        assert adapters.unresolved_names == ("mood",)
        adapters.types.add(TypeInfo("mood", 99999, 99998))
        assert adapters.get_loader(99999, Format.TEXT) is TextLoader
        assert adapters.get_loader(99999, Format.BINARY) is None

    @pytest.mark.parametrize("by_name_first", [True, False])
    def test_a_class_once_by_its_name(self, adapters, by_name_first):
        keys = [f"{__name__}.Cat", Cat] if by_name_first else [Cat, f"{__name__}.Cat"]
        for key, dumper in zip(keys, (OtherDumper, TextDumper)):
            adapters.register_lazy(
                lambda target, dumper=dumper: target.register_dumper(Cat, dumper), classes=[key]
            )
        # As ever, a class goes before a name.
        assert adapters.get_dumper(Cat, PyFormat.TEXT) is (TextDumper if by_name_first else OtherDumper)
        assert adapters._found("_dumpers", PyFormat.TEXT, f"{__name__}.Cat") is not None

    def test_what_goes_wrong_is_raised_each_time(self, adapters):
        def register(target):
            raise ImportError("no savanna")

        adapters.register_lazy(register, types=[25])
        for _ in range(2):
            with pytest.raises(ImportError, match="savanna"):
                adapters.get_loader(25, Format.TEXT)


def test_a_server_may_show_any_number_of_types():
    """What is kept of them is bounded."""
    transformer = Transformer(None, AdaptersMap())
    for oid in range(25_000):
        transformer.decoder([FieldDescription("", 0, 0, 100_000 + oid, -1, -1, 0)])
    assert len(transformer._decoders) <= 1_000
    assert len(transformer._loaders) <= 10_000


@pytest.mark.parametrize("oid", ["text", b"text", 1.5, (25,)])
def test_a_dumper_whose_oid_is_no_number(oid):
    adapters = AdaptersMap()
    dumper = type("WrongDumper", (TextDumper,), {"oid": oid})
    with pytest.raises(TypeError, match=r"WrongDumper\.oid is .*, not the number of a type"):
        adapters.register_dumper(Animal, dumper)
    with pytest.raises(ProgrammingError):
        adapters.get_dumper(Animal, PyFormat.AUTO)


@pytest.mark.parametrize("oid", [-1, 1 << 32])
def test_a_dumper_whose_oid_no_type_has(oid):
    dumper = type("WrongDumper", (TextDumper,), {"oid": oid})
    with pytest.raises(ValueError, match="no type has"):
        AdaptersMap().register_dumper(Animal, dumper)


@pytest.mark.parametrize("adapter", ["text", 5, None, TextDumper(str)])
def test_an_adapter_that_is_no_class(adapter):
    with pytest.raises(TypeError, match="an adapter is a class"):
        AdaptersMap().register_dumper(Animal, adapter)
    with pytest.raises(TypeError, match="an adapter is a class"):
        AdaptersMap().register_loader(25, adapter)


class Misspelt:
    format = Format.TEXT

    def laod(self, data):
        return data


@pytest.mark.parametrize("base", [Dumper, Loader, object])
@pytest.mark.parametrize("lazy", [False, True])
def test_an_adapter_that_lacks_its_method(adapters, base, lazy):
    """It is refused when it is registered, not when a value comes."""
    wrong = type("Wrong", (Misspelt, base), {})

    def register(adapters):
        adapters.register_dumper(Animal, wrong)

    with pytest.raises(TypeError, match=r"test_adapt\.Wrong is no dumper: it lacks dump\b"):
        if lazy:
            adapters.register_lazy(register, classes=[Animal])
            adapters.get_dumper(Animal, PyFormat.AUTO)
        else:
            register(adapters)
    with pytest.raises(TypeError, match=r"test_adapt\.Wrong is no loader: it lacks load \(see"):
        adapters.register_loader(25, wrong)
    assert adapters.get_loader(25, Format.TEXT) is None


def test_an_adapter_that_is_another_class(adapters):
    with pytest.raises(TypeError, match="is no dumper: it lacks dump, format, oid, quote, get_key, upgrade"):
        adapters.register_dumper(Animal, Cat)
    with pytest.raises(TypeError, match="is no loader: it lacks load, format"):
        adapters.register_loader(25, Cat)


@pytest.mark.parametrize("context", [5, "text", TypeInfo("animal", 1, 2)])
def test_a_type_registered_on_no_adapters(context):
    with pytest.raises(
        TypeError, match="adapters are registered on a connection, a cursor or an AdaptersMap"
    ):
        TypeInfo("animal", 1, 2).register(context)
