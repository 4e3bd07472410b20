"""The full account of an execution as JSON: what is stored as its report."""

from collections.abc import Iterable
from typing import Any

from dp_pipeline.ledger.execution import Execution, jsonable
from dp_pipeline.providers.fetched import Finding
from dp_pipeline.providers.registry import BY_NAME


def report(execution: Execution) -> dict[str, Any]:
    """The full account, JSON-able."""
    account = {
        "requestId": str(execution.run.id),
        "executionId": str(execution.id),
        "attempt": execution.run.attempt,
        "runUrl": execution.run.url,
        "domain": execution.domain,
        "operationType": execution.operation_type,
        "status": execution.status,
        "outcome": execution.outcome,
        "tournament": {
            "tournamentId": str(execution.tournament_id),
            "key": execution.key,
            "label": execution.label,
            "provider": execution.key.split(":", 1)[0],
        },
        "startTime": execution.started_at,
        **({"simulatedTime": execution.now} if _is_simulated(execution) else {}),
        "endTime": execution.completed_at,
        "durationMs": execution.duration_ms,
        "summary": execution.summary(),
        "news": list(execution.news),
        ("planned" if execution.run.is_dry else "changed"): execution.changed,
        "operations": _operations(execution),
        "leftOut": _buckets(finding for finding in execution.findings if finding.left_out),
        "findings": _buckets(finding for finding in execution.findings if not finding.left_out),
        "changes": _changes(execution),
        "requests": _requests(execution),
        "error": _error(execution),
        **({"causes": execution.causes} if execution.causes else {}),
    }
    return jsonable(account)


Entries = list[dict[str, object]]


def _is_simulated(execution: Execution) -> bool:
    provider = BY_NAME.get(execution.key.split(":", 1)[0])
    return execution.now is not None and provider is not None and provider.simulated


def _operations(execution: Execution) -> Entries:
    return [
        {
            "step": operation.step,
            "operation": operation.operation,
            "status": operation.status,
            "startTime": operation.started_at,
            "durationMs": operation.duration_ms,
            "data": operation.data,
            **({"error": operation.error} if operation.error else {}),
        }
        for operation in execution.operations
    ]


def _changes(execution: Execution) -> Entries:
    return [
        {
            "table": stored.table,
            "created": stored.created,
            "updated": [
                {
                    "id": change.id,
                    "fields": {
                        n: {"from": old, "to": new} for n, (old, new) in change.fields.items()
                    },
                }
                for change in stored.updated
            ],
            "unchanged": stored.unchanged,
        }
        for stored in execution.stored
    ]


def _requests(execution: Execution) -> Entries:
    return [
        {**request.line(), "seconds": round(request.seconds, 3)} for request in execution.requests
    ]


def _error(execution: Execution) -> dict[str, object] | None:
    failure = execution.failure
    if failure is None:
        return None
    return {
        "class": failure.error_class,
        "message": failure.message,
        "retryable": failure.retryable,
        "url": failure.url,
        "status": failure.http_status,
        "snippet": failure.snippet,
        "trace": failure.trace,
    }


def _buckets(findings: Iterable[Finding]) -> dict[str, Entries]:
    buckets: dict[str, Entries] = {}
    for finding in findings:
        entry: dict[str, object] = {"subject": finding.subject, "detail": finding.detail}
        if finding.data:
            entry["data"] = finding.data
        buckets.setdefault(finding.kind, []).append(entry)
    return buckets
