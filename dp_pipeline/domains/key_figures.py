"""Numbers of a stored tournament that are worth following from read to read. Pure."""

from collections.abc import Mapping

from dp_pipeline.domains.domain import Registered
from dp_pipeline.domains.matches import MATCHES
from dp_pipeline.domains.snapshot import Snapshot
from dp_pipeline.domains.standings import STANDINGS
from dp_pipeline.football.results import counted


def key_figures(domain: Registered, snapshot: Snapshot) -> Mapping[str, float]:
    """Those of a domain, by what they are called; those that are not known yet are left out."""
    if domain is MATCHES:
        results = counted(snapshot.matches)
        goals = sum(result.home_goals + result.away_goals for result in results)
        average = {"goals per match": round(goals / len(results), 3)} if results else {}
        return {"matches played": len(results), **average}
    if domain is STANDINGS:
        places = {(row.stage, row.group_name) for row in snapshot.standings}
        whole = [row for row in snapshot.standings if row.whole_season or len(places) == 1]
        leader = min(whole, key=lambda row: row.position, default=None)
        return {} if leader is None else {"points of the leader": leader.points}
    return {}
