"""What a variable may hold: each kind of value is read from text, or refused in a sentence."""

import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn, get_args
from urllib.parse import SplitResult, urlsplit, urlunsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BeforeValidator, SecretStr, TypeAdapter
from pydantic_core import PydanticCustomError

Class = Literal["failure", "partial", "news", "success", "digest"]
"""What messages are by class; each can be switched on and off."""
CLASSES: tuple[Class, ...] = get_args(Class)
KMS = "aws:kms"
_ENCRYPTIONS = ("AES256", KMS, "aws:kms:dsse")


def refuse(what: str, name: str | None = None) -> NoReturn:
    """Refuse a value: `what` is wrong with it, the rest of a sentence that its variable begins."""
    kind = "setting"
    raise PydanticCustomError(kind, "{what}", {"what": what, "name": name})


def checked(convert: Callable[[str], Any] = str) -> BeforeValidator:
    """What reads a variable: printable, then converted."""

    def converted(value: str) -> Any:
        if not value.isprintable():
            refuse("holds a control character.")
        return convert(value)

    return BeforeValidator(converted)


def path(value: str) -> Path:
    """A path, absolute."""
    try:
        return Path(value).expanduser().absolute()
    except RuntimeError:  # "~somebody" whom this machine does not know
        refuse("starts with the home of an unknown user.")


def directory(value: str) -> Path:
    """The path of a directory, which need not exist yet."""
    home = path(value)
    try:
        # not exists(): since 3.14 that says of every such path that there is none
        is_directory = stat.S_ISDIR(home.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return home
    except OSError as error:  # its name is too long, or somebody else's directory is above it
        refuse(f"cannot be used: {error.strerror}.")
    if not is_directory:
        refuse(f"must be a directory, and {home} is a file.")
    return home


def _split(url: str) -> SplitResult | None:
    """The parts of a URL, or None when it is malformed, its port included."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def url(value: str, kind: str = "an http:// or https:// URL") -> str:
    """An http(s) URL."""
    parts = _split(value)
    if parts is None or parts.scheme.lower() not in {"http", "https"} or not parts.hostname:
        refuse(f"must be {kind}.")
    return value


def root(value: str, kind: str = "an http:// or https:// URL") -> str:
    """An http(s) URL without trailing slash."""
    parts = urlsplit(url(value, kind))
    if parts.query or parts.fragment or " " in value:
        refuse("must be a root, without spaces, '?' or '#'.")
    return urlunsplit(parts).rstrip("/")


def host_or_root(value: str) -> str:
    """A host name, or an http(s) URL without trailing slash."""
    url = value if "://" in value else f"https://{value}"
    return root(url, "a host name or an http(s) URL")


def postgres(value: str) -> str:
    """Any of postgres://, postgresql://, postgresql+driver://, as postgresql://."""
    scheme, separator, rest = value.partition("://")
    if not separator or scheme.lower().partition("+")[0] not in {"postgres", "postgresql"}:
        refuse("must be a Postgres URL like postgresql://user:password@host:5432/database.")
    parts = _split(f"postgresql://{rest}")
    if parts is None:
        refuse(
            "is not a well-formed URL; characters like '@', '/', ':', '#' or '[' in a password are"
            " written percent-encoded."
        )
    if not parts.path.strip("/"):
        refuse("names no database; end it with /database.")
    return f"postgresql://{rest}"


def count(value: str) -> int:
    """A whole number from 1 to 1000."""
    if not re.fullmatch(r"[1-9][0-9]{0,2}|1000", value):
        refuse("must be a whole number from 1 to 1000.")
    return int(value)


def classes(value: str) -> frozenset[str]:
    """Classes of messages, separated by commas or blanks."""
    words = frozenset(value.lower().replace(",", " ").split())
    if not words or words - set(CLASSES):
        refuse(f"must be one or more of {', '.join(CLASSES)}, separated by commas.")
    return words


def hosts(value: str) -> frozenset[str]:
    """Host names or addresses, separated by commas or blanks."""
    names = frozenset(value.lower().replace(",", " ").split())
    if not names or not all(re.fullmatch(r"[\w.-]+|[\da-f]*:[\da-f:.]+", name) for name in names):
        refuse("must be host names or addresses, without http:// and port, separated by commas.")
    return names


def encryption(value: str) -> str:
    """A server-side encryption of S3."""
    known = [each for each in _ENCRYPTIONS if each.lower() == value.lower()]
    return known[0] if known else refuse(f"must be one of {', '.join(_ENCRYPTIONS)}.")


def zone(value: str) -> ZoneInfo:
    """A time zone of the IANA database, in any case."""
    known = {name.lower(): name for name in available_timezones()}
    if value.lower() not in known:
        refuse("must be a time zone of the IANA database, such as UTC or Europe/Berlin.")
    return ZoneInfo(known[value.lower()])


def like(pattern: str, otherwise: str) -> BeforeValidator:
    """What reads a text of this pattern."""
    return checked(lambda value: value if re.fullmatch(pattern, value) else refuse(otherwise))


BUCKET = like(
    r"[A-Za-z0-9._-]{1,255}|arn:\S+",
    "must be the name of a bucket, without s3:// and without a path.",
)
REGION = like(r"[A-Za-z0-9-]{1,63}", "must be the name of a region, like eu-west-1.")
BOT_TOKEN = like(
    r"xox[a-z.]{1,8}-\S{8,}",
    "must be the Bot User OAuth Token that Slack shows for the app; it begins with xoxb-.",
)
CHANNEL = like(
    r"#?[^\s#@<>,]{1,80}", "must be the ID of one channel, like C0123456789, or its name."
)
LOG = like("brief|debug", "must be brief or debug.")
LOG_FORMAT = like("plain|json", "must be plain or json.")
ON_OR_OFF = like(r"(?i)on|off", "must be on or off.")  # which pydantic takes for true and false
Count = Annotated[int, checked(count)]
Text = Annotated[str, checked()]
Root = Annotated[str, checked(root)]
ROOT = TypeAdapter(Root)
COUNT = TypeAdapter(Count)
PostgresUrl = Annotated[SecretStr, checked(postgres)]
