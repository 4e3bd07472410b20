"""New seasons become tournaments: which keys get a partition, and which a run.

A tick reads our tables and Dagster's, never a provider. What it decides follows from what is there,
not from what earlier ticks did, so that a tick that is lost, repeated or cut short is made good by
the next one.
"""

import json
import time
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg

from dp_pipeline.assets.refresh_job import refresh_requests
from dp_pipeline.competitions.file import Competitions
from dp_pipeline.competitions.removal import left_alone
from dp_pipeline.competitions.settled import Settled, state_of
from dp_pipeline.database import seasons
from dp_pipeline.database.database import Database
from dp_pipeline.database.removed import forget, removed_keys
from dp_pipeline.domains.registry import REGISTERED
from dp_pipeline.http.circuit_table import open_circuits
from dp_pipeline.jobs import ENDED_BADLY, GOING_ON, Partitions, planned_work
from dp_pipeline.ledger.ledger import storable
from dp_pipeline.ledger.run_tags import Priority
from dp_pipeline.partitions import TOURNAMENTS
from dp_pipeline.providers.errors import InvalidTournamentKeyError
from dp_pipeline.providers.registry import BY_NAME, checked_key, roots

MOST_ADDED = 200
"""Partitions of a tick, with a run for each hundred: Dagster takes 5 ms for a partition on Postgres
and 0.3 s for a run. 5,000 new tournaments are taken in within seven minutes; reading them takes
their provider longer."""
MOST_ANNOUNCED_SINGLY = 3
"""More tournaments than this in one tick are one run group, announced in one message."""
BACK_AFTER = timedelta(seconds=60)
"""A partition that is still there so long after its tournament was removed was added again."""
GRACE_SECONDS = 60.0
"""How long a partition that somebody added may have no run: the one who added it may launch one."""
ODD_SECONDS = 600.0
"""How long one whose key no tournament can have may be there without having been materialized,
which would say so and have it taken away (see removal.py)."""
RETRY_SECONDS = 3_600.0
"""How long the tournaments of a run that ended badly and left no trace wait for the next."""


