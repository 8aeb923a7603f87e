"""The database that statements are prepared in: a temporary one with the schema, or an existing one."""

from __future__ import annotations

import os
import re
import secrets
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from howdah import conninfo, sql
from howdah.errors import DatabaseError, Error
from howdah_check.lexing import split
from howdah_check.preparing import fault_of
from howdah_check.statements import Fault
from howdah_check.texts import FileOrigin, Piece, Text

if TYPE_CHECKING:
    from howdah.framework.driver import Driver

__all__ = ["CannotCheck", "SchemaFaults", "existing_database", "schema_files", "temporary_database"]

#: From here on, a migration is undone: dbmate's, goose's and others' marks.
_DOWN = re.compile(r"(?im)^--\s*(?:migrate:down|\+goose\s+down|\+migrate\s+down|!downs|rollback)\b")
_UNDOING = re.compile(r"(?i)(?:[._-](?:down|rollback|undo)\.sql|^u\d[^/]*\.sql)$")
#: Arguments can be seen by all users of the machine, so that the URL, with the password, is not one.
_ALEMBIC = """
import os, sys
from alembic import command
from alembic.config import Config
config = Config(sys.argv[1])
url = os.environ["DATABASE_URL"].replace("postgresql:", "postgresql+howdah:", 1)
config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
command.upgrade(config, "heads")
"""


class CannotCheck(Exception):
    """There is no database to check the statements in.

    Args:
        reason: why.
    """


class SchemaFaults(Exception):
    """The schema cannot be applied.

    Args:
        faults: what is wrong with it.
    """

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = faults


def schema_files(paths: Sequence[Path]) -> list[Path]:
    """Return the files of a schema in the order in which they are applied.

    Args:
        paths: files, and directories of migrations.

    Raises:
        CannotCheck: one does not exist, or has no .sql file in it.
    """
    found: list[Path] = []
    for path in paths:
        if not path.is_dir():
            if not path.is_file():
                raise CannotCheck(f"there is no schema in {path}")
            found.append(path)
            continue
        files = [file for file in path.rglob("*.sql") if _UNDOING.search(file.name) is None]
        if not files:
            raise CannotCheck(f"the directory {path} has no .sql files")
        found += sorted(files, key=lambda file: _natural(file.relative_to(path)))
    return found


@contextmanager
def existing_database(driver: Driver, dsn: str) -> Iterator[Any]:
    """Connect to a database in which nothing can be written.

    Args:
        driver: the driver.
        dsn: the conninfo of the database.

    Raises:
        CannotCheck: there is no connection.
    """
    with _connected(driver, dsn) as connection:
        connection.execute("SET default_transaction_read_only = on")
        yield connection


@contextmanager
def temporary_database(
    driver: Driver,
    server: str,
    *,
    schema: Sequence[Path] = (),
    alembic: Path | None = None,
    commands: Sequence[str] = (),
) -> Iterator[Any]:
    """Create a database with the project's schema, and drop it at the end.

    Args:
        driver: the driver.
        server: the conninfo of the server.
        schema: files of SQL, in order.
        alembic: the configuration of Alembic, whose migrations are applied after them.
        commands: shell commands that apply further migrations.

    Yields:
        A connection to the database.

    Raises:
        CannotCheck: there is no connection, or a command has failed.
        SchemaFaults: the schema has faults.
    """
    name = f"howdah_check_{secrets.token_hex(6)}"
    with _connected(driver, server) as control:
        try:
            control.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        except Error as error:
            raise CannotCheck(f"a temporary database cannot be created: {error}") from error
        try:
            info = control.info
            params = {**info.get_parameters(), "dbname": name, "host": info.host, "port": str(info.port)}
            params = {key: value for key, value in params.items() if value != ""}
            if info.password:
                params["password"] = info.password
            dsn = conninfo.make_conninfo(**params)
            with _connected(driver, dsn) as connection:
                for path in schema:
                    _apply(connection, path)
            if alembic is not None:
                _run_alembic(alembic, params)
            for command in commands:
                _run(command, params)
            # A connection of its own: a schema may change settings, as the search path.
            with _connected(driver, dsn) as connection:
                yield connection
        finally:
            control.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def _connected(driver: Driver, dsn: str) -> Iterator[Any]:
    try:
        connection = driver.connect(dsn, autocommit=True)
    except Error as error:
        raise CannotCheck(f"there is no connection to the server: {error}") from error
    with connection:
        yield connection


def _apply(connection: Any, path: Path) -> None:
    """Run the statements of a file."""
    try:
        string = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CannotCheck(f"the schema {path} cannot be read: {error}") from error
    down = _DOWN.search(string)
    whole = Text([Piece(string, FileOrigin(path, string))])
    for span in split(string if down is None else string[: down.start()], psql=True):
        if span.empty or _is_copy_in(string[span.start : span.end]):
            continue
        text = whole.part(span.start, span.end)
        try:
            connection.execute(str(text))
        except DatabaseError as error:
            raise SchemaFaults([fault_of(error, text, text, "schema")]) from error


def _is_copy_in(text: str) -> bool:
    """Return whether a statement copies data, which the types of columns do not depend on."""
    return re.match(r"(?is)(?:\s|--[^\n]*\n)*COPY\b(?!\s*\().*\bFROM\s+STDIN\b", text) is not None


def _run_alembic(configuration: Path, params: dict[str, Any]) -> None:
    if not configuration.is_file():
        raise CannotCheck(f"there is no configuration of Alembic in {configuration}")
    arguments = [sys.executable, "-c", _ALEMBIC, str(configuration.resolve())]
    _completed(arguments, "alembic upgrade heads", params, configuration.resolve().parent)


def _run(command: str, params: dict[str, Any]) -> None:
    if os.name == "nt":
        _completed(["cmd", "/c", command], command, params, None)
    else:
        _completed(shlex.split(command), command, params, None)


def _completed(arguments: list[str], command: str, params: dict[str, Any], directory: Path | None) -> None:
    """Run a command that finds the database in its environment."""
    variables = {p.name: p.environ for p in conninfo.PARAMETERS}
    settings = {str(variables[key]): str(value) for key, value in params.items() if variables.get(key)}
    environment = {**os.environ, **settings, "DATABASE_URL": database_url(params)}
    try:
        done = subprocess.run(
            arguments, env=environment, cwd=directory, capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise CannotCheck(f"{command!r} cannot be run: {error}") from error
    if done.returncode:
        output = "\n".join((done.stdout + done.stderr).strip().splitlines()[-20:])
        raise CannotCheck(f"{command!r} has failed with exit status {done.returncode}:\n{output}")


def database_url(params: dict[str, Any]) -> str:
    """Return the URL of a database.

    Args:
        params: the parameters of the connection.
    """
    rest = dict(params)
    user, password = rest.pop("user", ""), rest.pop("password", "")
    credentials = quote(user, "") + (f":{quote(password, '')}" if password else "")
    name = quote(rest.pop("dbname", ""), "")
    return f"postgresql://{credentials}{'@' if credentials else ''}/{name}?{urlencode(rest)}"


def _natural(path: Path) -> list[tuple[int, str]]:
    """Return a key that sorts 2 before 10."""
    return [
        (int(part), "") if part.isdigit() else (sys.maxsize, part)
        for part in re.split(r"(\d+)", path.as_posix())
        if part
    ]
