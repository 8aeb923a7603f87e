"""The distribution of the page "Write a plugin in ten minutes" is built, installed, and used as described."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import howdah
from howdah import hookspecs
from tests import servers
from tests.pages import ROOT, blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = ROOT / "docs" / "write-a-plugin.md"
TEXT = PAGE.read_text(encoding="utf-8")
#: A block that is a file begins with its path.
FILE = re.compile(r"# (\S+\.(?:py|toml))\n")
FILES = {
    found[1]: block[1]
    for language in ("toml", "python")
    for block in blocks(TEXT, language)
    if (found := FILE.match(block[1]))
}
HOOKS = [name for name in vars(hookspecs) if name.startswith("howdah_")]
#: Those that are asked without regard to a connection, which may be an asynchronous one.
SYNC_ONLY = {"howdah_capabilities", "howdah_register_commands"}
#: That of which only async connections have something.
ASYNC_ONLY = {"howdah_scheduler"}

EXAMPLES = """
import sys
from pathlib import Path
from tests.pages import run

def wanted(code):
    return not code.startswith(("# src/", "# tests/")) and ("await " in code) == (sys.argv[2] == "async")

assert run(Path(sys.argv[1]), wanted=wanted)
"""
IMPLEMENTED = """
import howdah
for plugin in howdah.default_driver().plugins:
    if plugin.distribution == "zoo-howdah":
        assert plugin.version == "1.0" and plugin.state == "enabled"
        print(*plugin.hooks, sep="\\n")
"""


class ProxyServer:
    """An HTTP proxy that knows the way to one server, whatever its name is.

    Args:
        target: the server's address.
    """

    def __init__(self, target: tuple[str, int]) -> None:
        self.target = target
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client: socket.socket) -> None:
        request = b""
        while not request.endswith(b"\r\n\r\n"):
            request += client.recv(4096)
        if not request.startswith(b"CONNECT tickets.internal:"):
            client.close()
            return
        server = socket.create_connection(self.target)
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        answers = threading.Thread(target=self.carry, args=(server, client), daemon=True)
        answers.start()
        self.carry(client, server)
        answers.join()
        client.close()
        server.close()

    def carry(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the page's distribution."""
    project = tmp_path_factory.mktemp("zoo-howdah")
    for name, content in FILES.items():
        path = project / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8")
    pip("wheel", "--no-build-isolation", "--wheel-dir", project / "dist", project)
    [wheel] = (project / "dist").iterdir()
    return wheel


