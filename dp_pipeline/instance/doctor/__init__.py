"""`dp doctor`: whether what an installation stands on works, a check for each part, with its cure.

diagnosis  what is examined, and what a check says
machine    disk, permissions, Dagster's storage and daemon
database   server, tables, pooler, clock
services   object store, Slack, providers
files      the files that settings name

A new check is a function and its line in `CHECKS`. It is given all that it may open, says what it
found, and raises what it likes: that is a failure, said in its words.
"""

from collections.abc import Iterator, Mapping

from dp_pipeline.instance.doctor.database import clock, pooler, server, versions
from dp_pipeline.instance.doctor.diagnosis import Check, Diagnosis, Installation
from dp_pipeline.instance.doctor.files import files
from dp_pipeline.instance.doctor.machine import daemon, dagster_storage, disk, permissions
from dp_pipeline.instance.doctor.services import object_store, providers, slack
from dp_pipeline.instance.health import installation_health

__all__ = ["CHECKS", "Diagnosis", "Installation", "examine", "examine_parts"]

CHECKS: Mapping[str, Check] = {
    "permissions": permissions,
    "disk": disk,
    "files": files,
    "database": server,
    "tables": versions,
    "pooler": pooler,
    "clock": clock,
    "object store": object_store,
    "Slack": slack,
    "Dagster's storage": dagster_storage,
    "daemon": daemon,
    "providers": providers,
}


def examine(installation: Installation) -> Iterator[tuple[str, Diagnosis]]:
    """Make each check, and give its name and what it says, without secrets."""
    conceal = installation.settings.conceal
    failed: set[str] = set()
    for name, check in CHECKS.items():
        before = _AFTER.get(name)
        if before in failed:
            yield name, Diagnosis("warn", f"Not checked, because of what {before} says.")
            continue
        try:
            found = check(installation)
        # The border to whatever a broken installation raises: each check has a line, and no check
        # keeps the others from being made.
        except Exception as error:  # noqa: BLE001
            said = str(error).strip().split("\n")[0] or type(error).__name__
            found = Diagnosis("fail", said, _CURES.get(name, ""))
            failed.add(name)
        yield name, Diagnosis(found.state, conceal(found.said), conceal(found.cure))


def examine_parts(installation: Installation) -> Iterator[tuple[str, Diagnosis]]:
    """Examine only whether the parts work that a monitor asks for, likewise."""
    health = installation_health(
        installation.database, installation.dagster, installation.settings.conceal
    )
    for part in health.parts:
        yield part.name, Diagnosis("ok" if part.works else "fail", part.said)


_AFTER = {
    **dict.fromkeys(("tables", "pooler", "clock", "providers"), "database"),
    "daemon": "Dagster's storage",
}
"""By check the one that says already why it could not be made."""
_CURES = {
    "permissions": "Set DP_HOME to a directory of your own.",
    "database": (
        "Start the server that DP_DATABASE_URL names, or correct address, user or password there; "
        "without the variable an embedded server is used."
    ),
    "object store": (
        "Correct AWS_S3_BUCKET, its keys, AWS_REGION or AWS_ENDPOINT_URL; without a bucket objects "
        "go to DP_HOME/objects."
    ),
    "Slack": "Look at SLACK_JOB_EXECUTIONS_WEBHOOK, or SLACK_BOT_TOKEN and SLACK_CHANNEL.",
    "Dagster's storage": (
        "Start the server that DAGSTER_POSTGRES_URL names, or correct address, user or password "
        "there; without the variable Dagster keeps its state in DP_HOME."
    ),
}
"""What to do about a check that raised; what it said otherwise has its own."""
