"""What commands say of themselves."""

from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from dp_pipeline.cli import main


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
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
    command: click.Command = main
    for name in path:
        assert isinstance(command, click.Group)
        command = command.commands[name]
    unsaid = [
        option.name
        for option in command.params
        if isinstance(option, click.Option) and not option.help
    ]
    assert unsaid == []