@pytest.fixture(scope="module")
def site(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where it is installed."""
    site = tmp_path_factory.mktemp("site")
    pip("install", "--target", site, wheel)
    return site


def pip(command: str, *arguments: object) -> None:
    """Run pip, without a network."""
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-index"]
    subprocess.run([sys.executable, "-m", "pip", command, *options, *map(str, arguments)], check=True)


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of the zoo's programs: a server, a proxy, a token, and the list of databases."""
    hba = ("local all keeper password", "local all all trust", "host all all all trust")
    directory = tmp_path_factory.mktemp("zoo")
    with servers.Server(os.environ.get("HOWDAH_TEST_PG", "18"), hba=hba) as server:
        with howdah.connect(server.dsn, autocommit=True) as conn:
            conn.execute("CREATE ROLE keeper LOGIN PASSWORD 'token of the day'")
            conn.execute("CREATE ROLE clerk LOGIN")
            conn.execute("CREATE DATABASE animals OWNER keeper")
            conn.execute("CREATE DATABASE tickets OWNER clerk")
        proxy = ProxyServer((server.tcp_host, server.port))
        (directory / "token").write_text("token of the day\n")
        [example] = blocks(TEXT, "json")
        known = json.loads(example[1])
        known["animals"] = known["animals"].replace("db.zoo.example", f"{server.host} port={server.port}")
        known["tickets"] = known["tickets"].replace("proxy.zoo.example:3128", proxy.address)
        (directory / "databases.json").write_text(json.dumps(known))
        (directory / "howdah").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m howdah "$@"\n')
        (directory / "howdah").chmod(0o755)
        yield {
            **{name: value for name, value in os.environ.items() if not name.startswith("PG")},
            "PATH": os.pathsep.join([str(directory), os.environ["PATH"]]),
            "PGHOST": server.host,
            "PGPORT": str(server.port),
            "PGUSER": server.user,
            "PGDATABASE": "animals",
            "ZOO_DATABASES": str(directory / "databases.json"),
            "ZOOTOKENFILE": str(directory / "token"),
        }
        proxy.listener.close()


def environ(zoo: dict[str, str], site: Path) -> dict[str, str]:
    """The environment with what is installed in `site`."""
    return {**zoo, "PYTHONPATH": os.pathsep.join([str(site), str(ROOT), *filter(None, sys.path)])}


def python(zoo: dict[str, str], site: Path, program: str, *arguments: object) -> Any:
    """Run a program as one of the zoo's."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", program, *map(str, arguments)],
        env=environ(zoo, site),
        capture_output=True,
        text=True,
        timeout=60,
    )


def run_page(zoo: dict[str, str], site: Path, side: str) -> str:
    """Run the page's examples and, with those that are synchronous, its commands; return what went wrong."""
    run = python(zoo, site, EXAMPLES, PAGE, side)
    if run.returncode:
        return run.stderr
    for block in blocks(TEXT, "console") if side == "sync" else []:
        command, expected = re.fullmatch(r"\$ (.*?)\n(.*)", block[1], re.DOTALL).groups()
        if command.startswith("pip "):
            continue  # as the fixtures do
        ran = subprocess.run(
            command, shell=True, env=environ(zoo, site), capture_output=True, text=True, timeout=60
        )
        if ran.stdout != expected:
            return f"{command!r} printed {ran.stdout!r}, and {ran.stderr!r}"
    return ""


def test_all_of_the_distribution_is_on_the_page(wheel: Path) -> None:
    modules = {Path(name).stem for name in FILES if name.startswith("src/")}
    plugins = re.findall(r'^(zoo_\w+) = "(zoo_\w+)"$', FILES["pyproject.toml"], re.MULTILINE)
    assert plugins == [(module, module) for module in map(str, [name for name, _ in plugins])]
    assert {name for name, _ in plugins} == modules
    assert wheel.name == "zoo_howdah-1.0-py3-none-any.whl"


def test_together_the_plugins_implement_every_hook(zoo: dict[str, str], site: Path) -> None:
    run = python(zoo, site, IMPLEMENTED)
    assert run.returncode == 0, run.stderr
    assert set(run.stdout.split()) == set(HOOKS)


def test_the_table_lists_the_hooks_of_each_module() -> None:
    rows = re.findall(r"^\| \d+ \| \[`(\w+)`\]\(#[\w-]+\) \| (.*) \|$", TEXT, re.MULTILINE)
    assert {name: {f"howdah_{hook}" for hook in re.findall(r"\w+", hooks)} for name, hooks in rows} == {
        Path(name).stem: set(re.findall(r"^@hookimpl.*\ndef (\w+)", code, re.MULTILINE))
        for name, code in FILES.items()
        if name.startswith("src/")
    }


@pytest.mark.parametrize("side", ["sync", "async"])
def test_the_examples_run(zoo: dict[str, str], site: Path, side: str) -> None:
    failure = run_page(zoo, site, side)
    assert not failure, failure


def test_the_adapter_is_proved(zoo: dict[str, str], site: Path, tmp_path: Path) -> None:
    for name, content in FILES.items():
        if name.startswith("tests/"):
            (tmp_path / Path(name).name).write_text(content, encoding="utf-8")
    dsn = f"host={zoo['PGHOST']} port={zoo['PGPORT']} user={zoo['PGUSER']} dbname=postgres"
    unused = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest")
    command = [sys.executable, "-m", "pytest", *unused, "-p", "howdah_testing", "-q"]

    def run(site: Path) -> Any:
        env = {**environ(zoo, site), "HOWDAH_TEST_DSN": dsn}
        return subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)

    ran = run(site)
    assert ran.returncode == 0 and "2 passed" in ran.stdout, ran.stdout
    broken = tmp_path / "site"
    shutil.copytree(site, broken, ignore=shutil.ignore_patterns("__pycache__"))
    module = broken / "zoo_foods.py"
    module.write_text(module.read_text().replace("return obj.value", "return obj.value.upper()"))
    ran = run(broken)
    assert "2 failed" in ran.stdout and "check_adapter('food')" in ran.stdout, ran.stdout


@pytest.mark.parametrize(
    ("hook", "side"),
    [
        (hook, side)
        for hook in HOOKS
        for side in ("sync", "async")
        if hook not in (ASYNC_ONLY if side == "sync" else SYNC_ONLY)
    ],
)
def test_the_examples_need_every_hook(
    zoo: dict[str, str], site: Path, tmp_path: Path, hook: str, side: str
) -> None:
    """Without the mark of one hook, the page does not hold any more: each of them acts."""
    without = tmp_path / "site"
    shutil.copytree(site, without, ignore=shutil.ignore_patterns("__pycache__"))
    removed = 0
    for module in without.glob("zoo_*.py"):
        code, count = re.subn(rf"^@hookimpl.*\n(?=def {hook}\()", "", module.read_text(), flags=re.MULTILINE)
        module.write_text(code)
        removed += count
    assert removed
    assert run_page(zoo, without, side)
