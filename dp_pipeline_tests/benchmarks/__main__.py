"""`python -m dp_pipeline_tests.benchmarks [NAME...] [--json FILE]`: measure and print tables."""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from dp_pipeline_tests.benchmarks import bench_backfill, bench_ingest, bench_nightly, bench_ticks

BENCHMARKS = {
    "ingest": bench_ingest.measure,
    "backfill": bench_backfill.measure,
    "nightly": bench_nightly.measure,
    "ticks": bench_ticks.measure,
}


def main() -> None:
    """Run what is named, or everything."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers there too")
    given = parser.parse_args()
    if unknown := set(given.names) - set(BENCHMARKS):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    numbers: dict[str, Any] = {}
    for name in given.names or BENCHMARKS:
        numbers[name] = []
        for row in BENCHMARKS[name]():
            console.print(f"{row['what']}: {row['cpu']} s of CPU")
            numbers[name].append(row)
        show(console, name, numbers[name])
        if name == "backfill":
            numbers["ratios"] = bench_backfill.ratios(numbers[name])
            console.print(numbers["ratios"])
    if given.json:
        given.json.write_text(json.dumps(numbers, indent=2) + "\n")


def show(console: Console, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows as a table; what is nested goes below it."""
    columns = [name for name, value in rows[0].items() if not isinstance(value, Mapping)]
    table = Table(*columns, title=f"{name} (seconds)")
    for row in rows:
        table.add_row(*(str(row[column]) for column in columns))
    console.print(table)
    for row in rows:
        for part in row.values():
            if isinstance(part, Mapping):
                shares = sorted(part.items(), key=lambda item: -item[1])
                text = ", ".join(f"{what} {value:g}" for what, value in shares)
                console.print(f"{row['what']}: {text}")


if __name__ == "__main__":
    main()
