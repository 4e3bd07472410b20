"""A response as it came over the wire, and its text."""

import codecs
import re
from dataclasses import dataclass
from typing import Self

SNIPPET = 500
LONGEST_VALIDATOR = 500
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
# Others are no charsets of web servers, and some are traps: punycode takes quadratic time.
_CHARSETS = ("iso8859", "cp125", "cp437", "cp850", "koi8", "mac-roman", "utf-16", "utf-32")


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server gave for a conditional request (RFC 9110, 8.8)."""

    etag: str | None = None
    last_modified: str | None = None

    @classmethod
    def of(cls, etag: str | None, last_modified: str | None) -> Self:
        """Those that can be sent back."""
        return cls(_sendable(etag), _sendable(last_modified))

    def headers(self) -> dict[str, str]:
        """The headers of a conditional request; none without validators."""
        names = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in names.items() if value}


@dataclass(frozen=True, slots=True)
class Response:
    """A response: body decompressed, headers as sent, `challenge` from them.

    `url` is the address that gave it, which redirects may have led to.
    """

    status: int
    body: bytes
    content_type: str = ""
    retry_after: str | None = None
    challenge: bool = False
    etag: str | None = None
    last_modified: str | None = None
    url: str = ""

    @property
    def text(self) -> str:
        """The body as text."""
        return decode(self.body, self.content_type)

    @property
    def beginning(self) -> str:
        """More than enough of the text for a snippet, of which secrets may still be cut out."""
        return decode(self.body[: 8 * SNIPPET], self.content_type)


def decode(body: bytes, content_type: str = "") -> str:
    """Text of a body: UTF-8 with or without BOM, else the declared charset, else Latin-1.

    UTF-8 goes first whatever is declared: it does not fit by accident, and OpenLigaDB's older
    answers are Latin-1 without saying so.
    """
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        declared = _CHARSET.search(content_type)
    try:
        name = codecs.lookup(declared.group(1)).name if declared else ""
        if name.startswith(_CHARSETS):
            return body.decode(name)
    except (LookupError, UnicodeError):
        pass  # an unknown or wrong declaration is no declaration
    return body.decode("latin-1")


def _sendable(value: str | None) -> str | None:
    """A validator we can send back, or None."""
    if value and len(value) <= LONGEST_VALIDATOR and value.isascii() and value.isprintable():
        return value
    return None
