"""howdah_psycopg.install(): what is found under psycopg's names, and what does not change."""

from __future__ import annotations

from tests.contrib.psycopg.fresh import python, run


def test_install_twice():
    printed = run(
        """
        import sys
        import howdah_psycopg
        assert not howdah_psycopg.installed()
        before = len(sys.meta_path)
        howdah_psycopg.install()
        howdah_psycopg.install()
        assert howdah_psycopg.installed() and len(sys.meta_path) == before + 1
        import psycopg, psycopg_pool
        howdah_psycopg.install()
        print(psycopg.Connection.__mro__[1].__name__, psycopg.connect.__func__.__module__)
        """,
        install=False,
    )
    assert printed == ["Connection howdah.client.connection"]


def test_psycopg_itself_has_been_imported(tmp_path):
    for name in ("psycopg", "psycopg_pool"):
        (tmp_path / f"{name}.py").write_text("")
        code = f"import {name}, howdah_psycopg; howdah_psycopg.install()"
        process = python("-c", code, path=(tmp_path,))
        assert process.returncode == 1
        last = process.stderr.splitlines()[-1]
        assert last.startswith(f"howdah.errors.InterfaceError: {name} has been imported already: call ")


def test_psycopg_that_is_installed_is_not_used(tmp_path):
    (tmp_path / "psycopg.py").write_text("raise SystemExit('this is psycopg itself')")
    info = tmp_path / "psycopg-1.2.3.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: psycopg\nVersion: 1.2.3\n")
    code = "import psycopg; from importlib.metadata import version; print(version('psycopg'))"
    process = python("-m", "howdah_psycopg", "-c", code, path=(tmp_path,))
    assert process.stderr == ""
    assert process.stdout.startswith("3.")


def test_versions():
    run(
        """
        from importlib.metadata import PackageNotFoundError, distribution, packages_distributions, version
        import psycopg, psycopg_pool, psycopg.version, psycopg_pool.version
        assert version("psycopg") == psycopg.__version__ == psycopg.version.__version__
        for name in ("psycopg-pool", "psycopg_pool", "Psycopg.Pool"):
            assert version(name) == psycopg_pool.__version__ == psycopg_pool.version.__version__
        assert tuple(map(int, psycopg.__version__.split("."))) >= (3, 3, 0)
        found = distribution("psycopg")
        assert found.metadata["Name"] == "psycopg" and found.files is None and found.requires is None
        assert "psycopg" in packages_distributions()["psycopg"]
        try:
            version("psycopg-other")
        except PackageNotFoundError:
            pass
        """
    )


def test_specs():
    run(
        """
        from importlib import reload
        from importlib.util import find_spec
        import sys
        for name in ("psycopg", "psycopg.rows", "psycopg.types.net", "psycopg.pq", "psycopg_pool.pool"):
            assert find_spec(name).origin == "howdah", name
        for name in ("psycopg.nothing", "psycopg.types.nothing", "psycopg_c", "psycopg2x"):
            assert find_spec(name) is None, name
        import psycopg
        connection = psycopg.Connection
        assert psycopg.__path__ == [] and psycopg.__spec__.name == psycopg.__package__ == "psycopg"
        assert reload(psycopg).Connection is connection
        try:
            import psycopg.nothing
        except ModuleNotFoundError as error:
            assert error.name == "psycopg.nothing"
        """
    )


def test_modules_without_counterpart():
    printed = run(
        """
        from importlib import import_module
        for name in ("psycopg.crdb", "psycopg.waiting", "psycopg_pool.sched"):
            try:
                import_module(name)
            except ModuleNotFoundError as error:
                print(error.name, "|", error)
        """
    )
    assert printed[0] == (
        "psycopg.crdb | howdah has no counterpart of psycopg.crdb:"
        " it connects to PostgreSQL only, not to CockroachDB"
    )
    assert len(printed) == 3


def test_all_names_are_in_the_module():
    run(
        """
        import psycopg
        names = vars(psycopg)
        for name in ("connect", "Connection", "errors", "sql", "UniqueViolation", "Error"):
            assert (name in names) == hasattr(psycopg, name) == (name != "UniqueViolation"), name
        assert {"connect", "types", "AsyncConnection"} <= {*dir(psycopg)}
        assert "configure" not in dir(psycopg) and not hasattr(psycopg, "configure")
        scope = {}
        exec("from psycopg import *; from psycopg.rows import *; from psycopg.errors import *", scope)
        assert {"connect", "dict_row", "UniqueViolation"} <= scope.keys()
        assert psycopg.types.json.Jsonb is psycopg.types.json.Jsonb  # without an import statement
        """
    )


def test_classes_are_the_same_as_howdah_s():
    run(
        """
        import pickle
        import howdah, howdah_types.json, howdah.sql
        import psycopg, psycopg.errors, psycopg.sql, psycopg.types.json
        assert psycopg.errors.UniqueViolation is howdah.errors.UniqueViolation
        assert psycopg.types.json.Jsonb is howdah_types.json.Jsonb
        assert psycopg.sql.SQL is howdah.sql.SQL
        assert issubclass(psycopg.Connection, howdah.Connection)
        assert psycopg.adapters is howdah.adapters is psycopg.postgres.adapters
        error = psycopg.errors.UniqueViolation("twice")
        copy = pickle.loads(pickle.dumps(error))
        assert type(copy) is psycopg.errors.UniqueViolation and copy.args == error.args
        for cls in (psycopg.Connection, psycopg.AsyncCursor, psycopg.ServerCursor):
            assert pickle.loads(pickle.dumps(cls)) is cls
        """
    )


def test_howdah_s_own_classes_do_not_change():
    run(
        """
        import psycopg, psycopg_pool
        import howdah
        for name in ("pgconn", "_pool"):
            assert hasattr(psycopg.Connection, name) and not hasattr(howdah.Connection, name)
        assert hasattr(psycopg.Cursor, "pgresult") and not hasattr(howdah.Cursor, "pgresult")
        assert howdah.ConnectionPool("", open=False).max_size is None
        assert psycopg_pool.ConnectionPool("", open=False).max_size == 4
        """
    )


def test_the_configuration_is_kept():
    printed = run(
        """
        import howdah, howdah_psycopg
        howdah.configure(disable=["lobject"])
        howdah_psycopg.install()
        states = {plugin.name: plugin.state for plugin in howdah.default_driver().plugins}
        print(states["lobject"], states["types"], states["pgvector"])
        """,
        install=False,
    )
    assert printed == ["disabled enabled disabled"]


def test_a_disabled_plugin():
    printed = run(
        """
        import howdah
        howdah.configure(disable=["pipeline"])
        import psycopg
        assert "Pipeline" not in vars(psycopg)
        assert psycopg.capabilities.has_pipeline() is False
        try:
            psycopg.Pipeline
        except psycopg.NotSupportedError as error:
            print(error)
        """
    )
    assert "pipeline" in printed[0]
