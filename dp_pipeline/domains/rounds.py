"""The domain `rounds`: matchdays and knockout rounds in the provider's order."""

from collections.abc import Sequence

from dp_pipeline.database import rows, tables
from dp_pipeline.database.store import RowId, planned
from dp_pipeline.domains.derived import with_derived
from dp_pipeline.domains.domain import Domain
from dp_pipeline.domains.guards import missing, swapped
from dp_pipeline.domains.judge import Verdict
from dp_pipeline.domains.plan import Plan
from dp_pipeline.domains.snapshot import Snapshot
from dp_pipeline.football.models import COUNTED, Round
from dp_pipeline.providers.contract import Source
from dp_pipeline.providers.fetched import Fetched, Finding


async def fetch(source: Source) -> Fetched[Round]:
    """Every round."""
    return await source.rounds()


def plan(fetched: Fetched[Round], snapshot: Snapshot, verdict: Verdict) -> Plan:
    """Every round, also those whose fixtures are not drawn yet."""
    table = tables.tournament_round
    stored = snapshot.rows(table)
    labels = {id_: row["label"] for id_, row in stored.items()}
    rounds = [round_ for round_ in fetched.items if round_.slug not in verdict.left_out_rounds]
    fresh = {row["id"]: row for row in (rows.round_row(snapshot.key, r) for r in rounds)}
    given_up = _given_up(snapshot, verdict)
    gone = missing("rounds", labels, fresh, given_up, accepted=verdict.accepted)
    if isinstance(gone, Plan):
        return gone
    mixed_up = swapped("rounds", labels, {id_: row["label"] for id_, row in fresh.items()})
    if mixed_up is not None and not verdict.accepted:
        return mixed_up
    return Plan(
        with_derived(snapshot, [planned(table, [*fresh.values()], stored)]),
        (*gone, *_left_out(fetched.items, verdict)),
        preview=[
            {"order": round_.order, "round": round_.label, "type": round_.type, "slug": round_.slug}
            for round_ in rounds
        ],
    )


def _left_out(rounds: Sequence[Round], verdict: Verdict) -> list[Finding]:
    detail = "It is new, and has only matches that are left out or kept as they are stored."
    return [
        Finding("left_out_round", round_.label, detail, left_out=True)
        for round_ in rounds
        if round_.slug in verdict.left_out_rounds
    ]


def _given_up(snapshot: Snapshot, verdict: Verdict) -> frozenset[RowId]:
    """The rounds in which no match was played, or none that the payload leaves there.

    Whether so many may move is judged with the matches. Rounds that one bad read brought must not
    be what all good ones lack.
    """
    moved = {c.match.external_id for c in verdict.contradictions if "round" in c.fields}
    played = {
        match.round_slug
        for match in snapshot.matches
        if match.status in COUNTED and match.external_id not in moved
    }
    stored = snapshot.rows(tables.tournament_round)
    return frozenset(id_ for id_, row in stored.items() if row["slug"] not in played)


ROUNDS = Domain(
    name="rounds",
    description=(
        "Every matchday and knockout round of a tournament, in order. The slug identifies a round; "
        "the provider's number repeats across stages."
    ),
    depends_on=("tournaments",),
    tables=(tables.tournament_round, tables.tournament),
    has_rows=tables.tournament_round.c.tournament_id,
    operation="rounds",
    fetch=fetch,
    plan=plan,
    follow_up=None,
)
