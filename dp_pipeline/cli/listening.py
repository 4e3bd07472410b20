"""Where a command that serves something listens: its options, and the socket."""

import socket
from collections.abc import Callable
from typing import Any

import click


def listens_at(port: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command the options --host and --port."""
    host = click.option(
        "--host", default="127.0.0.1", show_default=True, help="Address to listen on."
    )
    number = click.option(
        "--port",
        default=port,
        show_default=True,
        type=click.IntRange(0, 65_535),
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
