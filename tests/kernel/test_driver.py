"""Drivers: which plugins they find, select and refuse; what these add, and what is missing without them."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from types import SimpleNamespace
from typing import Any

import pytest

import howdah
from howdah import Driver, NotSupportedError, PluginError, ProgrammingError, hookimpl
from howdah.adapt import Loader
from howdah.client.cursor_base import BaseCursor
from howdah.framework.plugins import discover
from howdah.hookspecs import Mixins
from tests.distributions import Site

CORRAL = """
    from howdah import hookimpl

    @hookimpl
    def howdah_capabilities():
        return ["corral"]

    class Fence:
        pass
"""


@pytest.fixture
def corral(site: Site) -> Site:
    """A distribution with the plugin `corral`."""
    site.install(
        "acme-corral",
        "2.3",
        modules={"acme_corral": CORRAL},
        plugins={"corral": "acme_corral"},
        provides={
            "has_corral": "acme_corral",
            "Fence": "acme_corral:Fence",
            "Gate": "acme_corral:Gate",
            "Connection.enclose": "acme_corral",
            "Cursor.graze": "acme_corral",
        },
    )
    return site


def plugin_info(driver: Driver, name: str) -> Any:
    [info] = [info for info in driver.plugins if info.name == name]
    return info


class TestFinding:
    def test_an_installed_plugin_is_in_use(self, corral: Site) -> None:
        info = plugin_info(Driver(enable=["corral"]), "corral")
        assert (info.distribution, info.version, info.origin) == ("acme-corral", "2.3", "acme_corral")
        assert info.state == "enabled"
        assert info.hooks == ("howdah_capabilities",)

    def test_all_are_enabled_unless_said_otherwise(self, corral: Site) -> None:
        assert plugin_info(Driver(), "corral").state == "enabled"

    def test_a_plugin_can_be_an_object_in_a_module(self, site: Site) -> None:
        source = """
            from howdah import hookimpl

            class Herd:
                @hookimpl
                def howdah_capabilities(self):
                    return ["herd"]

            herd = Herd()
        """
        site.install("acme-herd", modules={"acme_herd": source}, plugins={"herd": "acme_herd:herd"})
        assert Driver(enable=["herd"]).capabilities.has_herd

    def test_howdah_s_own_come_first_and_the_others_by_name(self, site: Site) -> None:
        site.install("acme", modules={"acme_a": "", "acme_b": ""}, plugins={"b": "acme_b", "a": "acme_a"})
        foreign = [plugin.distribution != "howdah" for plugin in discover()[0]]
        assert foreign == sorted(foreign)
        driver = Driver(enable=["a", "b"], plugins=[("extra", SimpleNamespace())])
        assert [info.name for info in driver.plugins if info.state == "enabled"] == ["a", "b", "extra"]

    @pytest.mark.parametrize("choice", [{"disable": ["corral"]}, {"enable": []}])
    def test_a_disabled_plugin_is_not_imported(self, corral: Site, choice: Any) -> None:
        info = plugin_info(Driver(**choice), "corral")
        assert info.state == "disabled"
        assert info.hooks == ()
        assert "acme_corral" not in sys.modules

    def test_disable_has_precedence_over_enable(self, corral: Site) -> None:
        assert plugin_info(Driver(enable=["corral"], disable=["corral"]), "corral").state == "disabled"

    @pytest.mark.parametrize("argument", ["enable", "disable"])
    def test_unknown_names_are_refused(self, corral: Site, argument: str) -> None:
        with pytest.raises(ProgrammingError, match=r"'fnord'.*corral"):
            Driver(**{argument: ["fnord"]})

    def test_a_str_is_no_list_of_names(self, corral: Site) -> None:
        with pytest.raises(ProgrammingError, match="list of plugin names"):
            Driver(disable="corral")

    def test_two_plugins_of_one_name_are_refused(self, corral: Site) -> None:
        corral.install("other-corral", "0.9", modules={"other": ""}, plugins={"corral": "other"})
        with pytest.raises(PluginError, match=r"acme-corral 2\.3.*other-corral 0\.9") as caught:
            Driver()
        assert caught.value.plugin == "corral"
        states = [info.state for info in Driver(disable=["corral"]).plugins if info.name == "corral"]
        assert states == ["disabled", "disabled"]


class TestGivenPlugins:
    def test_a_pair(self) -> None:
        info = plugin_info(Driver(enable=[], plugins=[("mine", SimpleNamespace())]), "mine")
        assert (info.distribution, info.version, info.state) == (None, None, "enabled")

    def test_a_module(self, corral: Site) -> None:
        import acme_corral

        driver = Driver(enable=[], plugins=[acme_corral])
        assert plugin_info(driver, "acme_corral").state == "enabled"
        assert driver.capabilities.has_corral
        assert driver.Fence is acme_corral.Fence

    def test_an_object_without_a_name(self) -> None:
        with pytest.raises(ProgrammingError, match="pair"):
            Driver(enable=[], plugins=[SimpleNamespace()])

    def test_it_can_be_disabled(self) -> None:
        driver = Driver(enable=[], disable=["mine"], plugins=[("mine", SimpleNamespace())])
        assert plugin_info(driver, "mine").state == "disabled"

    def test_the_name_of_an_installed_one_is_refused(self, corral: Site) -> None:
        with pytest.raises(PluginError, match=r"acme-corral 2\.3 and Driver\(plugins=\.\.\.\)"):
            Driver(enable=["corral"], plugins=[("corral", SimpleNamespace())])

    def test_one_object_twice_is_refused(self) -> None:
        plugin = SimpleNamespace(unhashable=[])
        with pytest.raises(PluginError, match="same object as the plugin 'a'"):
            Driver(enable=[], plugins=[("a", plugin), ("b", plugin)])


class TestBrokenPlugins:
    def test_one_that_cannot_be_imported(self, site: Site) -> None:
        site.install("acme-bad", "0.1", modules={"acme_bad": "1 / 0"}, plugins={"bad": "acme_bad"})
        with pytest.raises(PluginError) as caught:
            Driver()
        error = caught.value
        assert (error.plugin, error.distribution, error.version) == ("bad", "acme-bad", "0.1")
        assert isinstance(error.__cause__, ZeroDivisionError)
        for part in (
            "'bad'",
            "acme-bad 0.1",
            "entry point bad = acme_bad",
            "division by zero",
            "HOWDAH_DISABLE=bad",
            "disable=['bad']",
        ):
            assert part in str(error)
        copy = pickle.loads(pickle.dumps(error))
        assert (str(copy), copy.plugin) == (str(error), "bad")
        assert plugin_info(Driver(disable=["bad"]), "bad").state == "disabled"

    def test_one_that_is_not_there(self, site: Site) -> None:
        site.install("acme-bad", modules={}, plugins={"bad": "acme_bad_gone"})
        with pytest.raises(PluginError, match="acme_bad_gone"):
            Driver()

    def test_one_that_exits(self, site: Site) -> None:
        site.install("acme-bad", modules={"acme_bad": "raise SystemExit(3)"}, plugins={"bad": "acme_bad"})
        with pytest.raises(PluginError, match=r"'bad'.*SystemExit: 3"):
            Driver()

    @pytest.mark.usefixtures("unconfigured")
    def test_one_that_wants_a_name_that_does_not_exist(self, site: Site) -> None:
        source = "from howdah import Conection"
        site.install("acme-bad", modules={"acme_bad": source}, plugins={"bad": "acme_bad"})
        with pytest.raises(PluginError, match=r"'bad'.*howdah\.Conection does not exist"):
            howdah.default_driver()

    def test_a_hook_without_the_mark(self) -> None:
        plugin = SimpleNamespace(howdah_connection_opened=lambda connection: None)
        with pytest.raises(PluginError, match=r"'bad'.*howdah_connection_opened lacks the mark"):
            Driver(enable=[], plugins=[("bad", plugin)])

    @pytest.mark.parametrize(
        ("hook", "lacks"),
        [
            ("connect_observer", "connect_ended"),
            ("pool_observer", "acquire_started, acquire_ended, released, connection_created, closed"),
            ("query_observer", "query_started, query_ended"),
            ("query_planner", "plan, executed, failed, rolled_back, parameter_changed"),
            ("scheduler", "lock, run, execute_cached, should_retry, close"),
        ],
    )
    def test_what_a_hook_returns_lacks_methods(self, hook: str, lacks: str) -> None:
        @hookimpl
        def answer() -> object:
            return object()

        answer.__name__ = f"howdah_{hook}"
        plugin = SimpleNamespace(**{f"howdah_{hook}": answer})
        driver = Driver(enable=[], plugins=[("bad", plugin)])
        with pytest.raises(PluginError, match=rf"'bad'.*howdah_{hook}\(\) .* lacks {lacks}") as caught:
            getattr(driver.hooks, hook)()
        assert caught.value.plugin == "bad"

    def test_an_adapter_that_lacks_its_method(self) -> None:
        class Misspelt(Loader):
            def laod(self, data: Any) -> Any:
                return data

        @hookimpl
        def howdah_register_adapters(adapters: Any) -> None:
            adapters.register_loader(25, Misspelt)

        plugin = SimpleNamespace(howdah_register_adapters=howdah_register_adapters)
        with pytest.raises(PluginError, match=r"'bad'.*howdah_register_adapters.*Misspelt .* lacks load"):
            Driver(enable=[], plugins=[("bad", plugin)])

    def test_an_argument_that_the_hook_does_not_have(self) -> None:
        @hookimpl
        def howdah_register_adapters(adapters: Any, colour: Any) -> None: ...

        plugin = SimpleNamespace(howdah_register_adapters=howdah_register_adapters)
        with pytest.raises(PluginError, match="colour"):
            Driver(enable=[], plugins=[("bad", plugin)])

    def test_a_hook_that_there_is_not(self) -> None:
        plugin = SimpleNamespace(howdah_trumpet=hookimpl(lambda: None))
        with pytest.raises(PluginError, match="howdah_trumpet"):
            Driver(enable=[], plugins=[("bad", plugin)])

    def test_a_wrapper_where_there_is_nothing_to_wrap(self) -> None:
        @hookimpl(wrapper=True)
        def howdah_capabilities() -> Any:
            return (yield)

        with pytest.raises(PluginError, match="cannot be wrapped"):
            Driver(enable=[], plugins=[("bad", SimpleNamespace(howdah_capabilities=howdah_capabilities))])

    @pytest.mark.parametrize(
        "hook",
        [
            "howdah_authentication_methods",
            "howdah_capabilities",
            "howdah_connection_parameters",
            "howdah_mixins",
            "howdah_register_adapters",
        ],
    )
    def test_one_that_raises(self, hook: str) -> None:
        @hookimpl
        def fail() -> None:
            raise LookupError("no elephant")

        with pytest.raises(PluginError, match=rf"'bad'.*{hook}.*no elephant") as caught:
            Driver(enable=[], plugins=[("good", SimpleNamespace()), ("bad", SimpleNamespace(**{hook: fail}))])
        assert isinstance(caught.value.__cause__, LookupError)

    @pytest.mark.parametrize(
        ("hook", "answer"),
        [
            ("howdah_capabilities", "prepare"),
            ("howdah_capabilities", [7]),
            ("howdah_capabilities", ["no identifier"]),
            ("howdah_mixins", object),
            ("howdah_mixins", Mixins(connection=7)),
            ("howdah_connection_parameters", None),
            ("howdah_connection_parameters", ["x"]),
            ("howdah_connection_settings", "threshold"),
            ("howdah_connection_settings", ["autocommit"]),
            ("howdah_connection_settings", ["connect_timeout"]),
            ("howdah_connection_settings", ["threshold", "threshold"]),
            ("howdah_authentication_methods", ["OAUTHBEARER"]),
        ],
    )
    def test_an_answer_that_makes_no_sense(self, hook: str, answer: Any) -> None:
        plugin = SimpleNamespace(**{hook: hookimpl(lambda: answer)})
        with pytest.raises(PluginError, match=rf"'bad'.*{hook}"):
            Driver(enable=[], plugins=[("bad", plugin)])

    def test_a_connection_parameter_that_is_a_name(self) -> None:
        plugin = SimpleNamespace(howdah_connection_parameters=hookimpl(lambda: ["tusk"]))
        with pytest.raises(PluginError, match=r"'bad'.*howdah\.conninfo\.Parameter .* 'tusk'"):
            Driver(enable=[], plugins=[("bad", plugin)])

    def test_a_connection_parameter_that_exists(self) -> None:
        from howdah.conninfo import PARAMETERS

        plugin = SimpleNamespace(howdah_connection_parameters=hookimpl(lambda: [PARAMETERS[0]]))
        with pytest.raises(PluginError, match=f"{PARAMETERS[0].name!r} already"):
            Driver(enable=[], plugins=[("bad", plugin)])

    def test_an_authentication_method_that_exists(self) -> None:
        plugins = [
            (name, SimpleNamespace(howdah_authentication_methods=hookimpl(lambda: {7: object()})))
            for name in ("good", "bad")
        ]
        with pytest.raises(PluginError, match=r"'bad'.*7 already"):
            Driver(enable=[], plugins=plugins)


class TestCapabilities:
    def test_the_kernel_s(self) -> None:
        capabilities = Driver(enable=[]).capabilities
        assert capabilities.libpq_version == 180000
        assert capabilities.has_prepare is False
        assert capabilities.has_pipeline is False
        assert capabilities.has_cancel_safe is True

    def test_those_of_plugins(self, corral: Site) -> None:
        assert Driver(enable=["corral"]).capabilities.has_corral is True
        assert Driver(enable=[]).capabilities.has_corral is False

    def test_an_unknown_one(self) -> None:
        with pytest.raises(AttributeError, match=r"has_fnord.*has_pipeline"):
            _ = Driver(enable=[]).capabilities.has_fnord

    def test_they_cannot_be_set(self) -> None:
        with pytest.raises(AttributeError, match="has_prepare"):
            Driver(enable=[]).capabilities.has_prepare = True

    def test_require(self, corral: Site) -> None:
        Driver(enable=["corral"]).require("corral")
        with pytest.raises(
            NotSupportedError, match=r"'corral' is brought by the plugin 'corral' \(acme-corral 2\.3\)"
        ):
            Driver(enable=[]).require("corral")
        with pytest.raises(NotSupportedError, match="no plugin that brings 'fnord'"):
            Driver(enable=[]).require("fnord")


def mixing(**classes: type) -> SimpleNamespace:
    return SimpleNamespace(howdah_mixins=hookimpl(lambda: Mixins(**classes)))


class Loud:
    def trumpet(self) -> str:
        return "loud"


class Polite:
    def setinputsizes(self, sizes: Any) -> str:
        return "please"


class Quiet:
    def setinputsizes(self, sizes: Any) -> str:
        return "quietly, " + super().setinputsizes(sizes)


class Deaf:
    def trumpet(self) -> None:
        """Nobody hears it."""


class TestClasses:
    def test_mixins_go_before_the_kernel_s_class(self) -> None:
        driver = Driver(
            enable=[], plugins=[("polite", mixing(cursor=Polite)), ("quiet", mixing(cursor=Quiet))]
        )
        for cls in (driver.Cursor, driver.ClientCursor, driver.RawCursor):
            assert cls.__new__(cls).setinputsizes([]) == "quietly, please"
        assert driver.AsyncCursor.setinputsizes is BaseCursor.setinputsizes

    @pytest.mark.parametrize("slot", ["connection", "async_connection", "cursor", "async_cursor"])
    def test_two_that_bring_the_same(self, slot: str) -> None:
        loud, deaf = ("loud", mixing(**{slot: Loud})), ("deaf", mixing(**{slot: Deaf}))
        with pytest.raises(PluginError, match=r"'deaf'.*trumpet is brought by two.*Deaf and .*Loud"):
            Driver(enable=[], plugins=[loud, deaf])
        # One thing brought twice is no conflict.
        same = ("same", mixing(**{slot: type("Louder", (Loud,), {})}))
        assert Driver(enable=[], plugins=[loud, same])

    @pytest.mark.parametrize("slot", ["connection", "async_connection", "cursor", "async_cursor"])
    def test_each_mixin_goes_into_its_classes(self, slot: str) -> None:
        driver = Driver(enable=[], plugins=[("loud", mixing(**{slot: Loud}))])
        names = {
            "connection": {"Connection"},
            "async_connection": {"AsyncConnection"},
            "cursor": {"Cursor", "ClientCursor", "RawCursor"},
            "async_cursor": {"AsyncCursor", "AsyncClientCursor", "AsyncRawCursor"},
        }
        everything = set().union(*names.values())
        assert {name for name in everything if issubclass(getattr(driver, name), Loud)} == names[slot]

    def test_all_cursors_are_cursors(self) -> None:
        driver = Driver(enable=[])
        assert issubclass(driver.ClientCursor, driver.Cursor)
        assert issubclass(driver.AsyncRawCursor, driver.AsyncCursor)

    def test_connections_know_driver_and_cursor(self) -> None:
        driver = Driver(enable=[])
        assert driver.Connection.driver is driver
        assert driver.Connection.cursor_factory is driver.Cursor
        assert driver.AsyncConnection.cursor_factory is driver.AsyncCursor

    def test_they_look_like_howdah_s(self) -> None:
        driver = Driver(enable=[])
        assert repr(driver.Connection) == "<class 'howdah.Connection'>"
        assert repr(driver.AsyncRawCursor) == "<class 'howdah.AsyncRawCursor'>"
        assert driver.Connection.__doc__

    def test_they_are_generic(self) -> None:
        driver = Driver(enable=[])
        assert repr(driver.Connection[dict]) == "howdah.Connection[dict]"
        assert repr(driver.ClientCursor[dict]) == "howdah.ClientCursor[dict]"

    def test_they_can_be_derived_from(self) -> None:
        driver = Driver(enable=[])

        class Mine(driver.Connection):
            pass

        assert Mine.driver is driver

    def test_a_class_that_does_not_fit_is_its_plugin_s_fault(self) -> None:
        plugins = [("good", mixing(cursor=Loud)), ("bad", mixing(cursor=object))]
        with pytest.raises(PluginError, match="'bad'") as caught:
            Driver(enable=[], plugins=plugins)
        assert isinstance(caught.value.__cause__, TypeError)

    def test_drivers_are_isolated(self) -> None:
        one, other = Driver(enable=[], plugins=[("loud", mixing(connection=Loud))]), Driver(enable=[])
        assert one.Connection is not other.Connection
        assert not hasattr(other.Connection, "trumpet")
        assert one.adapters is not other.adapters
        assert one.capabilities is not other.capabilities

    def test_what_a_plugin_is_asked_first_has_the_last_word(self) -> None:
        order: list[str] = []

        def noting(name: str, **options: bool) -> SimpleNamespace:
            @hookimpl(**options)
            def howdah_register_adapters() -> None:
                order.append(name)

            return SimpleNamespace(howdah_register_adapters=howdah_register_adapters)

        plugins = [("a", noting("a", tryfirst=True)), ("b", noting("b")), ("c", noting("c"))]
        Driver(enable=[], plugins=plugins)
        assert order == ["b", "c", "a"]


class TestMissing:
    def test_attributes(self, corral: Site) -> None:
        driver = Driver(enable=[])
        for cls in (driver.Connection, driver.AsyncConnection):
            with pytest.raises(
                NotSupportedError, match=r"Connection\.enclose is brought by the plugin 'corral'"
            ):
                _ = cls.enclose
            assert not hasattr(cls, "enclose")
        for cursor in (driver.Cursor, driver.RawCursor, driver.AsyncCursor, driver.AsyncClientCursor):
            instance = cursor.__new__(cursor)
            with pytest.raises(NotSupportedError, match=r"to enable it, take it out of HOWDAH_DISABLE"):
                _ = instance.graze
            assert not hasattr(instance, "graze")

    def test_a_conninfo_that_begins_with_its_name(self, corral: Site) -> None:
        with pytest.raises(
            NotSupportedError, match=r'begins with "corral:" needs .*acme-corral 2\.3.*disabled'
        ):
            Driver(disable=["corral"]).connect("corral:hush")
        with pytest.raises(ProgrammingError, match="expected name=value"):
            Driver().connect("corral:hush")

    def test_attributes_of_an_enabled_plugin_are_left_alone(self, corral: Site) -> None:
        with pytest.raises(AttributeError) as caught:
            _ = Driver(enable=["corral"]).Connection.enclose
        assert not isinstance(caught.value, NotSupportedError)

    def test_attributes_of_the_kernel_are_left_alone(self, site: Site) -> None:
        site.install(
            "acme",
            modules={"acme": ""},
            plugins={"acme": "acme"},
            provides={"Connection.cursor_factory": "acme"},
        )
        driver = Driver(enable=[])
        assert driver.Connection.cursor_factory is driver.Cursor

    def test_public_names(self, corral: Site) -> None:
        with pytest.raises(NotSupportedError, match="Fence is brought by the plugin 'corral'"):
            _ = Driver(enable=[]).Fence
        assert "acme_corral" not in sys.modules

    def test_public_names_of_an_enabled_plugin(self, corral: Site) -> None:
        driver = Driver(enable=["corral"])
        assert driver.Fence.__module__ == "acme_corral"
        assert {"Fence", "Gate"} <= set(driver.public_names()) <= set(dir(driver))
        assert "has_corral" not in driver.public_names()

    def test_a_public_name_that_is_not_there(self, corral: Site) -> None:
        with pytest.raises(PluginError, match=r"'corral'.*Gate"):
            _ = Driver(enable=["corral"]).Gate

    def test_a_name_of_nobody(self, corral: Site) -> None:
        assert not hasattr(Driver(enable=["corral"]), "Fnord")
        assert not hasattr(Driver(enable=["corral"]), "has_corral")


@pytest.mark.usefixtures("unconfigured")
class TestDefaultDriver:
    def test_it_is_assembled_once(self) -> None:
        assert howdah.default_driver() is howdah.default_driver()

    def test_threads_share_it(self) -> None:
        drivers: list[Driver] = []
        barrier = threading.Barrier(8)

        def look() -> None:
            barrier.wait()
            drivers.append(howdah.default_driver())

        threads = [threading.Thread(target=look) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(drivers) == 8
        assert len(set(drivers)) == 1

    def test_the_module_s_names_are_its(self) -> None:
        driver = howdah.default_driver()
        assert howdah.Connection is driver.Connection
        assert howdah.AsyncClientCursor is driver.AsyncClientCursor
        assert howdah.adapters is driver.adapters
        assert howdah.capabilities is driver.capabilities

    def test_howdah_disable(self, corral: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOWDAH_DISABLE", " corral ,")
        with pytest.raises(NotSupportedError, match="corral"):
            _ = howdah.Fence
        with pytest.raises(NotSupportedError, match="corral"):
            from howdah import Fence  # noqa: F401
        assert howdah.capabilities.has_corral is False
        assert Driver().capabilities.has_corral is True

    def test_an_unknown_name_in_howdah_disable(self, corral: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOWDAH_DISABLE", "fnord")
        with pytest.raises(ProgrammingError, match=r"'fnord' \(HOWDAH_DISABLE.*corral"):
            howdah.default_driver()
        monkeypatch.delenv("HOWDAH_DISABLE")
        howdah.default_driver()

    def test_configure_replaces_it(self, corral: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        before, cls = howdah.default_driver(), howdah.Connection
        assert howdah.Fence.__name__ == "Fence"
        howdah.configure(disable=["corral"])
        assert howdah.default_driver() is not before
        assert howdah.Connection is not cls
        assert not howdah.capabilities.has_corral
        assert before.capabilities.has_corral
        howdah.configure(enable=["corral"], plugins=[("mine", SimpleNamespace())])
        assert repr(howdah.default_driver()) == "<howdah.Driver with corral, mine>"
        monkeypatch.setenv("HOWDAH_DISABLE", "corral")
        howdah.configure(enable=["corral"])
        assert not howdah.capabilities.has_corral

    def test_the_configuration(self, corral: Site) -> None:
        assert howdah.configuration() == {"enable": None, "disable": (), "plugins": ()}
        mine = ("mine", SimpleNamespace())
        howdah.configure(enable=["corral"], plugins=[mine])
        choice = howdah.configuration()
        assert choice == {"enable": ["corral"], "disable": (), "plugins": [mine]}
        choice["plugins"] = [*choice["plugins"], ("other", SimpleNamespace(other=1))]
        assert howdah.configuration()["plugins"] == [mine]  # it is a copy
        howdah.configure(**choice)
        assert repr(howdah.default_driver()) == "<howdah.Driver with corral, mine, other>"
        howdah.configure()
        assert howdah.configuration() == {"enable": None, "disable": (), "plugins": ()}

    @pytest.mark.parametrize(
        ("source", "name"),
        [
            ("import howdah; howdah.adapters", "adapters"),
            ("from howdah import Connection", "Connection"),
            ("from howdah import Conection", "Conection"),
            ("from howdah.postgres import types", "postgres.types"),
        ],
    )
    def test_a_plugin_that_asks_for_it_while_it_is_loaded(self, site: Site, source: str, name: str) -> None:
        site.install("acme-eager", modules={"acme_eager": source}, plugins={"eager": "acme_eager"})
        with pytest.raises(
            PluginError, match=rf"'eager' \(acme-eager 1\.0, entry point (?s:.)*howdah\.{name} "
        ) as raised:
            howdah.default_driver()
        assert raised.value.plugin == "eager"
        assert "HOWDAH_DISABLE=eager" in str(raised.value)
        howdah.configure(disable=["eager"])
        assert howdah.default_driver()

    def test_the_namespace_of_the_module(self, corral: Site) -> None:
        names = vars(howdah)
        assert names["paramstyle"] == "pyformat"
        assert {*howdah.__all__, "Fence", "__version__"} <= names.keys()
        before = names["Connection"]
        assert before is howdah.Connection
        howdah.configure(disable=["corral"])
        assert vars(howdah)["Connection"] is howdah.default_driver().Connection is not before
        assert "Fence" not in vars(howdah)

    @pytest.mark.parametrize("name", ["adapt", "conninfo", "errors"])
    def test_the_namespace_of_a_module_with_names_imported_later(self, name: str) -> None:
        code = f"import howdah.{name} as m; a = {{*m.__all__}}; print(a - vars(m).keys(), a - {{*dir(m)}})"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout == "set() set()\n"

    def test_the_module_without_the_name(self) -> None:
        assert not hasattr(howdah, "Fnord")
        assert not hasattr(howdah, "_fnord")


class TestImport:
    def run(self, code: str, site: Site) -> str:
        path = os.pathsep.join([str(site.path), *filter(None, sys.path)])
        environment = {**os.environ, "PYTHONPATH": path, "HOWDAH_DISABLE": ""}
        return subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
        ).stdout

    def test_importing_howdah_imports_neither_kernel_nor_plugins(self, corral: Site) -> None:
        code = """if True:
            import sys, howdah
            print(*(name for name in sys.modules if name.startswith(("howdah.", "acme", "pluggy"))))
            howdah.Connection
            print("acme_corral" in sys.modules)
        """
        assert self.run(code, corral) == "\nTrue\n"

    def test_names_can_be_imported(self, corral: Site) -> None:
        assert set(howdah.__all__) == {*howdah._OF_DRIVER, *howdah._MODULE_OF, *howdah._MODULES}
        names = [name for name in howdah.__all__ if name not in howdah._MODULES]
        code = f"from howdah import {', '.join(names)}; print(connect.__name__)"
        assert self.run(code, corral) == "connect\n"

    def test_modules_need_no_import_of_their_own(self, corral: Site) -> None:
        code = "import howdah as h; print(h.rows.dict_row.__name__, h.pq.Format(1).name, h.errors.Error)"
        assert self.run(code, corral) == "dict_row BINARY <class 'howdah.errors.Error'>\n"
