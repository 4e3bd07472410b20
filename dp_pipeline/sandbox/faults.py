"""What can go wrong at a provider, on demand: which request meets which fault, and its answer."""

import re
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from fractions import Fraction
from typing import Any, Literal, get_args

from pydantic_core import from_json

from dp_pipeline.sandbox.api.reply import HTML, Reply, encoded
from dp_pipeline.sandbox.world.chance import Chance

Kind = Literal[
    "latency",
    "challenge",
    "forbidden",
    "rate_limited",
    "server_error",
    "timeout",
    "truncated",
    "malformed",
    "html",
    "empty",
    "shrunken",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
# What a fault's value means, with its default and bounds.
_VALUES: dict[Kind, tuple[str, Fraction, Fraction]] = {
    "latency": ("seconds before the answer", Fraction(1), Fraction(600)),
    "rate_limited": ("seconds of Retry-After", Fraction(2), Fraction(86_400)),
    "server_error": ("status from 500 to 599", Fraction(503), Fraction(599)),
}
_FIRST_SERVER_ERROR = 500
_ALWAYS = 10_000
_KEPT_COUNTS = 10_000
_SHRUNKEN_TO = 3
_FORBIDDEN = {"error": {"code": 403, "reason": "Forbidden"}}
_CHALLENGE = {"error": {"code": 403, "reason": "challenge"}}
_TOO_MANY = {"error": {"code": 429, "reason": "Too Many Requests"}}
_PAGE = b"<!doctype html><title>Just a moment...</title><p>Simulated interruption.</p>"
_WRITTEN = re.compile(r"(?P<kind>[a-z_]+)(?:=(?P<value>[0-9.]+))?")


class FaultError(ValueError):
    """A fault that cannot be read; the text is a sentence."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault for some requests.

    Args:
        kind: what happens.
        pattern: of paths below the API's root, with * for anything.
        per_10000: so many of ten thousand requests meet it.
        value: see `_VALUES`; seconds or a status.
    """

    kind: Kind
    pattern: str = "*"
    per_10000: int = _ALWAYS
    value: Fraction = Fraction(0)

    @property
    def text(self) -> str:
        """As `read_fault` reads it."""
        value = f"={float(self.value):g}" if self.kind in _VALUES else ""
        return f"{self.kind}{value} {self.pattern} {float(Fraction(self.per_10000, 100)):g}%"


def read_fault(text: str) -> Fault:
    """A fault from "KIND[=VALUE] [PATTERN [PERCENT%]]", such as "latency=0.5 */rounds 20%".

    Raises:
        FaultError: it is not written so.
    """
    words = text.split()
    written = _WRITTEN.fullmatch(words[0]) if 1 <= len(words) <= 3 else None  # noqa: PLR2004
    kind = next((each for each in KINDS if written and each == written["kind"]), None)
    if written is None or kind is None:
        message = (
            f"{text[:80]!r} is no fault; write KIND[=VALUE] [PATTERN [PERCENT%]] with KIND one of "
            f"{', '.join(KINDS)}, for example 'latency=0.5 */rounds 20%'."
        )
        raise FaultError(message)
    pattern = words[1] if len(words) > 1 else "*"
    percent = words[2] if len(words) > 2 else "100%"  # noqa: PLR2004 - the third word
    return Fault(kind, pattern, _per_10000(percent), _value(kind, written["value"]))


class Faults:
    """The faults in force, and which request meets them.

    Whether a request meets a fault follows from the seed, the path and how often it was requested:
    the same requests meet the same faults, in whatever order they come.
    """

    def __init__(self, seed: int, faults: Iterable[Fault] = ()) -> None:
        self._seed = seed
        self._counts: OrderedDict[str, int] = OrderedDict()
        self.faults: tuple[Fault, ...] = tuple(faults)

    def replace(self, faults: Iterable[Fault]) -> None:
        """Other faults from now on; every path counts anew."""
        self.faults = tuple(faults)
        self._counts.clear()

    def met_by(self, path: str) -> tuple[Fault, ...]:
        """The faults the next request of this path meets. Counts it."""
        count = self._counts.pop(path, 0)
        self._counts[path] = count + 1
        if len(self._counts) > _KEPT_COUNTS:
            self._counts.popitem(last=False)
        return tuple(
            fault
            for place, fault in enumerate(self.faults)
            if fnmatchcase(path, fault.pattern)
            and Chance(self._seed, "fault", place, fault.kind, count, path).below(_ALWAYS)
            < fault.per_10000
        )


def spoiled(reply: Reply, faults: Sequence[Fault]) -> tuple[Reply, dict[str, str]]:
    """The answer as these faults leave it, and headers that come with them.

    Latency, timeouts and cut connections are the server's to do.
    """
    headers: dict[str, str] = {}
    for fault in faults:
        match fault.kind:
            case "challenge":
                return Reply(403, encoded(_CHALLENGE)), headers
            case "forbidden":
                return Reply(403, encoded(_FORBIDDEN)), headers
            case "rate_limited":
                return Reply(429, encoded(_TOO_MANY)), {"Retry-After": str(int(fault.value))}
            case "server_error":
                status = int(fault.value)
                return Reply(status, encoded({"error": {"code": status}})), headers
            case "html":
                return Reply(200, _PAGE, HTML), headers
            case "malformed":
                reply = replace(reply, body=reply.body.replace(b":", b"=", 3) + b"}")
            case "empty":
                reply = _with_lists(reply, 0)
            case "shrunken":
                reply = _with_lists(reply, _SHRUNKEN_TO)
            case _:
                pass
    return reply, headers


def _with_lists(reply: Reply, keep_one_in: int) -> Reply:
    """The answer with its outermost lists and tables emptied, or cut to a part of their length."""
    if reply.status != 200 or "json" not in reply.content_type:  # noqa: PLR2004
        return reply
    body = from_json(reply.body)

    def cut(value: Any) -> Any:
        if isinstance(value, list):
            return value[: max(1, len(value) // keep_one_in)] if keep_one_in else []
        return value

    return replace(reply, body=encoded({name: cut(value) for name, value in body.items()}))


def _value(kind: Kind, written: str | None) -> Fraction:
    if kind not in _VALUES:
        if written is not None:
            message = f"The fault {kind} takes no value."
            raise FaultError(message)
        return Fraction(0)
    meaning, default, most = _VALUES[kind]
    try:
        value = default if written is None else Fraction(written)
    except ValueError as error:
        message = f"{written!r} is no number; the value of {kind} is {meaning}."
        raise FaultError(message) from error
    least = _FIRST_SERVER_ERROR if kind == "server_error" else 0
    if not least <= value <= most:
        message = f"The value of {kind} is {meaning}, from {least} to {most}, not {written}."
        raise FaultError(message)
    return value


def _per_10000(written: str) -> int:
    try:
        percent = Fraction(written.removesuffix("%"))
    except (ValueError, ZeroDivisionError) as error:
        message = f"{written!r} is no percentage such as 20%."
        raise FaultError(message) from error
    if not 0 <= percent <= 100:  # noqa: PLR2004
        message = f"A percentage is from 0% to 100%, not {written}."
        raise FaultError(message)
    return int(percent * 100)
