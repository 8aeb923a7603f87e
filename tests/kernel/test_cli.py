"""The `howdah` command: plugins, doctor, and what plugins add to it."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import trustme
from click.testing import CliRunner, Result

import howdah
from howdah.cli.commands import command_line
from tests import servers
from tests.distributions import Site
from tests.kernel.connecting.scripted_server import ScriptedServer, error, packet

pytestmark = pytest.mark.usefixtures("unconfigured")

GREETING = """
    import click
    from howdah import hookimpl

    @hookimpl
    def howdah_register_commands(group):
        @group.command()
        @click.argument("name")
        @click.pass_context
        def greet(context, name):
            "Greet somebody."
            click.echo(f"hello {name}, from {type(context.obj).__name__}")
"""


def howdah_command(*arguments: str) -> Result:
    return CliRunner().invoke(command_line(), arguments, prog_name="howdah")


def run(
    arguments: Sequence[str],
    site: Site | None = None,
    program: Sequence[str] = ("-m", "howdah"),
    **environment: str,
) -> subprocess.CompletedProcess[str]:
    path = [*([str(site.path)] if site else []), *filter(None, sys.path)]
    return subprocess.run(
        [sys.executable, *program, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path), "HOWDAH_DISABLE": "", **environment},
    )


def row(output: str, name: str) -> list[str]:
    [found] = [line.split() for line in output.splitlines() if line.startswith(f"{name} ")]
    return found


@pytest.fixture
def greeter(site: Site) -> Site:
    """A distribution with a plugin that has a subcommand."""
    site.install("acme-greet", "4.2", modules={"acme_greet": GREETING}, plugins={"greet": "acme_greet"})
    return site


@pytest.fixture
def broken(site: Site) -> Site:
    """A distribution with a plugin that cannot be imported."""
    site.install("acme-bad", "0.1", modules={"acme_bad": "1 / 0"}, plugins={"bad": "acme_bad"})
    return site


class TestPlugins:
    def test_it_lists_them(self, greeter: Site) -> None:
        result = howdah_command("plugins")
        assert result.exit_code == 0
        assert row(result.output, "plugin") == ["plugin", "version", "origin", "hooks", "state"]
        assert row(result.output, "greet") == [
            *("greet", "4.2", "acme_greet", "(acme-greet)", "register_commands", "enabled")
        ]

    def test_disabled_ones_too(self, greeter: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOWDAH_DISABLE", "greet")
        assert row(howdah_command("plugins").output, "greet")[-1] == "disabled"
        assert "acme_greet" not in sys.modules

    def test_broken_ones_too(self, greeter: Site, broken: Site) -> None:
        result = howdah_command("plugins")
        assert result.exit_code == 0
        assert row(result.stdout, "bad")[-1] == "failed"
        assert row(result.stdout, "greet")[-1] == "enabled"
        assert "HOWDAH_DISABLE=bad" in result.stderr
        assert "division by zero" in result.stderr

    def test_one_that_fails_when_it_adds_its_command(self, site: Site) -> None:
        source = """
            from howdah import hookimpl

            @hookimpl
            def howdah_register_commands(group):
                raise LookupError("lost")
        """
        site.install("acme-bad", modules={"acme_bad": source}, plugins={"bad": "acme_bad"})
        result = howdah_command("plugins")
        assert row(result.stdout, "bad")[-1] == "failed"
        assert "lost" in result.stderr

    def test_two_of_one_name(self, greeter: Site) -> None:
        greeter.install("other-greet", "0.9", modules={"other": ""}, plugins={"greet": "other"})
        result = howdah_command("plugins")
        states = [line.split()[-1] for line in result.stdout.splitlines() if line.startswith("greet ")]
        assert states == ["failed", "failed"]
        assert "acme-greet 4.2 and other-greet 0.9" in result.stderr

    def test_as_a_module(self, greeter: Site) -> None:
        done = run(["plugins"], greeter)
        assert (done.returncode, done.stderr) == (0, "")
        assert row(done.stdout, "greet")[-1] == "enabled"

    def test_an_unknown_name_in_howdah_disable(self) -> None:
        done = run(["plugins"], HOWDAH_DISABLE="fnord,pool")
        assert done.returncode == 0
        assert "no plugin is called 'fnord'" in done.stderr
        assert "Traceback" not in done.stderr
        assert row(done.stdout, "pool")[-1] == "disabled"
        assert row(done.stdout, "prepare")[-1] == "enabled"

    @pytest.mark.parametrize("command", [["doctor"], ["copy", "a.csv", "a"]])
    def test_an_unknown_name_in_howdah_disable_of_other_commands(self, command: list[str]) -> None:
        done = run(command, HOWDAH_DISABLE="fnord")
        assert (done.returncode, done.stdout) == (1, "")
        assert "no plugin is called 'fnord'" in done.stderr
        assert "Traceback" not in done.stderr


class TestCommandsOfPlugins:
    def test_they_run(self, greeter: Site) -> None:
        assert howdah_command("greet", "Jumbo").output == "hello Jumbo, from Driver\n"

    def test_they_are_in_the_help(self, greeter: Site) -> None:
        assert "Greet somebody." in howdah_command("--help").output

    def test_a_broken_plugin_does_not_stop_them(self, greeter: Site, broken: Site) -> None:
        assert howdah_command("greet", "Jumbo").exit_code == 0


class TestAllCommands:
    @pytest.mark.parametrize("command", [[], ["plugins"], ["doctor"], ["copy"], ["check"], ["new-plugin"]])
    def test_they_have_a_version(self, command: list[str]) -> None:
        output = howdah_command(*command, "--version").output
        assert output.startswith(f"howdah {howdah.__version__} ({howdah.__impl__}, Python ")

    def test_every_option_is_explained(self) -> None:
        for command in command_line().commands.values():
            assert command.help
            for parameter in command.params:
                assert parameter.param_type_name == "argument" or parameter.help, (command, parameter)

    @pytest.mark.parametrize("command", [[], ["plugins"], ["doctor"], ["copy"], ["check"]])
    def test_the_help_fits_into_80_columns(self, command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("COLUMNS", "80")
        output = howdah_command(*command, "--help").output
        assert max(map(len, output.splitlines())) <= 80
        assert "\\b" not in output and "\b" not in output

    @pytest.mark.parametrize(
        "arguments",
        [
            ["postgresql://app:hunter2@db/zoo"],
            ["host=db password=hunter2", "doctor"],
            ["doctor", "host=127.0.0.1", "port=1", "password=hunter2", "user=x"],
            ["doctor", "--json", "postgresql://app:hunter2@127.0.0.1:1/zoo"],
            ["doctor", "--verbose", "postgresql://app:hunter2@127.0.0.1:1/zoo?tusk=ivory"],
            ["copy", "a.csv", "a", "host=127.0.0.1", "port=1", "password=hunter2", "user=x"],
        ],
    )
    def test_a_password_is_never_printed(self, arguments: list[str]) -> None:
        result = howdah_command(*arguments)
        assert result.exit_code != 0
        assert "hunter2" not in result.output + result.stderr

    def test_no_colour_but_on_terminals(self, dsn: str) -> None:
        assert "\x1b" not in run(["doctor", dsn]).stdout

    @pytest.mark.parametrize(
        "arguments", [["doctor", "--verbose"], ["doctor", "host=nowhere.invalid"], ["plugins"]]
    )
    def test_neither_filled_nor_wrapped_but_on_terminals(self, arguments: list[str]) -> None:
        lines = run(arguments, HOWDAH_DISABLE="types", COLUMNS="40").stdout.splitlines()
        assert lines == [line.rstrip() for line in lines]
        assert not any(line.startswith(" ") for line in lines)

    @pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
    @pytest.mark.parametrize("no_colour", ["", "1"])
    def test_no_color(self, dsn: str, no_colour: str) -> None:
        output = on_a_terminal("doctor", dsn, NO_COLOR=no_colour)
        assert "the connection works" in output
        assert ("\x1b[1;32m" in output) == (not no_colour)


def on_a_terminal(*arguments: str, **environment: str) -> str:
    """Run the command on a pseudo-terminal; return its output."""
    leader, follower = os.openpty()
    env = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "TERM": "xterm",
        **environment,
    }
    with subprocess.Popen(
        [sys.executable, "-m", "howdah", *arguments],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env=env,
    ):
        os.close(follower)
        output = b""
        with contextlib.suppress(OSError):  # the other end is closed
            while data := os.read(leader, 65536):
                output += data
    os.close(leader)
    return output.decode()


class TestWithoutTheExtra:
    @pytest.mark.parametrize("missing", ["click", "rich"])
    def test_it_says_what_to_install(self, missing: str) -> None:
        code = f"import sys; sys.modules[{missing!r}] = None; from howdah.cli import main; main(['plugins'])"
        done = run([], program=("-c", code))
        assert done.returncode == 1
        assert missing in done.stderr
        assert 'pip install "howdah[cli]"' in done.stderr
        assert "Traceback" not in done.stderr


class TestWithoutTheNativeCore:
    """`HOWDAH_IMPL` asks for it; its absence takes one line."""

    @pytest.mark.parametrize("command", ["--version", "plugins"])
    def test_it_says_so(self, command: str) -> None:
        code = f"""if True:
            import sys
            from howdah.cli import main
            sys.modules["howdah.native.wire"] = None
            main([{command!r}])
        """
        done = run([], program=("-c", code), HOWDAH_IMPL="native")
        assert (done.returncode, done.stdout) == (1, "")
        [line] = done.stderr.splitlines()
        assert line.startswith("howdah: HOWDAH_IMPL asks for the native core, which was not built")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[servers.Server, Path]]:
    """A Debian server with TLS that asks for passwords over TCP, and its root certificate."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1", "localhost")
    root = tmp_path_factory.mktemp("tls") / "root.crt"
    authority.cert_pem.write_to_path(root)
    server = servers.Server(
        "15",
        settings={"ssl": "on", "ssl_cert_file": "server.crt", "ssl_key_file": "server.key"},
        hba=("local all stranger peer", "local all all trust", "hostssl all all all scram-sha-256"),
        files={
            "server.crt": certificate.cert_chain_pems[0].bytes(),
            "server.key": certificate.private_key_pem.bytes(),
        },
    )
    with server:
        with howdah.connect(server.dsn) as conn:
            conn.execute("CREATE ROLE mahout LOGIN PASSWORD 'banana'")
        yield server, root


