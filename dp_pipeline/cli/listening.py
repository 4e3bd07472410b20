"""Where a command that serves something listens: its options, and the socket."""

import socket
from collections.abc import Callable
from typing import Any

import click

from dp_pipeline.cli.terminal import printable

_LAST = 65_535


class _Port(click.ParamType[int]):
    """Where one can listen."""

    name = "integer"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        text = str(value).strip()
        if not (text.isascii() and text.isdecimal() and int(text) <= _LAST):
            self.fail(f"it must be a number from 0 to {_LAST}, not {printable(text)}.", param, ctx)
        return int(text)


PORT = _Port()


def listens_at(port: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command the options --host and --port."""
    host = click.option(
        "--host", default="127.0.0.1", show_default=True, help="Address to listen on."
    )
    number = click.option(
        "--port",
        default=port,
        show_default=True,
        type=PORT,
        help="0 takes a free one.",
    )
    return lambda command: host(number(command))


def listener(host: str, port: int) -> socket.socket:
    """Listen there.

    Raises:
        click.ClickException: the address cannot be had.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=256)
    except OSError as error:
        message = f"Cannot listen on {host} port {port}: {error.strerror}. Try --port 0."
        raise click.ClickException(message) from error
