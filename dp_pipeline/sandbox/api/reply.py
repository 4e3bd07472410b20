"""An answer of the world's server: bytes, type and headers. Knows nothing of the world.

`dp` loads the faults, which are made of answers, with each command: with the whole world that took
0.04 s.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

JSON = "application/json"
HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: `max_age` in seconds, as in Cache-Control."""

    status: int
    body: bytes
    content_type: str = JSON
    max_age: int = 0

    @property
    def etag(self) -> str:
        """Of the body."""
        return f'"{hashlib.blake2b(self.body, digest_size=16).hexdigest()}"'


def encoded(body: Any) -> bytes:
    """JSON as the provider writes it: no spaces, UTF-8."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
