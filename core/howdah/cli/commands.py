"""The subcommands of `howdah`, including those of plugins; a broken plugin does not affect the others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from howdah.cli.arguments import conninfo_argument, version_option
from howdah.cli.doctor_command import DoctorCommand
from howdah.errors import PluginError, ProgrammingError
from howdah.framework.driver import Driver, configure, default_driver, disabled_in_environment
from howdah.framework.plugins import PluginInfo, discover

__all__ = ["command_line"]


class Commands(click.Group):
    """A group whose errors do not repeat what looks like a conninfo, which may have a password in it.

    Attributes:
        problem: why there is no default driver, which only the command `plugins` does without.
    """

    problem: ProgrammingError | None = None

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Return the name of the command, the command, and its arguments."""
        if args and args[0] not in self.commands and ("=" in args[0] or "://" in args[0]):
            ctx.fail("the first argument must be a command, such as doctor, and the conninfo follows it")
        if self.problem and args[0] != "plugins":
            raise click.ClickException(str(self.problem))
        return super().resolve_command(ctx, args)


def command_line() -> click.Group:
    """Return the `howdah` command with the subcommands of the default driver's plugins.

    Plugins that fail are reported and left out.

    Raises:
        howdah.PluginError: a plugin failed, and it is not clear which one.
    """
    failures: dict[str, PluginError] = {}
    while True:
        group = Commands(
            "howdah",
            help="howdah, a PostgreSQL driver in which every feature is a plugin.",
            context_settings={"help_option_names": ["-h", "--help"]},
        )
        plugins: list[PluginInfo] = []
        _add_commands(group, plugins)
        try:
            driver, group.problem = _driver([*failures])
            driver.register_commands(group)
            # Their mixins are imported now: if one is broken, its plugin is listed as failed.
            _ = driver.Connection, driver.AsyncConnection
        except PluginError as error:
            if error.plugin is None or error.plugin in failures:
                raise
            failures[error.plugin] = error
        else:
            break
    group.context_settings["obj"] = driver
    plugins += _infos(driver, failures)
    for command in (group, *group.commands.values()):
        if not any("--version" in parameter.opts for parameter in command.params):
            version_option(command)
    return group


def _driver(failed: list[str]) -> tuple[Driver, ProgrammingError | None]:
    """Return the default driver; or else one like it, and what is wrong with `HOWDAH_DISABLE`.

    Args:
        failed: the plugins to leave out.
    """
    configure(disable=failed)
    try:
        return default_driver(), None
    except ProgrammingError as error:
        known = {plugin.name for plugin in discover()[0]}
        return Driver(disable=[*failed, *known.intersection(disabled_in_environment())]), error


def _add_commands(group: Commands, plugins: list[PluginInfo]) -> None:
    """Add howdah's own subcommands.

    Args:
        group: the group, whose `obj` will be the driver.
        plugins: the plugins, to be filled before a command runs.
    """

    @group.command("plugins")
    @click.option("--json", "as_json", is_flag=True, help="Print JSON.")
    def show_plugins(as_json: bool) -> None:
        """List the installed plugins, and whether they are in use.

        Plugins that failed are listed too; standard error says why. It also
        says which names in HOWDAH_DISABLE are none of a plugin.
        """
        from howdah.cli.doctor import plugins_as_json
        from howdah.cli.printing import console_for, print_failures, print_json, print_plugins

        if as_json:
            print_json(plugins_as_json(plugins))
        else:
            print_plugins(plugins, console_for())
            print_failures(plugins, console_for(stderr=True))
        if group.problem:
            click.echo(f"howdah: {group.problem}", err=True)

    @group.command("new-plugin")
    @click.argument("name")
    @click.option("--directory", type=click.Path(path_type=Path), metavar="DIR",
                  help="Where to put it; default: a new directory of that name.")  # fmt: skip
    def new_plugin(name: str, directory: Path | None) -> None:
        """Write the distribution of a new plugin, whose tests pass.

        NAME is the name of the distribution, such as acme-moods. It has an
        adapter and an observer as examples, tests with a server of their
        own, and settings for mypy and ruff. The exit status is 0 if it was
        written, 1 if there is something in DIR, and 2 if NAME is not valid
        or taken.
        """
        from howdah.cli.new_plugin import make_plugin, next_steps

        try:
            written = make_plugin(name, directory or Path(name))
        except ValueError as error:
            raise click.UsageError(str(error)) from error
        except OSError as error:
            raise click.ClickException(str(error)) from error
        for path in written:
            click.echo(path)
        click.echo(f"\nnow: {next_steps(directory or Path(name))}", err=True)

    @group.command("doctor", cls=DoctorCommand)
    @conninfo_argument
    @click.option("-v", "--verbose", is_flag=True, help="Print all that is known, even if all is well.")
    @click.option("--json", "as_json", is_flag=True, help="Print JSON.")
    @click.pass_context
    def examine(
        context: click.Context, /, conninfo: str, verbose: bool, as_json: bool, **options: Any
    ) -> None:
        """Connect to a server; if that fails, say which step failed and what to try.

        CONNINFO is a connection string; what it leaves out comes from the
        environment, as for every connection. The exit status is 0 if all is
        well, 1 if there is no connection, a plugin failed or a fault was
        found, and 2 if the command is wrong.
        """
        from howdah.cli.doctor import examine
        from howdah.cli.printing import console_for, print_examination, print_json

        assert isinstance(context.command, DoctorCommand)
        examination = examine(context.obj, conninfo, plugins, context.command.examinations(options))
        if as_json:
            print_json(examination.as_json())
        else:
            print_examination(examination, console_for(), verbose=verbose)
        context.exit(0 if examination.healthy else 1)


def _infos(driver: Driver, failures: dict[str, PluginError]) -> list[PluginInfo]:
    infos = [
        info._replace(state="failed", error=failures[info.name]) if info.name in failures else info
        for info in driver.plugins
    ]
    return sorted(infos, key=lambda info: (info.distribution != "howdah", info.name))
