"""A check of the files that settings name: failing checks that are known, and what is kept.

`dp seasons` reads the file of followed competitions, whose package stands above this one.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from dp_pipeline.domains import known_exceptions
from dp_pipeline.domains.known_exceptions import KnownExceptionsError
from dp_pipeline.instance.doctor.diagnosis import Diagnosis, Installation
from dp_pipeline.ledger.retention import policy
from dp_pipeline.ledger.retention.policy import RetentionError

_LOADERS: Mapping[str, Callable[[Path], object]] = {
    "DP_KNOWN_EXCEPTIONS": known_exceptions.load,
    "DP_RETENTION": policy.load,
}
_CURE = "Correct it; docs/operations.md has an example of each file."


def files(installation: Installation) -> Diagnosis:
    """Whether each file that is named can be used."""
    settings = installation.settings
    paths = (settings.known_exceptions_file, settings.retention_file)
    given = {name: path for name, path in zip(_LOADERS, paths, strict=True) if path is not None}
    wrong = []
    for name, path in given.items():
        try:
            _LOADERS[name](path)
        except (KnownExceptionsError, RetentionError) as error:
            said = str(error).splitlines()[0]
            wrong.append(f"{name}: {said if said.endswith('.') else f'{said}.'}")
    if wrong:
        return Diagnosis("fail", " ".join(wrong), _CURE)
    names = ", ".join(given)
    return Diagnosis("ok", f"What {names} says can be used." if names else "None is set.")
