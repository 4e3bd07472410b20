"""Numbers that look random and follow from a seed alone, equal on every machine and Python."""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
_BLOCK_BITS = 512
_SPARE_BITS = 64  # below this much left, a draw would be noticeably uneven


class Chance:
    """A stream of draws for one path, such as (seed, "match", 900010001).

    Integers only: the same path gives the same draws everywhere. Python's own `random`
    promises that for `random()` alone, and `hash()` differs between processes.
    """

    __slots__ = ("_bits", "_block", "_path", "_value")

    def __init__(self, *path: int | str) -> None:
        self._path = "/".join(map(str, path)).encode()
        self._block = 0
        self._refill()

    def _refill(self) -> None:
        digest = hashlib.blake2b(self._path, salt=self._block.to_bytes(16, "big")).digest()
        self._value = int.from_bytes(digest, "big")
        self._bits = _BLOCK_BITS
        self._block += 1

    def below(self, end: int) -> int:
        """A number from 0 to end - 1."""
        if self._bits < _SPARE_BITS:
            self._refill()
        self._value, drawn = divmod(self._value, end)
        self._bits -= end.bit_length()
        return drawn

    def between(self, first: int, last: int) -> int:
        """A number from first to last, both included."""
        return first + self.below(last - first + 1)

    def happens(self, permille: int) -> bool:
        """True in so many of a thousand cases."""
        return self.below(1000) < permille

    def pick(self, items: Sequence[T]) -> T:
        """One of the items."""
        return items[self.below(len(items))]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """The items in a drawn order (Fisher-Yates)."""
        mixed = list(items)
        for last in range(len(mixed) - 1, 0, -1):
            other = self.below(last + 1)
            mixed[last], mixed[other] = mixed[other], mixed[last]
        return mixed
