"""What SofaScore's status codes and types say about a match."""

from dataclasses import dataclass

from dp_pipeline.football.models import MatchStatus
from dp_pipeline.providers.sofascore.payload import StatusPayload

ENDED, AFTER_EXTRA_TIME, AFTER_PENALTIES = 100, 110, 120
PENALTIES = 50
# Seen in football: 0, 6, 7, 20, 31, 41, 42, 60, 70, 80, 100, 110, 120. Reported for other sports
# or by readers of the interface: 81, 90 to 93. 32, 33, 34 and 50 are Betradar's codes, whose other
# codes these are.
_CODES: dict[int, tuple[str, MatchStatus]] = {
    0: ("notstarted", "scheduled"),
    **dict.fromkeys((6, 7, 20, 31, 32, 33, 34, 41, 42, PENALTIES), ("inprogress", "live")),
    60: ("postponed", "postponed"),
    70: ("canceled", "cancelled"),
    80: ("interrupted", "interrupted"),
    81: ("suspended", "interrupted"),
    90: ("canceled", "abandoned"),
    91: ("finished", "awarded"),  # walkover
    92: ("finished", "awarded"),  # a side gave up
    93: ("finished", "cancelled"),  # removed: it will not have been played
    **dict.fromkeys((ENDED, AFTER_EXTRA_TIME, AFTER_PENALTIES), ("finished", "ended")),
    141: ("willcontinue", "interrupted"),
}
# The families are wider than the codes we know. "finished" is not here: a removed match is of it.
_TYPES: dict[str, MatchStatus] = {
    "notstarted": "scheduled",
    "inprogress": "live",
    "postponed": "postponed",
    "interrupted": "interrupted",
    "suspended": "interrupted",
    "willcontinue": "interrupted",
    "delayed": "scheduled",
}
# other names of a code's family that would not change what it means
_ALSO: dict[int, frozenset[str]] = {
    70: frozenset({"cancelled"}),
    80: frozenset({"suspended"}),
    81: frozenset({"interrupted"}),
    90: frozenset({"cancelled", "abandoned", "interrupted"}),
}
_REMOVED = 93
_FIRST_HALF_OVER = frozenset({7, 31, 32, 33, 34, 41, 42, PENALTIES})
_SECOND_HALF_OVER = frozenset({32, 33, 34, 41, 42, PENALTIES})


@dataclass(frozen=True, slots=True)
class Status:
    """A status in our words, the provider's own, and what is odd about it.

    Args:
        status: in our words.
        raw: "code type", stored beside it.
        code: the code where it is one of football's that agrees with its type, else None.
        odd: kind of the finding and its sentence, when the code is not to be taken as it stands.
    """

    status: MatchStatus
    raw: str | None
    code: int | None
    odd: tuple[str, str] | None = None

    @property
    def is_final(self) -> bool:
        """The match was played to its end, with or without extra time or a shoot-out."""
        return self.code in (ENDED, AFTER_EXTRA_TIME, AFTER_PENALTIES)

    @property
    def first_half_over(self) -> bool:
        """The half-time score stands."""
        return self.is_final or self.code in _FIRST_HALF_OVER

    @property
    def second_half_over(self) -> bool:
        """The score after ninety minutes stands."""
        return self.is_final or self.code in _SECOND_HALF_OVER


def status_of(payload: StatusPayload | None) -> Status:
    """The status by code and type together; unknown where they contradict or nobody knows them."""
    code = payload.code if payload else None
    kind = payload.type.lower() if payload and payload.type else None
    raw = " ".join(str(part) for part in (code, kind) if part is not None) or None
    if raw is None:
        return Status("unknown", None, None, ("unknown_status", "Its status is missing."))
    known = _CODES.get(code) if code is not None else None
    if known is None:
        status = _TYPES.get(kind or "", "unknown")
        taken = "" if status == "unknown" else f"; by its type it counts as {status}"
        detail = f"Its status {raw!r} is none we know{taken}."
        return Status(status, raw, None, ("unknown_status", detail))
    family, status = known
    if kind not in {family, None, *_ALSO.get(code, ())}:
        detail = f"Its status {raw!r} contradicts itself: code {code} is of type {family!r}."
        return Status("unknown", raw, None, ("unknown_status", detail))
    if code == _REMOVED:
        detail = "It was removed at the provider; it counts as cancelled."
        return Status(status, raw, code, ("removed_match", detail))
    return Status(status, raw, code)
