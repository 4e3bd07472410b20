"""What commands say of themselves."""

import importlib
import pkgutil
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from dp_pipeline import cli
from dp_pipeline.cli.group import main


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


@pytest.mark.parametrize("path", [(), ("db",), ("alias",), ("clubs",), ("sandbox",)])
def test_a_list_of_commands_says_of_each_in_one_line_what_it_does(path: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(main, [*path, "--help"], terminal_width=100)
    assert "..." not in shown.output.partition("Commands:")[2]


@pytest.mark.parametrize("path", list(commands(main)), ids=" ".join)
def test_every_option_of_every_command_says_what_it_does(path: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(main, [*path, "--help"], terminal_width=100)
    assert shown.exit_code == 0
    assert max(map(len, shown.output.splitlines())) <= 100
    command: click.Command | None = main
    for name in path:
        assert isinstance(command, click.Group)
        command = command.get_command(click.Context(command), name)
    assert command is not None
    unsaid = [
        option.name
        for option in command.params
        if isinstance(option, click.Option) and not option.help
    ]
    assert unsaid == []


def test_every_module_with_a_command_is_asked_for_it() -> None:
    """A command whose module no name leads to would be there only after another one was loaded."""
    context = click.Context(main)
    named = main.list_commands(context)
    assert all(main.get_command(context, name) for name in named)
    for module in pkgutil.iter_modules(cli.__path__, f"{cli.__name__}."):
        importlib.import_module(module.name)
    assert sorted(main.commands) == named
