"""`dp doctor`: whether what this installation stands on works."""

import json
import sys
from dataclasses import asdict

import click
from rich.text import Text

from dp_pipeline.cli.group import console, instance_in_use, main, plain_errors
from dp_pipeline.cli.terminal import plain
from dp_pipeline.competitions import file
from dp_pipeline.instance.opening import database_as_it_is, object_store
from dp_pipeline.settings import Settings

_STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}
_INDENT = 6


@main.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON array instead of lines.")
@click.option(
    "--quick",
    is_flag=True,
    help="Only whether database, daemon and delivery work, as /healthz says it.",
)
def doctor(*, as_json: bool, quick: bool) -> None:
    """Check what this installation stands on, and say what to do where it is not well.

    Permissions, disk, the files of followed competitions, known exceptions and retention, database,
    tables, pooler, clock, object store (one small object is written and deleted), Slack (nothing is
    posted), Dagster's storage, its daemon, and the providers of stored tournaments. Nothing is
    migrated or repaired.
    Exits with 1 if a check failed.
    """
    from dp_pipeline.instance.doctor import Installation, examine, examine_parts

    command = click.get_current_context()
    screen, found, failed = console(), [], False
    with plain_errors():
        settings = Settings.load()
        for notice in settings.notices:
            click.echo(notice, err=True)
        installation = Installation(
            settings,
            lambda: database_as_it_is(settings),
            lambda: object_store(settings),
            lambda: command.with_resource(instance_in_use()),
            file.load,
        )
        for name, diagnosis in (examine_parts if quick else examine)(installation):
            failed |= diagnosis.state == "fail"
            found.append({"check": name, **asdict(diagnosis)})
            if not as_json:
                state = Text(f"{diagnosis.state:<5} ", _STYLES[diagnosis.state])
                screen.print(state + plain(f"{name}: {diagnosis.said}"))
                if diagnosis.cure:
                    for line in plain(diagnosis.cure).wrap(screen, screen.width - _INDENT):
                        line.rstrip()  # it is copied, or goes into a file
                        screen.print(" " * _INDENT + line.plain, soft_wrap=True)
    if as_json:
        click.echo(json.dumps(found, indent=2))
    sys.exit(1 if failed else 0)
