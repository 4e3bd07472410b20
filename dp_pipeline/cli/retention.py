"""`dp retention`: what is too old by the policy of retention, and removing it."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import click

from dp_pipeline.cli.group import console, instance_in_use, main, plain_errors
from dp_pipeline.cli.progress import working
from dp_pipeline.cli.terminal import plain, printable, retention_table
from dp_pipeline.instance.opening import object_store, open_database
from dp_pipeline.ledger.retention.policy import FOREVER, RetentionError, RetentionPolicy, load
from dp_pipeline.ledger.retention.removal import WORDS, Part, Removal
from dp_pipeline.pages.words import amount
from dp_pipeline.settings import Settings

_FAILED = 1
_KEPT_AS = {"answers": "archive", "bodies": "archive"}
"""The name in the policy of parts that have another one there."""


@main.command()
@click.option("--apply", is_flag=True, help="Remove it; without, nothing is removed.")
def retention(*, apply: bool) -> None:
    """Show what is older than the policy of retention says, or remove it.

    The policy is a file that DP_RETENTION names, else the packaged one. What is still needed stays
    however old it is: the last execution of everything, what failed or was refused and waits for
    somebody, what the next request or a replay reads, runs that are not finished. The job
    apply_retention does the same in Dagster. Exits with 1 if a part could not be removed.
    """
    with plain_errors():
        settings = Settings.load()
        try:
            policy = load(settings.retention_file)
        except RetentionError as error:
            raise click.ClickException(printable(str(error))) from error
        database = open_database(settings)
        from dp_pipeline.assets.old_runs import Ours
        from dp_pipeline.assets.retention_job import remove_by, too_old_by
        from dp_pipeline.definitions import defs

        ours, oldest = Ours.of(defs.get_repository_def()), policy.oldest(datetime.now(UTC))
        found: dict[Part, Removal] = {}
        with (
            instance_in_use() as instance,
            working("Looking for what is too old …") as doing,
        ):
            removals = (
                remove_by(oldest, database, object_store(settings), instance, ours)
                if apply
                else too_old_by(oldest, database, instance, ours)
            )
            for each in removals:
                found[each.part] = each
                if apply:
                    doing(f"Removing: {each.count:,} {WORDS[each.part]} …")
    screen = console()
    screen.print(retention_table(_rows(policy, found), "removed" if apply else "too old"))
    for each in found.values():
        if each.problem is not None:
            screen.print(plain(each.sentence, "red"), soft_wrap=True)
    if not apply and any(each.count for each in found.values()):
        screen.print("Nothing is removed yet; with --apply it is.")
    if any(each.problem is not None for each in found.values()):
        sys.exit(_FAILED)


def _rows(policy: RetentionPolicy, found: dict[Part, Removal]) -> Iterator[tuple[str, ...]]:
    days = policy.model_dump()
    for part, each in found.items():
        kept = days[_KEPT_AS.get(part, part)]
        yield (
            WORDS[part],
            FOREVER if kept is None else f"{kept} days",
            f"{each.count:,}",
            "" if each.bytes is None else amount(each.bytes),
        )
