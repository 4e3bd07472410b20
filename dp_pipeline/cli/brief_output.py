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
_MADE_GOOD = re.compile(r"Tick \d+ was interrupted part-way|Moving dangling STARTED tick")
"""What the stop before cut, and Dagster does again."""
_MOST_OPEN = 100


class BriefOutput:
    """Reads the lines of Dagster and its runs; what matters of each is `lines`.

    Args:
        address: of Dagster's pages.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._changed: defaultdict[str, dict[str, list[str]]] = defaultdict(dict)
        self._dropping = False

    def lines(self, line: str) -> Iterator[str]:
        """What is to be shown of a line, without its end."""
        record = _RECORD.fullmatch(_COLOURS.sub("", line))
        if record is None:
            # a record may have several lines; a trace is nobody's
            self._dropping = self._dropping and not line.startswith("Traceback")
            if not self._dropping:
                yield line
            return
        at, logger, level, text = record.groups()
        run = _OF_RUN.fullmatch(text)
        if run is None:
            self._dropping = level in _QUIET or _MADE_GOOD.match(text) is not None
            if not self._dropping:
                yield f"{at} {level}: {text} ({logger})"
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
