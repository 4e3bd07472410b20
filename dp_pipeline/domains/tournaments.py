"""The domain `tournaments`: the row every other domain hangs on."""

from dp_pipeline.database import rows, tables
from dp_pipeline.database.store import planned
from dp_pipeline.domains.domain import Domain
from dp_pipeline.domains.judge import Verdict
from dp_pipeline.domains.plan import Plan
from dp_pipeline.domains.snapshot import Snapshot
from dp_pipeline.football.models import Tournament
from dp_pipeline.providers.contract import Source
from dp_pipeline.providers.fetched import Fetched

# A provider that stops sending a logo has not taken it back.
KEEP = frozenset({"logo_source"})


async def fetch(source: Source) -> Fetched[Tournament]:
    """The tournament itself."""
    return await source.tournament()


def plan(fetched: Fetched[Tournament], snapshot: Snapshot, verdict: Verdict) -> Plan:
    """Its row; what follows from other rows is taken from what is stored of them."""
    del verdict
    (tournament,) = fetched.items
    row = rows.tournament_row(tournament, snapshot.state)
    return Plan(
        (planned(tables.tournament, [row], snapshot.rows(tables.tournament), keep=KEEP),),
        label=tournament.label,
        preview=[
            {
                "season": row["season"],
                "status": row["status"],
                "mode": row["mode"],
                "current round": row["current_round"] or "",
            }
        ],
    )


TOURNAMENTS = Domain(
    name="tournaments",
    description=(
        "Every tournament, one row per season of a competition at its provider, with mode (league, "
        "cup or both) and current round. Its status says whether it is upcoming, active or "
        "completed."
    ),
    depends_on=(),
    tables=(tables.tournament,),
    has_rows=tables.tournament.c.id,
    operation="tournament",
    fetch=fetch,
    plan=plan,
    follow_up=None,
)
