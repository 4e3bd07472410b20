"""The whole course of one match, from where it stands in the season."""

from dataclasses import dataclass, replace
from operator import attrgetter

from dp_pipeline.sandbox.world.calendar import DAY, HOUR, season_end
from dp_pipeline.sandbox.world.chance import Chance
from dp_pipeline.sandbox.world.formats import Format
from dp_pipeline.sandbox.world.identity import REPLAY, match_place
from dp_pipeline.sandbox.world.matches import Fate, ScriptedMatch, Slot
from dp_pipeline.sandbox.world.play import draw_fate, draw_score, play_ninety, play_on
from dp_pipeline.sandbox.world.timeline import settled, timeline

_REPLAYED_AFTER = (18 * DAY, 25 * DAY, 32 * DAY)
_EVENING = 18 * HOUR
_AT_MOST = 4 * DAY
"""From the day of a replay until all is known of it: it may be moved or interrupted as well."""
_MOVED_BY = (3 * HOUR, 24 * HOUR, 47 * HOUR)


@dataclass(frozen=True, slots=True)
class Course:
    """How the matches of a competition go. `seed` is the world's."""

    seed: int
    format: Format

    def run(self, identifier: int, slot: Slot, strengths: tuple[int, int]) -> ScriptedMatch:
        """The match with this id in this slot, with everything that happens to it."""
        return self._run(identifier, slot, strengths, replay=False)

    def replay(self, original: ScriptedMatch, strengths: tuple[int, int]) -> ScriptedMatch | None:
        """The match that makes up for one that is postponed or abandoned; None for others."""
        if original.fate not in {Fate.POSTPONED, Fate.ABANDONED}:
            return None
        day = original.kickoff // DAY * DAY
        later = Chance(self.seed, "replay", original.id).pick(_REPLAYED_AFTER)
        if day + later + _AT_MOST > season_end(match_place(original.id).season):
            later = _REPLAYED_AFTER[0]
        slot = Slot(
            original.stage,
            original.round,
            original.home,
            original.away,
            kickoff=day + later + _EVENING,
            announced=settled(original),
        )
        return self._run(original.id + REPLAY, slot, strengths, replay=True)

    def _run(
        self, identifier: int, slot: Slot, strengths: tuple[int, int], *, replay: bool
    ) -> ScriptedMatch:
        # Fate first, then the score: promotion reads no further.
        chance = Chance(self.seed, "match", identifier)
        fate = draw_fate(chance, knockout=slot.knockout, compact=self.format.compact, replay=replay)
        play = play_ninety(chance, draw_score(chance, *strengths), fate)
        if slot.decides:
            first = slot.first_leg.play if slot.first_leg is not None else None
            form = self.format
            play = play_on(
                chance, play, first, extra_time=form.extra_time, away_goals=form.away_goals
            )
        # what a slot has, its match has
        fixture = ScriptedMatch(*attrgetter(*Slot.__slots__)(slot), id=identifier, play=play)
        return fixture if fate is Fate.PLAYED else self._befall(chance, fixture, fate)

    def _befall(self, chance: Chance, fixture: ScriptedMatch, fate: Fate) -> ScriptedMatch:
        """The same match with its fate and the moments that belong to it."""
        if fate in {Fate.POSTPONED, Fate.CANCELLED, Fate.MOVED}:
            notice = chance.between(3 * HOUR, 96 * HOUR)
            at = max(fixture.announced + HOUR, fixture.kickoff - notice)
            by = _MOVED_BY[0] if self.format.compact else chance.pick(_MOVED_BY)
            moved_to = fixture.kickoff + by if fate is Fate.MOVED else 0
            return replace(fixture, fate=fate, fate_at=at, moved_to=moved_to)
        if fate in {Fate.INTERRUPTED, Fate.ABANDONED}:
            return replace(fixture, fate=fate, stopped_at=chance.between(10, 85))
        if fixture.play.reported is None:
            return fixture  # no goal that could move into the other half
        at = timeline(fixture).over + chance.between(HOUR, 6 * HOUR)
        return replace(fixture, fate=fate, fate_at=at)
