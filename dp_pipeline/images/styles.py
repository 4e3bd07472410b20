"""CSS inside an SVG: what only paints is kept, what would fetch or run is not. Pure."""

import base64
import binascii
import re

from dp_pipeline.images.errors import UnusableImageError
from dp_pipeline.images.kinds import raster

# These read each character once, whatever is left open: a style sheet may have 2 MiB.
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
# Blocks and rules that fetch, and draw nothing by themselves.
_FETCHING = re.compile(
    r"@(?:import|charset|namespace)\b[^;{}@]*;|@font-face\s*\{[^{}]*\}", re.IGNORECASE
)
_LOCAL_URL = re.compile(r"url\(\s*(['\"]?)#[\w.:-]+\1\s*\)", re.IGNORECASE)
# Functions that fetch, and what browsers ran from a style at one time or another.
_FOREIGN = re.compile(
    r"(?:url|src|image|image-set|attr|expression)\(|(?:javascript|vbscript|data):|@import|"
    r"behaviou?r:|-moz-binding|//",
    re.IGNORECASE,
)
_PICTURE = re.compile(
    r"\s*data:image/(?:png|jpe?g|gif|webp)\s*;\s*base64\s*,([\w+/=\s%-]*)", re.IGNORECASE
)


def is_local(text: str) -> bool:
    """Whether a value refers to nothing outside its document and runs nothing.

    A backslash may spell any word in CSS, and a control character may split one: neither is needed.
    """
    if "\\" in text or "/*" in text or any(ord(c) < ord(" ") and c not in "\t\n\r" for c in text):
        return False
    # without white space: "java\nscript:" is one word to some
    return not _FOREIGN.search(re.sub(r"\s+", "", _LOCAL_URL.sub("", text)))


def declarations(style: str) -> str:
    """A style attribute without the declarations that are not local."""
    parts = (part.strip() for part in _COMMENT.sub("", style).split(";"))
    return ";".join(part for part in parts if part and is_local(part))


def style_sheet(text: str) -> str:
    """A style sheet without rules that fetch.

    Raises:
        UnusableImageError: others refer elsewhere too. Leaving all of them out would turn a badge
            of colours into a black one.
    """
    kept = _FETCHING.sub("", _COMMENT.sub("", text)).strip()
    if not is_local(kept) or "<" in kept:
        reason = "it is an SVG whose style sheet refers to something outside it"
        raise UnusableImageError(reason)
    return kept


def embedded_picture(href: str) -> bool:
    """Whether a reference is a picture of pixels inside the document itself."""
    match = _PICTURE.fullmatch(href)
    if match is None:
        return False
    try:
        body = base64.b64decode(re.sub(r"\s|%0[aAdD]|%20", "", match[1]), validate=True)
        return raster(body) is not None
    except (binascii.Error, ValueError, UnusableImageError):
        return False
