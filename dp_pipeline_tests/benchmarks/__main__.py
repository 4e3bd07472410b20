"""`python -m dp_pipeline_tests.benchmarks [NAME...]`: measure, print tables, keep them as a page.

What is measured goes into `docs/benchmarks.json`, beside what other calls measured, and all of it
into `docs/benchmarks.md`.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from dp_pipeline_tests.benchmarks import (
    bench_backfill,
    bench_ingest,
    bench_nightly,
    bench_peers,
    bench_played,
    bench_scale,
    bench_season,
    bench_ticks,
)
from dp_pipeline_tests.benchmarks.page import KEPT, PAGE, circumstances, page

Rows = Iterable[dict[str, Any]]

BENCHMARKS: Mapping[str, Callable[[], Rows]] = {
    "ingest": bench_ingest.measure,
    "season": bench_season.measure,
    "peers": bench_peers.measure,
    "backfill": bench_backfill.measure,
    "nightly": bench_nightly.measure,
    "played": bench_played.measure,
    "ticks": bench_ticks.measure,
    "scale": bench_scale.measure,
    "scale-40000": partial(bench_scale.measure, 40_000),
}


def main() -> None:
    """Run what is named, or everything."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers there too")
    parser.add_argument(
        "--tournaments", type=int, metavar="N", help="how many of them `scale` fills, not 10,000"
    )
    given = parser.parse_args()
    if unknown := set(given.names) - set(BENCHMARKS):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    numbers: dict[str, Any] = {}
    for name in given.names or BENCHMARKS:
        measure = BENCHMARKS[name]
        if name == "scale" and given.tournaments:
            measure = partial(bench_scale.measure, given.tournaments)
        numbers[name] = {**circumstances(), "rows": []}
        for row in measure():
            console.print(row["what"])
            numbers[name]["rows"].append(row)
        show(console, name, numbers[name]["rows"])
    kept = {**json.loads(KEPT.read_text()), **numbers} if KEPT.exists() else numbers
    KEPT.write_text(json.dumps(kept, indent=2) + "\n")
    PAGE.write_text(page(kept))
    console.print(f"{PAGE} says it.")
    if given.json:
        given.json.write_text(json.dumps(numbers, indent=2) + "\n")


def show(console: Console, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows as a table; what is nested goes below it."""
    columns = [name for name, value in rows[0].items() if not isinstance(value, Mapping)]
    table = Table(*columns, title=f"{name} (seconds)")
    for row in rows:
        table.add_row(*(str(row.get(column, "")) for column in columns))
    console.print(table)
    for row in rows:
        for part in row.values():
            if isinstance(part, Mapping):
                shares = sorted(part.items(), key=lambda item: -item[1])
                text = ", ".join(f"{what} {value:g}" for what, value in shares)
                console.print(f"{row['what']}: {text}")


if __name__ == "__main__":
    main()
