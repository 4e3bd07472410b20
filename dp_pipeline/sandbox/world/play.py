"""How a match goes: strength, goals, extra time, shoot-out, drawn from its id."""

from dataclasses import replace

from dp_pipeline.sandbox.world.chance import Chance
from dp_pipeline.sandbox.world.matches import Fate, Kick, Play, ScriptedGoal, lead_of

# How many goals: cumulative permille of Poisson distributions of mean 0.6, 0.9, 1.2, 1.5, 1.9, 2.4.
_GOALS = (
    (549, 878, 977, 997),
    (407, 772, 937, 987, 998),
    (301, 663, 879, 966, 992, 998),
    (223, 558, 809, 934, 981, 996, 999),
    (150, 434, 704, 875, 956, 987, 997),
    (91, 308, 570, 779, 904, 964, 988, 996),
)
_EXTRA_GOALS = (750, 950)
_HOME, _AWAY = 3, 2
_STRENGTH_STEP = 20
_PENALTY_SCORED = 750
_FIVE = 5
_HALF, _NINETY, _EXTRA_HALF, _END = 45, 90, 105, 120
# Permille of league and group matches, in the order they are tried.
_FATES = (
    (Fate.POSTPONED, 25),
    (Fate.MOVED, 25),
    (Fate.CANCELLED, 5),
    (Fate.ABANDONED, 8),
    (Fate.INTERRUPTED, 6),
    (Fate.SCORE_CORRECTED, 12),
    (Fate.PERIOD_CORRECTED, 12),
)
# A tie must have a winner in time for the next draw, and keep it.
_KNOCKOUT_FATES = (
    (Fate.MOVED, 25),
    (Fate.INTERRUPTED, 12),
    (Fate.PERIOD_CORRECTED, 12),
)
# Within a few weeks nothing can be made up for.
_COMPACT_FATES = (
    (Fate.MOVED, 30),
    (Fate.SCORE_CORRECTED, 20),
    (Fate.PERIOD_CORRECTED, 20),
)


def strength(seed: int, team: int, season: int) -> int:
    """0 to 99, anew every season, around what the team is for good."""
    lasting = Chance(seed, "strength", team).below(70)
    return lasting + Chance(seed, "strength", team, season).below(30)


def draw_fate(chance: Chance, *, knockout: bool, compact: bool, replay: bool) -> Fate:
    """What befalls a match; a replay is spared."""
    drawn = chance.below(1000)
    if replay:
        return Fate.PLAYED
    fates = _KNOCKOUT_FATES if knockout else _COMPACT_FATES if compact else _FATES
    for fate, permille in fates:
        if drawn < permille:
            return fate
        drawn -= permille
    return Fate.PLAYED


def draw_score(chance: Chance, home_strength: int, away_strength: int) -> tuple[int, int]:
    """Goals of both sides in ninety minutes."""
    tilt = (home_strength - away_strength) // _STRENGTH_STEP
    return _goals(chance, _HOME + tilt), _goals(chance, _AWAY - tilt)


def play_ninety(chance: Chance, score: tuple[int, int], fate: Fate) -> Play:
    """Ninety minutes with this score, and what the provider makes of it first."""
    goals = _spread(chance, score, 1, _NINETY)
    late, added = chance.below(240), (chance.below(240), 60 + chance.below(420))
    play = Play(goals, late=late, added=added)
    if fate is Fate.SCORE_CORRECTED:
        # A goal forgotten, or one given that was none.
        phantom = ScriptedGoal(chance.between(1, _NINETY), home=chance.happens(500))
        forgotten = goals and chance.happens(600)
        reported = goals[:-1] if forgotten else tuple(sorted((*goals, phantom)))
        return replace(play, reported=reported)
    if fate is Fate.PERIOD_CORRECTED and goals:
        first = goals[0]
        moved = first.minute + _HALF if first.minute <= _HALF else first.minute - _HALF
        return replace(play, reported=tuple(sorted((first._replace(minute=moved), *goals[1:]))))
    return play


def play_on(
    chance: Chance, play: Play, first: Play | None, *, extra_time: bool, away_goals: bool
) -> Play:
    """What follows a match that has to have a winner, if it has none after ninety minutes.

    `first` is the first leg, if there was one.
    """
    if lead_of(play, first, away_goals=away_goals):
        return play
    if extra_time:
        more = (_pick(chance, _EXTRA_GOALS), _pick(chance, _EXTRA_GOALS))
        extra = _spread(chance, more, _NINETY + 1, _END)
        reported = None if play.reported is None else (*play.reported, *extra)
        play = replace(play, goals=(*play.goals, *extra), reported=reported, extra_time=True)
        if lead_of(play, first, away_goals=away_goals):
            return play
    return replace(play, kicks=_shootout(chance))


def halves(goals: tuple[ScriptedGoal, ...], *, home: bool) -> tuple[int, int, int, int]:
    """Goals of one side in the four periods."""
    counts = [0, 0, 0, 0]
    for goal in goals:
        if goal.home == home:
            minute = goal.minute
            counts[(minute > _HALF) + (minute > _NINETY) + (minute > _EXTRA_HALF)] += 1
    return counts[0], counts[1], counts[2], counts[3]


def _goals(chance: Chance, level: int) -> int:
    return _pick(chance, _GOALS[max(0, min(level, len(_GOALS) - 1))])


def _pick(chance: Chance, cumulative: tuple[int, ...]) -> int:
    drawn = chance.below(1000)
    return sum(drawn >= bound for bound in cumulative)


def _spread(
    chance: Chance, score: tuple[int, int], first: int, last: int
) -> tuple[ScriptedGoal, ...]:
    sides = (True,) * score[0] + (False,) * score[1]
    return tuple(sorted(ScriptedGoal(chance.between(first, last), side) for side in sides))


def _shootout(chance: Chance) -> tuple[Kick, ...]:
    """Kicks in turn, five each at most, then in pairs until one pair differs."""
    kicks: list[Kick] = []
    home_first = chance.happens(500)
    scored = {True: 0, False: 0}
    taken = {True: 0, False: 0}
    while True:
        for home in (home_first, not home_first):
            hit = chance.happens(_PENALTY_SCORED)
            kicks.append(Kick(home, hit))
            taken[home] += 1
            scored[home] += hit
            if _is_decided(scored, taken):
                return tuple(kicks)


def _is_decided(scored: dict[bool, int], taken: dict[bool, int]) -> bool:
    if max(taken.values()) > _FIVE:
        return taken[True] == taken[False] and scored[True] != scored[False]
    return any(scored[side] > scored[not side] + _FIVE - taken[not side] for side in (True, False))