def read_waiting(cursor: str | None, name: str = "waiting") -> dict[str, float]:
    """The idle partitions of the last tick, with the Unix time they were first seen so.

    A missing or foreign cursor has none: they are seen for the first time then. Those with a key
    that no tournament can have are kept under the name `odd`.
    """
    try:
        waiting = json.loads(cursor or "")[name]
        return {str(key): float(when) for key, when in waiting.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a tick does: partitions to add, tournaments to refresh, and idle partitions."""

    add: tuple[str, ...]
    refresh: tuple[str, ...]
    waiting: Mapping[str, float]


def plan(  # noqa: PLR0913 - all that is known
    *,
    approved: Sequence[str],
    stored: Sequence[str],
    partitions: Collection[str],
    idle: Sequence[str],
    in_flight: Collection[str],
    waiting: Mapping[str, float],
    now: float,
) -> Discovery:
    """Decide on a tick.

    Args:
        approved: seasons that are followed and approved, the most urgent first.
        stored: tournaments in the database, at least those without a partition.
        partitions: keys that Dagster knows.
        idle: partitions that were never attempted.
        in_flight: keys that a run is about to work on, or was lately, or that wait for a provider.
        waiting: idle partitions with the time they were first seen so.
        now: Unix seconds.
    """
    wanted = set(approved)
    new = [key for key in approved if key not in partitions]
    # Of one that is approved the run was lost; of another one somebody may be about to launch it.
    due = [
        key
        for key in idle
        if key in wanted or _is_simulated(key) or now - waiting.get(key, now) >= GRACE_SECONDS
    ]
    refresh = [key for key in dict.fromkeys([*new, *due]) if key not in in_flight][:MOST_ADDED]
    begun = {*refresh, *in_flight}
    # A new season gets its partition together with its run, not before.
    add = [key for key in new if key in begun]
    have_one = {*partitions, *wanted}
    add += [key for key in stored if key not in have_one]
    still = [key for key in idle if key not in begun]
    return Discovery(
        add=tuple(add[:MOST_ADDED]),
        refresh=tuple(refresh),
        waiting={key: waiting.get(key, now) for key in still[:MOST_ADDED]},
    )


def discover(
    instance: dg.DagsterInstance,
    store: Database,
    competitions: Competitions | None,
    cursor: str | None,
    base_urls: Mapping[str, str],
) -> dg.SensorResult:
    """Compare what is followed (None while that cannot be read), stored and partitioned.

    Where nothing moved since a comparison that found nothing to do, nothing is compared.
    """
    now = time.time()
    state = None if competitions is None else state_of(instance, store, competitions)
    settled = Settled.read(cursor)
    if settled is not None and settled.holds(state, now):
        return dg.SensorResult(skip_reason=_said(settled.approved), cursor=cursor)
    followed = () if competitions is None else competitions.followed
    partitions = Partitions(instance)
    with store.transaction() as connection:
        approved = seasons.approved_keys(connection, followed)
        back = removed_keys(connection, since=BACK_AFTER) & set(partitions.keys)
        forget(connection, back)  # somebody has added its partition again
        gone_keys = removed_keys(connection)
        names = {storable(key): key for key in partitions.keys}
        bare = [k for k in seasons.without_partition(connection, names) if k not in gone_keys]
        stopped = (
            set() if competitions is None else seasons.no_longer_followed(connection, followed)
        )
        never = [names[name] for name in seasons.never_attempted(connection, names)]
        open_until = open_circuits(connection, datetime.fromtimestamp(now, UTC), roots(base_urls))
    idle, odd = _of_use(never, stopped)
    present = set(partitions.keys)
    begin = bool(idle) or any(key not in present for key in approved)
    # A run would only meet a provider that rests; it waits until that is over.
    held = {key for key in (*approved, *idle) if key.partition(":")[0] in open_until}
    decided = plan(
        approved=approved,
        stored=bare,
        partitions=present,
        idle=idle,
        in_flight=keys_in_flight(instance, partitions, now) | held if begin else (),
        waiting=read_waiting(cursor),
        now=now,
    )
    seen = read_waiting(cursor, "odd")
    odd_since = {key: seen.get(key, now) for key in odd[:MOST_ADDED]}
    given_up = [key for key, since in odd_since.items() if now - since >= ODD_SECONDS]
    gone = left_alone(instance, partitions, given_up)
    memory: dict[str, object] = {"waiting": decided.waiting, "odd": odd_since}
    # What is idle, odd, or removed and there again is decided on by the time that passes.
    if not (decided.add or decided.refresh or idle or odd or gone_keys & present):
        memory["settled"] = Settled(state, now, len(approved))._asdict()
    said = _said(len(approved), len(decided.add), odd, len(gone))
    return _result(decided, gone, said, json.dumps(memory), now)


def _result(
    decided: Discovery, gone: Sequence[str], said: str, cursor: str, now: float
) -> dg.SensorResult:
    add = [TOURNAMENTS.build_add_request(list(decided.add))] if decided.add else []
    remove = [TOURNAMENTS.build_delete_request(gone)] if gone else []
    requests = _requests(decided.refresh, now)
    return dg.SensorResult(
        run_requests=requests,
        skip_reason=None if requests else said,
        dynamic_partitions_requests=[*add, *remove],
        cursor=cursor,
    )


def _said(approved: int, added: int = 0, odd: Sequence[str] = (), gone: int = 0) -> str:
    said = [f"{approved} seasons are followed and approved"]
    if added:
        said.append(f"{added} partitions added")
    if odd:
        said.append(
            f"{len(odd)} partitions have a key no tournament can have, such as {odd[0][:100]!r}"
        )
    if gone:
        said.append(f"{gone} of these are taken away")
    return f"{'; '.join(said)}."


def keys_in_flight(instance: dg.DagsterInstance, partitions: Partitions, now: float) -> set[str]:
    """The tournaments a run is to work on, or was to in the last hour before it ended badly."""
    lately = datetime.fromtimestamp(now, UTC) - timedelta(seconds=RETRY_SECONDS)
    runs = [
        *instance.get_runs(dg.RunsFilter(statuses=list(GOING_ON))),
        *instance.get_runs(dg.RunsFilter(statuses=list(ENDED_BADLY), updated_after=lately)),
    ]
    return {key for run in runs for key in planned_work(instance, run, partitions)}


def _is_simulated(key: str) -> bool:
    """A world for show: what it shows is filled at once."""
    provider = BY_NAME.get(key.partition(":")[0])
    return provider is not None and provider.simulated


def _of_use(
    keys: Sequence[str], stopped: Collection[tuple[str, str]]
) -> tuple[list[str], list[str]]:
    """Keys that may get a run, and those no tournament can have; Dagster accepts any text."""
    idle, odd = [], []
    for text in keys:
        try:
            key = checked_key(text)
        except InvalidTournamentKeyError:
            odd.append(text)
            continue
        if (key.provider, key.competition) not in stopped:
            idle.append(text)
    return idle, odd


def _requests(keys: Sequence[str], now: float) -> list[dg.RunRequest]:
    by_provider: defaultdict[str, list[str]] = defaultdict(list)
    for key in keys:
        by_provider[key.partition(":")[0]].append(key)
    day = f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d}"
    return [
        request
        for provider, mine in by_provider.items()
        for request in refresh_requests(
            mine,
            priority=Priority.SENSOR,
            run_group=f"discovery:{provider}:{day}" if len(mine) > MOST_ANNOUNCED_SINGLY else None,
            domains=tuple(REGISTERED),
        )
    ]
