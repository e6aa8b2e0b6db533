"""Find the command that is asked for; its file is imported when it is run. Takes the options that all commands take."""

from __future__ import annotations

import importlib

import click

from dagbuild.cli.commands import COMMANDS, SECTIONS
from dagbuild.cli.session import IMPLICIT, Given
from dagbuild.version import __version__

_WITH_VALUE = ("-C", "--project", "--profile", "--set")
_FLAGS = ("-h", "--help", "--version")


class CommandGroup(click.Group):
    """Finds commands by name and imports them late; anything else that comes first is a target to build."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the commands' names."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return the command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"dagbuild.cli.{cmd_name}").command
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read `dagbuild TARGET...` as `dagbuild build TARGET...`; a command of the same name wins."""
        first = _find_first_word(args)
        if first < len(args) and args[first] not in COMMANDS:
            args = [*args[:first], "build", *args[first:]]
            ctx.meta[IMPLICIT] = True
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the commands by section, without importing any."""
        for section, commands in SECTIONS.items():
            with formatter.section(section):
                formatter.write_dl(list(commands.items()))


def _find_first_word(args: list[str]) -> int:
    """Return the place of the first word that is none of the options that stand before a command."""
    at = 0
    while at < len(args):
        word = args[at]
        if word in _WITH_VALUE:
            at += 2
        elif word in _FLAGS or word.startswith(tuple(f"{name}=" for name in _WITH_VALUE[1:])):
            at += 1
        else:
            break
    return at


@click.command(
    cls=CommandGroup,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    subcommand_metavar="TARGET... | COMMAND [ARGS]...",
)
@click.version_option(__version__, message="dagbuild %(version)s")
@click.option("-C", "--project", metavar="DIR", help="The project's folder; else found upward from here.")
@click.option("--profile", metavar="NAME", help="Settings of [profile.NAME].")
@click.option(
    "--set", "sets", metavar="KEY=VALUE", multiple=True, help="A config value or setting for this run."
)
@click.pass_context
def group(ctx: click.Context, project: str | None, profile: str | None, sets: tuple[str, ...]) -> None:
    """Make for functions: build what changed, take the rest from the cache.

    `dagbuild forecast` builds the node `forecast` and all that it needs.
    """
    ctx.obj = Given(project, profile, sets)
