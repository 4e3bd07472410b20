"""Logs that programs read: with DP_LOG_FORMAT=json one JSON object a line, in every process.

Dagster's own option `--log-format json` reaches neither runs, whose console logger has no setting
but in the configuration of each run, nor the command line; and its objects have other names in each
of its processes. Whatever writes to a stream gets the formatter of this module instead.
"""

import json
import logging
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, ClassVar

from dp_pipeline.ledger.log_fields import log_fields
from dp_pipeline.settings import Settings

OURS = "dp_pipeline"
_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
_OF_DAGSTER = frozenset({"dagster_meta", "dagster_event", "dagster_event_batch_metadata"})


class JsonLines(logging.Formatter):
    """A record as one line: time, level, logger and message, then whatever is known of the work."""

    def __init__(self, conceal: Callable[[str], str]) -> None:
        super().__init__()
        self._conceal = conceal

    def format(self, record: logging.LogRecord) -> str:
        """Make the line; secrets are replaced in every value."""
        meta = getattr(record, "dagster_meta", None)
        meta = meta if isinstance(meta, Mapping) else {}
        known = {
            **dict(_of_dagster(meta)),
            **log_fields(),
            **{n: v for n, v in vars(record).items() if n not in _PLAIN | _OF_DAGSTER},
        }
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": meta.get("orig_message") or record.getMessage(),
        }
        line = {**line, **known, **line}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps({name: self._shown(value) for name, value in line.items()})

    def _shown(self, value: Any) -> Any:
        if value is None or isinstance(value, bool | int | float):
            return value
        return self._conceal(str(value))


def _of_dagster(meta: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What Dagster knows of a record of a run, by the names of ours."""
    for ours, name in (("run_id", "run_id"), ("job", "job_name"), ("step", "step_key")):
        if meta.get(name):
            yield ours, meta[name]
    event = meta.get("dagster_event")
    if event is None:
        return
    yield "event", event.event_type_value
    if event.asset_key is not None:
        yield "domain", event.asset_key.to_user_string()
    if event.partition:
        yield "tournament", event.partition
        yield "provider", event.partition.partition(":")[0]
    error = getattr(event.event_specific_data, "error", None)
    if error is not None:
        yield "error", error.to_string()


class JsonLogger(logging.Logger):
    """A logger whose streams get JSON, also where somebody has chosen another formatter."""

    formatter: ClassVar[logging.Formatter | None] = None

    def addHandler(self, hdlr: logging.Handler) -> None:  # noqa: N802 - the standard library's
        """Add a handler, with our formatter if it writes to a stream."""
        _reform(hdlr, self.formatter)
        super().addHandler(hdlr)


def install(settings: Settings) -> None:
    """Let this process log as the setting says; it may be done again."""
    if settings.log_format != "json":
        return
    formatter = JsonLogger.formatter = JsonLines(settings.conceal)
    logging.setLoggerClass(JsonLogger)
    for known in (logging.root, *logging.root.manager.loggerDict.values()):
        for handler in known.handlers if isinstance(known, logging.Logger) else ():
            _reform(handler, formatter)
        if type(known) is logging.Logger:
            # Dagster's loggers are made when it is imported; the daemon and servers give them their
            # handlers after that, some before and some after this is installed.
            known.__class__ = JsonLogger
    ours = logging.getLogger(OURS)
    if not ours.handlers:
        ours.addHandler(logging.StreamHandler())
        ours.setLevel(logging.INFO)
    if logging.lastResort is not None:  # what writes the warnings of libraries
        logging.lastResort.setFormatter(formatter)
    logging.captureWarnings(capture=True)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread


def _reform(handler: logging.Handler, formatter: logging.Formatter | None) -> None:
    is_file = isinstance(handler, logging.FileHandler)
    if formatter is not None and isinstance(handler, logging.StreamHandler) and not is_file:
        handler.setFormatter(formatter)


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    logging.getLogger(OURS).critical("%s", error, exc_info=(kind, error, trace))


def _uncaught_in_thread(said: threading.ExceptHookArgs) -> None:
    if said.exc_value is not None:
        _uncaught(said.exc_type, said.exc_value, said.exc_traceback)
