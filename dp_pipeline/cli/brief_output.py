"""What a person at the terminal reads of Dagster's output: what changed, by tournament, or failed.

In nine minutes Dagster said 666 lines, nearly all of them events that stand on its pages, too, or
that it looked and found nothing. What is not known here is shown as it is.
"""

import re
from collections import defaultdict
from collections.abc import Iterator

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_RECORD = re.compile(
    r"\S+ (\d\d:\d\d:\d\d) \S+ - (\S+) - (DEBUG|INFO|WARNING|ERROR|CRITICAL) - (.*)"
)
_OF_RUN = re.compile(
    r"\S+ - ([0-9a-f-]{36}) - (?:\d+ - )?(?:[a-z]\S* - )?(?:([A-Z][A-Z_]+) - )?(.*)"
)
_QUIET = frozenset({"DEBUG", "INFO"})
_ENDED = frozenset({"STEP_SUCCESS", "STEP_FAILURE"})
_COUNTED = re.compile(r"\d+ (created|updated|left out|files)|made")
_NOTHING = re.compile(
    r"Tick \d+ was interrupted part-way|Moving dangling STARTED tick|Sensor tick caught an error$"
)
"""What the stop before cut, and Dagster does again; and what the next record says of its sensor."""
_CAUSE = re.compile(r"([A-Za-z_][\w.]*): (\S.*)")
_WRAPPED = ("ProcessError", "ExecutionError")
"""Ends of the names of errors that only say where another one was."""
_MOST_OPEN = 100
_DAY, _AGAIN_AFTER = 86_400, 600
"""In seconds. A sensor fails every few seconds for as long as its reason stays."""


class _Failed:
    """What services of Dagster fail with: once in ten minutes, and the reason without its trace."""

    def __init__(self) -> None:
        self._said: dict[str, int] = {}
        self._at = 0
        self._hidden: list[str] = []
        self._in_trace = False
        self.is_record = False

    def record(self, at: str, text: str) -> Iterator[str]:
        """The first line, unless it was said lately: then it waits for a new reason."""
        hours, minutes, seconds = map(int, at.split(":"))
        self._at = (hours * 60 + minutes) * 60 + seconds
        self.is_record, self._in_trace = True, False
        self._hidden = [] if self._is_new(text) else [f"{at} {text}"]
        if not self._hidden:
            yield f"{at} {text}"

    def more(self, line: str) -> Iterator[str]:
        """Another line: of a trace that follows a record the reasons alone."""
        self._in_trace = self._in_trace or (self.is_record and line.startswith("Traceback"))
        if not self._in_trace:
            if not self._hidden:
                yield line
            return
        cause = _CAUSE.fullmatch(line)
        if cause is None or cause[1].endswith(_WRAPPED) or not self._is_new(line):
            return
        yield from (*self._hidden, f"    {cause[1].rpartition('.')[2]}: {cause[2]}")
        self._hidden = []

    def _is_new(self, text: str) -> bool:
        said = self._said.get(text)
        if said is not None and (self._at - said) % _DAY < _AGAIN_AFTER:
            return False
        self._said[text] = self._at
        while len(self._said) > _MOST_OPEN:
            self._said.pop(next(iter(self._said)))
        return True


class BriefOutput:
    """Reads the lines of Dagster and its runs; what matters of each is `lines`.

    Args:
        address: of Dagster's pages.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._changed: defaultdict[str, dict[str, list[str]]] = defaultdict(dict)
        self._dropping = self._is_quiet = False
        self._failed = _Failed()

    def lines(self, line: str) -> Iterator[str]:
        """What is to be shown of a line, without its end."""
        record = _RECORD.fullmatch(_COLOURS.sub("", line))
        if record is None:
            # a record may have several lines; a trace after one that has none is nobody's
            if self._dropping and self._is_quiet and line.startswith("Traceback"):
                self._dropping, self._failed.is_record = False, False
            if not self._dropping:
                yield from self._failed.more(line)
            return
        at, logger, level, text = record.groups()
        self._is_quiet = level in _QUIET
        run = _OF_RUN.fullmatch(text)
        if run is None:
            self._dropping = self._is_quiet or _NOTHING.match(text) is not None
            if not self._dropping:
                yield from self._failed.record(at, f"{level}: {text} ({logger})")
            return
        self._dropping = True
        for said in self._of_run(level, *run.groups()):
            yield f"{at} {said}"

    def _of_run(self, level: str, run: str, event: str | None, text: str) -> Iterator[str]:
        if event == "ASSET_MATERIALIZATION":
            self._note(run, text)
        elif event in _ENDED:
            for tournament, parts in self._changed.pop(run, {}).items():
                yield f"{tournament}: {'; '.join(parts)}"
        elif event == "RUN_FAILURE":
            yield f"A run failed; why: {self._address}/runs/{run}"
        elif event is None and level not in _QUIET:
            yield f"{level}: {text}"

    def _note(self, run: str, text: str) -> None:
        """Remember "Teams of Some League 26/27: 18 created, 2 unchanged" until the run ends."""
        subject, _, words = text.partition(": ")
        counted = [part for part in words.split(", ") if _COUNTED.fullmatch(part)]
        asset, _, tournament = subject.partition(" of ")
        if counted:
            name, what = (tournament, f"{asset.lower()} ") if tournament else (subject, "")
            self._changed[run].setdefault(name, []).append(f"{what}{', '.join(counted)}")
            while len(self._changed) > _MOST_OPEN:  # runs that were killed end without a word
                self._changed.pop(next(iter(self._changed)))
