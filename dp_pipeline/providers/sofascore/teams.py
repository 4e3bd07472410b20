"""Teams out of matches and tables, apart from places in the draw."""

from collections.abc import Collection, Iterable, Sequence

from dp_pipeline.football.draw_places import is_place_in_draw
from dp_pipeline.football.models import Team
from dp_pipeline.providers.fetched import Finding
from dp_pipeline.providers.sofascore.parse import TablePayload
from dp_pipeline.providers.sofascore.payload import EventPayload, TeamOrPlacePayload
from dp_pipeline.providers.sofascore.status import status_of

_BEGUN = frozenset({"live", "ended", "interrupted", "abandoned", "awarded"})


class SeasonTeams:
    """The teams of a season and its places in the draw.

    `disabled` alone marks neither: Juventus is disabled in a recorded match of 2025. One that
    besides has no country, has not played and stands in no table is a place.
    """

    def __init__(
        self,
        events: Sequence[EventPayload],
        tables: Iterable[TablePayload] = (),
        clubs: Collection[int] = (),
        drawn: Iterable[TeamOrPlacePayload] = (),
    ) -> None:
        versions: dict[int, list[tuple[int, int, TeamOrPlacePayload]]] = {}
        self._real = {*clubs, *(row.team.id for table in tables for row in table.rows)}
        for event in events:
            begun = status_of(event.status).status in _BEGUN
            for team in (event.home_team, event.away_team):
                versions.setdefault(team.id, []).append((event.changed_at, event.id, team))
                if begun:
                    self._real.add(team.id)
        for team in (*(row.team for table in tables for row in table.rows), *drawn):
            versions.setdefault(team.id, []).append((-1, 0, team))
        self._versions = versions

    def is_place(self, team: TeamOrPlacePayload) -> bool:
        """Whether this is a place in the draw rather than a team."""
        if team.disabled is True and team.id not in self._real and not team.country:
            return True
        return is_place_in_draw(team.name)

    def fetched(self, image_root: str) -> tuple[tuple[Team, ...], tuple[Finding, ...]]:
        """Every team once, as its last changed match names it, and findings about other names."""
        teams, findings = [], []
        for team_id, versions in sorted(self._versions.items()):
            real = [t for t in versions if not self.is_place(t[2])]
            if not real:
                continue
            last = max(real, key=_order)[2]
            others = sorted({t[2].name for t in real} - {last.name})
            if others:
                detail = f"It is also called {' and '.join(others)}; the last is stored."
                findings.append(Finding("several_team_names", last.name, detail))
            teams.append(_team(team_id, last, [t[2] for t in real], image_root))
        return tuple(teams), tuple(findings)


def _team(
    team_id: int, last: TeamOrPlacePayload, versions: Sequence[TeamOrPlacePayload], root: str
) -> Team:
    countries = [team.country for team in (last, *sorted(versions, key=repr))]
    return Team(
        external_id=str(team_id),
        name=last.name,
        short_name=last.short_name,
        country=next(filter(None, countries), None),
        badge_url=f"{root}/team/{team_id}/image",
    )


def _order(version: tuple[int, int, TeamOrPlacePayload]) -> tuple[int, int, str]:
    changed, event, team = version
    return (changed, event, repr(team))
