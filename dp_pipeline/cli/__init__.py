"""The command `dp`. Thin: each command calls what an asset or a sensor calls.

group     the command itself, and what several commands need
ingest    dp ingest
retry     dp retry
tournaments  dp tournaments
running   a job in this process, and what came of it
dev       dp dev
doctor    dp doctor
executions  dp executions
remove    dp remove
search    dp search
table     dp table
shown     dp checks, seasons, approve, health
stats     dp stats
database  dp db
dump      dp db dump, dp db restore
accept    dp accept, dp refuse
aliases   dp alias
clubs     dp clubs
goalscorers  dp goalscorers
history   dp history
metrics   dp metrics
coverage  dp coverage
compare   dp compare
export    dp export
page      dp page
archive   dp archive, dp replay
report    dp report
retention dp retention
sandbox   dp sandbox
listening where dp metrics and dp sandbox listen
"""

import gc

gc.disable()  # see definitions.py

from dp_pipeline.cli import (  # noqa: E402
    accept,
    aliases,
    archive,
    clubs,
    compare,
    coverage,
    database,
    dev,
    doctor,
    dump,
    executions,
    export,
    goalscorers,
    history,
    ingest,
    metrics,
    page,
    remove,
    report,
    retention,
    retry,
    sandbox,
    search,
    shown,
    stats,
    table,
    tournaments,
)
from dp_pipeline.cli.group import main  # noqa: E402

gc.enable()
gc.freeze()

__all__ = [
    "accept",
    "aliases",
    "archive",
    "clubs",
    "compare",
    "coverage",
    "database",
    "dev",
    "doctor",
    "dump",
    "executions",
    "export",
    "goalscorers",
    "history",
    "ingest",
    "main",
    "metrics",
    "page",
    "remove",
    "report",
    "retention",
    "retry",
    "sandbox",
    "search",
    "shown",
    "stats",
    "table",
    "tournaments",
]
