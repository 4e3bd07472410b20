"""OpenLigaDB's recorded answers, which are no part of the project."""

import json
import os
from pathlib import Path
from typing import Any

RECORDINGS = os.environ.get("DP_RECORDINGS")


def recorded(name: str) -> Any:
    """The JSON of a file; some are Latin-1, one begins with the HTTP headers it came with."""
    raw = (Path(RECORDINGS or "") / "openligadb" / name).read_bytes()
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    payload = json.loads(text[min(text.index(opening) for opening in "[{" if opening in text) :])
    return payload if isinstance(payload, list) else [payload]