def address(server: ScriptedServer) -> str:
    return f"host=127.0.0.1 port={server.port} user=x dbname=x"


class TestDoctor:
    def test_a_healthy_connection_in_a_few_lines(self, dsn: str) -> None:
        result = howdah_command("doctor", dsn)
        assert result.exit_code == 0, result.output
        assert result.output.startswith("✓ the connection works\n")
        assert row(result.output, "server")[1] == "PostgreSQL"
        assert len(result.output.splitlines()) <= 6
        assert "plugin" not in result.output

    def test_all_of_a_healthy_connection(self, dsn: str, greeter: Site) -> None:
        result = howdah_command("doctor", "--verbose", dsn)
        assert result.exit_code == 0, result.output
        assert "✓ the connection works" in result.output
        assert row(result.output, "server")[1] == "PostgreSQL"
        assert row(result.output, "TLS")[1] == "none"
        assert row(result.output, "authentication")[1] == "trust"
        assert row(result.output, "round")[3] == "ms"
        assert row(result.output, "implementation")[1] == howdah.__impl__
        assert row(result.output, "Python")[1] == ".".join(map(str, sys.version_info[:3]))
        assert row(result.output, "greet")[-1] == "enabled"

    def test_the_environment_counts(self, dsn: str) -> None:
        pairs = dict(pair.split("=", 1) for pair in dsn.split())
        names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "dbname": "PGDATABASE"}
        done = run(["doctor"], **{names[key]: value for key, value in pairs.items() if key in names})
        assert done.returncode == 0, done.stdout + done.stderr

    def test_tls_and_authentication(self, guarded: tuple[servers.Server, Path]) -> None:
        server, root = guarded
        dsn = f"{server.tcp_dsn} user=mahout password=banana sslmode=verify-full sslrootcert={root}"
        result = howdah_command("doctor", "--verbose", dsn)
        assert result.exit_code == 0, result.output
        assert row(result.output, "TLS")[1].startswith("TLSv1.")
        assert row(result.output, "authentication")[1].startswith("scram-sha-256")
        assert "banana" not in result.output

    def ails(self, conninfo: str, step: str) -> str:
        report = json.loads(howdah_command("doctor", "--json", conninfo).output)
        assert (report["ok"], report["connection"], report["problem"]["step"]) == (False, None, step)
        result = howdah_command("doctor", conninfo)
        assert result.exit_code == 1
        assert f"✗ the connection failed: {step}\n" in result.output
        assert row(result.output, "try")[1:]
        return result.output

    def test_a_bad_conninfo(self) -> None:
        assert "tusk" in self.ails("tusk=ivory", "conninfo")

    @pytest.mark.parametrize(
        ("raised", "step"), [("FileNotFoundError", "resolving"), ("howdah.ProgrammingError", "conninfo")]
    )
    def test_a_conninfo_that_its_plugin_cannot_resolve(self, raised: str, step: str, site: Site) -> None:
        source = f"""
            import howdah.errors
            from howdah.hookspecs import conninfo_prefixes, hookimpl

            @conninfo_prefixes("zoo:")
            @hookimpl
            def howdah_resolve_conninfo(conninfo, params):
                raise {raised}("no address book")
        """
        site.install("acme-zoo", "1.5", modules={"acme_zoo": source}, plugins={"zoo": "acme_zoo"})
        output = self.ails("zoo:x", step)
        assert f"{raised.removeprefix('howdah.')}: no address book" in output
        assert "while resolving the conninfo, by the plugin 'zoo' (acme-zoo 1.5)" in output
        assert "the server's log" not in output

    def test_a_host_that_does_not_exist(self) -> None:
        output = self.ails("host=nowhere.invalid", "name")
        assert "port 5432 the name does not resolve" in " ".join(row(output, "nowhere.invalid"))

    def test_nobody_listens(self, tmp_path: Path) -> None:
        port = servers.free_port()
        output = self.ails(f"host=127.0.0.1,{tmp_path} port={port}", "socket")
        assert "Connection refused" in " ".join(row(output, "127.0.0.1"))
        assert "No such file" in " ".join(row(output, str(tmp_path)))
        assert "listen_addresses" in " ".join(row(output, "try"))

    def test_no_unix_socket(self, tmp_path: Path) -> None:
        output = self.ails(f"host={tmp_path}", "socket")
        assert "start the server" in " ".join(row(output, "try"))
        assert "host=localhost" in output and "embedded:" in output
        assert "firewall" not in output

    def test_gssapi_that_nobody_offers(self) -> None:
        pytest.importorskip(
            "gssapi", reason="gssapi is not installed: pip install gssapi (it needs libkrb5-dev)"
        )

        def decline(client: socket.socket) -> None:
            client.recv(8)
            client.sendall(b"N")

        with ScriptedServer(decline) as server:
            output = self.ails(f"{address(server)} gssencmode=require", "start-up")
        assert "klist" in " ".join(row(output, "try"))
        output = self.ails(f"host=127.0.0.1 port={servers.free_port()} gssencmode=require", "socket")
        assert "Connection refused" in " ".join(row(output, "127.0.0.1"))

    def test_gssapi_that_is_not_possible(self, tmp_path: Path) -> None:
        output = self.ails(f"host={tmp_path} gssencmode=require", "authentication")
        assert "klist" in " ".join(row(output, "try"))
        assert "require_auth" not in output

    def test_the_wrong_password(self, guarded: tuple[servers.Server, Path]) -> None:
        server, _ = guarded
        output = self.ails(f"{server.tcp_dsn} user=mahout password=cherry", "authentication")
        assert "cherry" not in output
        # The refusal with TLS counts: without TLS the server has no entry in pg_hba.conf for anybody.
        assert "InvalidPassword" in output
        assert "password=, PGPASSWORD" in " ".join(row(output, "try"))

    def test_no_password(self, guarded: tuple[servers.Server, Path], tmp_path: Path) -> None:
        server, _ = guarded
        output = self.ails(f"{server.tcp_dsn} user=mahout passfile={tmp_path}/none", "authentication")
        assert "give a password" in " ".join(row(output, "try"))

    def test_a_certificate_of_somebody_else(
        self, guarded: tuple[servers.Server, Path], tmp_path: Path
    ) -> None:
        server, _ = guarded
        other = tmp_path / "other.crt"
        trustme.CA().cert_pem.write_to_path(other)
        self.ails(
            f"{server.tcp_dsn} user=mahout password=banana sslmode=verify-ca sslrootcert={other}", "TLS"
        )

    @pytest.mark.parametrize(
        "options", ["sslrootcert={missing}", "sslrootcert={root} host=other.example hostaddr=127.0.0.1"]
    )
    def test_verification_that_fails(
        self, guarded: tuple[servers.Server, Path], tmp_path: Path, options: str
    ) -> None:
        server, root = guarded
        given = options.format(missing=tmp_path / "missing.crt", root=root)
        output = self.ails(f"{server.tcp_dsn} {given} user=mahout sslmode=verify-full password=banana", "TLS")
        assert "sslrootcert" in " ".join(row(output, "try"))

    def test_no_such_database(self, dsn: str) -> None:
        assert "createdb" in self.ails(f"{dsn} dbname=atlantis", "database")

    def test_no_such_role(self, guarded: tuple[servers.Server, Path]) -> None:
        server, _ = guarded
        assert "CREATE ROLE" in self.ails(f"{server.dsn} user=nobody", "role")

    def test_no_entry_in_pg_hba_conf(self, guarded: tuple[servers.Server, Path]) -> None:
        server, _ = guarded
        output = self.ails(f"{server.tcp_dsn} user=mahout sslmode=disable", "authentication")
        assert "pg_hba.conf" in " ".join(row(output, "try"))

    def test_a_method_without_a_password(self, guarded: tuple[servers.Server, Path]) -> None:
        server, _ = guarded
        output = self.ails(f"{server.dsn} user=stranger password=banana", "authentication")
        assert "operating system" in " ".join(row(output, "try"))

    def test_another_kind_of_session(self, dsn: str) -> None:
        output = self.ails(f"{dsn} target_session_attrs=standby", "session")
        assert "target_session_attrs" in " ".join(row(output, "try"))

    def test_too_many_connections(self, guarded: tuple[servers.Server, Path]) -> None:
        server, _ = guarded
        with howdah.connect(server.dsn, autocommit=True) as conn:
            conn.execute("CREATE ROLE lonely LOGIN CONNECTION LIMIT 0")
        assert "max_connections" in self.ails(f"{server.dsn} user=lonely", "connections")

    def test_a_database_that_takes_no_connections(self, guarded: tuple[servers.Server, Path]) -> None:
        server, _ = guarded
        assert "ALLOW_CONNECTIONS" in self.ails(f"{server.dsn} dbname=template0", "database")

    def test_an_unknown_setting(self, guarded: tuple[servers.Server, Path]) -> None:
        server, _ = guarded
        assert "PGOPTIONS" in self.ails(f"{server.dsn} options='-c tusk=ivory'", "conninfo")

    def test_an_older_version(self, guarded: tuple[servers.Server, Path]) -> None:
        server, _ = guarded
        assert "min_protocol_version" in self.ails(f"{server.dsn} min_protocol_version=3.2", "version")

    def test_a_server_that_is_starting(self) -> None:
        def refuse(client: socket.socket) -> None:
            packet(client)
            client.sendall(error("57P03", "the database system is starting up"))

        with ScriptedServer(refuse) as server:
            output = self.ails(f"{address(server)} sslmode=disable", "server")
        assert "try again" in output

    def test_something_else_listens(self) -> None:
        def answer(client: socket.socket) -> None:
            packet(client)
            client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        with ScriptedServer(answer) as server:
            output = self.ails(f"{address(server)} sslmode=disable", "start-up")
        assert "is it a PostgreSQL server" in output
        assert "something listens there" in output

    def test_a_server_without_tls(self) -> None:
        def decline(client: socket.socket) -> None:
            packet(client)
            client.sendall(b"N")

        with ScriptedServer(decline) as server:
            output = self.ails(f"{address(server)} sslmode=require", "TLS")
        assert "turn TLS on at the server" in " ".join(row(output, "try"))
        assert "sslrootcert" not in output

    def test_nobody_answers_in_time(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            conninfo = f"host=127.0.0.1 port={listener.getsockname()[1]} user=x dbname=x connect_timeout=1"
            result = json.loads(howdah_command("doctor", "--json", conninfo).output)
        assert result["problem"]["step"] == "time"

    def test_pure_python_that_nobody_asked_for(self, dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """The reason is found at the first import: tests/kernel/test_implementation.py has real ones."""
        assert "pure Python" not in howdah_command("doctor", dsn).output  # the suite has asked for it
        monkeypatch.setattr("howdah.cli.doctor.why_not_native", lambda: "no compiler")
        result = howdah_command("doctor", dsn)
        assert result.exit_code == 0
        assert "! howdah runs in pure Python, which is slower: no compiler; install a wheel" in result.output

    def test_as_json(self, dsn: str, broken: Site) -> None:
        report = json.loads(howdah_command("doctor", "--json", dsn).output)
        assert (report["ok"], report["problem"], report["hosts"]) == (False, None, [])
        assert report["connection"]["server"].startswith("PostgreSQL ")
        assert report["howdah"]["implementation"] == howdah.__impl__
        [bad] = [plugin for plugin in report["plugins"] if plugin["name"] == "bad"]
        assert bad["state"] == "failed" and "division by zero" in bad["error"]

    def test_a_conninfo_without_quotes(self, dsn: str) -> None:
        assert howdah_command("doctor", *dsn.split()).exit_code == 0

    def test_a_broken_plugin_is_an_ailment(self, dsn: str, broken: Site) -> None:
        result = howdah_command("doctor", dsn)
        assert result.exit_code == 1
        assert "✓ the connection works" in result.output
        assert "division by zero" in result.output
