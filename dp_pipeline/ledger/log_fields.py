"""What the lines of a log are about: the execution at work, for logs that programs read."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from dp_pipeline.ledger.execution import Execution

_FIELDS: ContextVar[Mapping[str, str]] = ContextVar("log_fields", default={})  # noqa: B039 - read only


def log_fields() -> Mapping[str, str]:
    """By name what is known of the work of this thread or task; empty outside executions."""
    return _FIELDS.get()


@contextmanager
def logged_as(execution: Execution) -> Generator[None]:
    """Let what is logged in the block, and in tasks and threads begun in it, be about this one."""
    provider = execution.key.partition(":")[0]
    fields = {
        "run_id": str(execution.run.id),
        "execution_id": str(execution.id),
        "tournament": execution.key,
        "provider": provider,
        "domain": execution.domain,
    }
    before = _FIELDS.set(fields)
    try:
        yield
    finally:
        _FIELDS.reset(before)
