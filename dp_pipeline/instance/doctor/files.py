"""A check of the files that settings name: competitions, failing checks that are known, retention.

Who reads the file of followed competitions stands above this package, and is handed in.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from dp_pipeline.domains import known_exceptions
from dp_pipeline.instance.doctor.diagnosis import Diagnosis, Installation
from dp_pipeline.ledger.retention import policy

_WHERE: Mapping[str, str] = {
    "DP_COMPETITIONS": "dp_pipeline/competitions/competitions.yaml is an example",
    "DP_KNOWN_EXCEPTIONS": 'docs/operations.md has an example under "Incidents and checks"',
    "DP_RETENTION": 'docs/operations.md says what it may have under "Retention"',
}


def files(installation: Installation) -> Diagnosis:
    """Whether each file that is named can be used."""
    settings = installation.settings
    named: Mapping[str, tuple[Path | None, Callable[[Path], object]]] = {
        "DP_COMPETITIONS": (settings.competitions_file, installation.read_competitions),
        "DP_KNOWN_EXCEPTIONS": (settings.known_exceptions_file, known_exceptions.load),
        "DP_RETENTION": (settings.retention_file, policy.load),
    }
    given = {name: (path, read) for name, (path, read) in named.items() if path is not None}
    wrong, cures = [], []
    for name, (path, read) in given.items():
        try:
            read(path)
        # Each file has an error of its own; that of one stands in a package above.
        except Exception as error:  # noqa: BLE001
            wrong.append(f"{name}: {_in_a_line(error)}")
            cures.append(f"Correct {path}, or unset {name}; {_WHERE[name]}.")
    if wrong:
        return Diagnosis("fail", " ".join(wrong), " ".join(cures))
    names = ", ".join(given)
    return Diagnosis("ok", f"What {names} says can be used." if names else "None is set.")


def _in_a_line(error: Exception) -> str:
    first, *others = str(error).splitlines() or [type(error).__name__]
    said = first if first.endswith(".") else f"{first}."
    return f"{said} And {len(others)} more." if others else said
