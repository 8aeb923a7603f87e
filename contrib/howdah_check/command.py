"""The command `howdah check`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from howdah.framework.driver import Driver

__all__ = ["check"]

_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("paths", nargs=-1, type=_PATH)
@click.option("-s", "--schema", multiple=True, type=_PATH,
              help="A file of SQL, or a directory of .sql migrations, to apply.")  # fmt: skip
@click.option("--alembic", type=_PATH, help="An alembic.ini, whose migrations are applied.")
@click.option("--migrate", multiple=True, metavar="COMMAND",
              help="A command that migrates the database in DATABASE_URL.")  # fmt: skip
@click.option(
    "--server", metavar="CONNINFO", help="Where the temporary database is created; default: embedded:"
)
@click.option(
    "-d", "--dsn", metavar="CONNINFO", help="An existing database to use instead; nothing is written."
)
@click.option("--search-path", help="The search path of the statements.")
@click.option("--exclude", multiple=True, metavar="PATTERN", help="Paths to leave out, as tests/*.")
@click.option("--function", "functions", multiple=True, metavar="NAME",
              help="A further function or method whose first argument is a query.")  # fmt: skip
@click.option("--ignore", multiple=True, metavar="CODE", help="A kind of fault not to report.")
@click.option("--stubs", type=_PATH, metavar="DIR", help="Write modules with the types of all statements.")
@click.option("--config", type=_PATH, help="The file with [tool.howdah.check]; default: pyproject.toml.")
@click.option("--github", is_flag=True, help="Print annotations of GitHub Actions.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("-v", "--verbose", is_flag=True, help="List what is not checked.")
@click.pass_context
def check(
    context: click.Context, /, config: Path | None, github: bool, as_json: bool, verbose: bool, **options: Any
) -> None:
    """Check the SQL in PATHS against the project's schema.

    \b
        howdah check --schema schema.sql src
        howdah check --schema migrations --stubs src/app/sql_types src

    SQL is found in Python modules, which are not imported, and in .sql files.
    The server prepares each statement; none is executed. The exit status is
    0 without faults, 1 with faults, and 2 if nothing could be checked: no file
    was read, or there is no server.
    """  # noqa: D301 - click wants the character
    # Only this command needs these modules; others are added to `howdah` as well.
    from rich.console import Console

    from howdah_check.checking import CODES, check_project
    from howdah_check.database import CannotCheck
    from howdah_check.reporting import print_github, print_json, print_text
    from howdah_check.settings import SettingsError, load
    from howdah_check.stubs import write_stubs

    if github and as_json:
        raise click.UsageError("--github and --json exclude each other")
    driver: Driver = context.obj
    try:
        settings = load(options, config)
        unknown = [code for code in settings.ignore if code not in CODES]
        if unknown:
            raise SettingsError(f"there are no faults {', '.join(unknown)}; there are {', '.join(CODES)}")
        report = check_project(driver, settings)
        if settings.stubs is not None and not report.schema_failed:
            write_stubs(report, settings.stubs, settings.base)
    except SettingsError as error:
        raise click.UsageError(str(error)) from error
    except (CannotCheck, OSError) as error:
        click.echo(f"howdah: {error}", err=True)
        context.exit(2)
    if as_json:
        print_json(report, click.echo)
    elif github:
        print_github(report, click.echo, verbose=verbose)
    else:
        print_text(report, Console(highlight=False), verbose=verbose)
    context.exit(1 if report.faults else 0 if report.files else 2)
