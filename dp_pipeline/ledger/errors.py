"""Endings of an execution that are ours to name; others keep the error they came with."""

from typing import ClassVar

from dp_pipeline.ledger.vocabulary import Outcome


class ExecutionError(Exception):
    """The execution ends without having done its work; the text is a sentence for a person."""

    outcome: ClassVar[Outcome] = "failed"
    retryable: ClassVar[bool] = False


class BlockedDependencyError(ExecutionError):
    """Something this domain builds on is not there: it failed in this run, or was never stored."""

    outcome = "blocked_dependency"


class SuspiciousPayloadError(ExecutionError):
    """The payload would have replaced good data by less or worse; nothing was written."""

    outcome = "suspicious_payload"


class TournamentBusyError(ExecutionError):
    """Another run is working on the same tournament and did not finish while we waited."""

    retryable = True


class AlreadyRecordedError(ExecutionError):
    """The ledger has this attempt of this run: another process works on it or has done so."""
