"""The score of a match as far as it is certain, the same for every provider. Pure."""

from dataclasses import dataclass
from typing import Any

from dp_pipeline.providers.fetched import Finding

Pair = tuple[int, int]
"""Of the home side and of the away side."""
NO_PAIR = (None, None)


@dataclass(frozen=True, slots=True)
class CertainScore:
    """The parts that are certain, and findings about the others.

    `final` includes extra time and never a shoot-out, `shoot_out` is the shoot-out alone.
    """

    final: Pair | None = None
    after_90: Pair | None = None
    half_time: Pair | None = None
    shoot_out: Pair | None = None
    findings: tuple[Finding, ...] = ()

    def of_match(self) -> dict[str, Any]:
        """The fields of a `Match` that hold the score."""
        parts = {
            "score": self.final,
            "score_90": self.after_90,
            "score_ht": self.half_time,
            "penalties_score": self.shoot_out,
        }
        return {
            f"{side}_{name}": (pair or NO_PAIR)[index]
            for name, pair in parts.items()
            for index, side in enumerate(("home", "away"))
        }


def text_of(pair: Pair) -> str:
    """A score as people write it."""
    return f"{pair[0]}:{pair[1]}"


def is_reachable(lower: Pair, upper: Pair) -> bool:
    """Whether a match can go from the one score to the other (or stay)."""
    return lower[0] <= upper[0] and lower[1] <= upper[1]


def sum_of(first: Pair, second: Pair) -> Pair:
    """Both together."""
    return (first[0] + second[0], first[1] + second[1])


def difference(total: Pair, part: Pair) -> Pair | None:
    """What came on top of the part; None when the total does not hold it."""
    rest = (total[0] - part[0], total[1] - part[1])
    return rest if min(rest) >= 0 else None


def is_possible_shoot_out(score: Pair) -> bool:
    """Whether a shoot-out of five kicks each, then one each, can end like this."""
    won, lost = max(score), min(score)
    if won > 5:  # noqa: PLR2004 - sudden death after five each
        return won - lost == 1
    return won > lost and (won, lost) not in _IMPOSSIBLE


# The side behind cannot catch up earlier than that, so the kicks end earlier.
_IMPOSSIBLE = frozenset({(4, 0), (5, 0), (5, 1), (5, 2)})
