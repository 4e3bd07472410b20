"""A world: a seed and a size. Everything else follows."""

from dataclasses import dataclass

from dp_pipeline.sandbox.world.formats import RULED, Format, format_of
from dp_pipeline.sandbox.world.identity import MOST_COMPETITIONS


@dataclass(frozen=True, slots=True)
class World:
    """A simulated football world.

    Raises:
        ValueError: when there are fewer than 1 or more than 10,000 competitions.
    """

    seed: int
    size: int

    def __post_init__(self) -> None:
        if not 1 <= self.size <= MOST_COMPETITIONS:
            reason = f"A world has 1 to {MOST_COMPETITIONS} tournaments, not {self.size}."
            raise ValueError(reason)

    @property
    def numbers(self) -> range:
        """The numbers of its competitions, but for the few that every world has."""
        return range(1, self.size + 1)

    def __contains__(self, number: int) -> bool:
        """Whether it has a competition with this number."""
        return number in self.numbers or number in RULED

    def name(self, number: int) -> str:
        """Of a competition: "Simulated Cup 4"."""
        return f"Simulated {format_of(number).label} {number}"

    def format(self, number: int) -> Format:
        """How a competition is played."""
        return format_of(number)
