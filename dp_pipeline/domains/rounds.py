"""The domain `rounds`: matchdays and knockout rounds in the provider's order."""

from dp_pipeline.database import rows, tables
from dp_pipeline.database.store import planned
from dp_pipeline.domains.derived import with_derived
from dp_pipeline.domains.domain import Domain
from dp_pipeline.domains.guards import missing, swapped
from dp_pipeline.domains.judge import Verdict
from dp_pipeline.domains.plan import Plan
from dp_pipeline.domains.snapshot import Snapshot
from dp_pipeline.football.models import Round
from dp_pipeline.providers.contract import Source
from dp_pipeline.providers.fetched import Fetched


async def fetch(source: Source) -> Fetched[Round]:
    """Every round."""
    return await source.rounds()


def plan(fetched: Fetched[Round], snapshot: Snapshot, verdict: Verdict) -> Plan:
    """Every round, also those whose fixtures are not drawn yet."""
    table = tables.tournament_round
    stored = snapshot.rows(table)
    labels = {id_: row["label"] for id_, row in stored.items()}
    fresh = {row["id"]: row for row in (rows.round_row(snapshot.key, r) for r in fetched.items)}
    gone = missing("rounds", labels, fresh, accepted=verdict.accepted)
    if isinstance(gone, Plan):
        return gone
    mixed_up = swapped("rounds", labels, {id_: row["label"] for id_, row in fresh.items()})
    if mixed_up is not None and not verdict.accepted:
        return mixed_up
    return Plan(
        with_derived(snapshot, [planned(table, [*fresh.values()], stored)]),
        gone,
        preview=[
            {"order": round_.order, "round": round_.label, "type": round_.type, "slug": round_.slug}
            for round_ in fetched.items
        ],
    )


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
