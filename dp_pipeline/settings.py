"""What the environment says: every variable this project reads, checked together, with its default.

Nothing here is read at import. A part that is not configured (S3, Slack) is None, never an error.
"""

import os
import re
import stat
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, NoReturn, Self, get_args
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit, urlunsplit

from pydantic import (
    BeforeValidator,
    Field,
    SecretStr,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

Class = Literal["failure", "partial", "news", "success", "digest"]
"""What messages are by class; each can be switched on and off."""
CLASSES: tuple[Class, ...] = get_args(Class)

_BASE_URL = "_BASE_URL"
_OURS = "DAGSTER_BASE_URL"
_SLIP = 0.8
"""How alike a name is to that of a provider that was meant: OPENAI and OPENLIGADB are 0.63."""
_SHORTEST_SECRET = 4  # replacing "a" would shred every text and protect nothing
_USER_INFO = re.compile(r"://[^/\s@:'\"]*:[^/\s'\"]*@")
_KMS = "aws:kms"
_KEY_OF_KMS = "AWS_S3_SSE_KMS_KEY_ID"
_ENCRYPTION = "AWS_S3_SERVER_SIDE_ENCRYPTION"
_ENCRYPTIONS = ("AES256", _KMS, "aws:kms:dsse")


class SettingsError(Exception):
    """The environment holds values we cannot use.

    The text is a sentence per bad variable. It shows no value, because a value may be a secret.
    `problems` maps each variable to its sentence.
    """

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = MappingProxyType(dict(problems))


def _refuse(what: str, name: str | None = None) -> NoReturn:
    """Refuse a value: `what` is wrong with it, the rest of a sentence that its variable begins."""
    kind = "setting"
    raise PydanticCustomError(kind, "{what}", {"what": what, "name": name})


def _read(convert: Callable[[str], Any] = str) -> BeforeValidator:
    def checked(value: str) -> Any:
        if not value.isprintable():
            _refuse("holds a control character.")
        return convert(value)

    return BeforeValidator(checked)


def _path(value: str) -> Path:
    try:
        return Path(value).expanduser().absolute()
    except RuntimeError:  # "~somebody" whom this machine does not know
        _refuse("starts with the home of an unknown user.")


def _directory(value: str) -> Path:
    home = _path(value)
    try:
        # not exists(): since 3.14 that says of every such path that there is none
        is_directory = stat.S_ISDIR(home.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return home
    except OSError as error:  # its name is too long, or somebody else's directory is above it
        _refuse(f"cannot be used: {error.strerror}.")
    if not is_directory:
        _refuse(f"must be a directory, and {home} is a file.")
    return home


def _split(url: str) -> SplitResult | None:
    """The parts of a URL, or None when it is malformed, its port included."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _url(value: str, kind: str = "an http:// or https:// URL") -> str:
    parts = _split(value)
    if parts is None or parts.scheme.lower() not in {"http", "https"} or not parts.hostname:
        _refuse(f"must be {kind}.")
    return value


def _root(value: str, kind: str = "an http:// or https:// URL") -> str:
    """An http(s) URL without trailing slash."""
    parts = urlsplit(_url(value, kind))
    if parts.query or parts.fragment or " " in value:
        _refuse("must be a root, without spaces, '?' or '#'.")
    return urlunsplit(parts).rstrip("/")


def _host_or_root(value: str) -> str:
    url = value if "://" in value else f"https://{value}"
    return _root(url, "a host name or an http(s) URL")


def _postgres(value: str) -> str:
    """Any of postgres://, postgresql://, postgresql+driver://, as postgresql://."""
    scheme, separator, rest = value.partition("://")
    if not separator or scheme.lower().partition("+")[0] not in {"postgres", "postgresql"}:
        _refuse("must be a Postgres URL like postgresql://user:password@host:5432/database.")
    parts = _split(f"postgresql://{rest}")
    if parts is None:
        _refuse(
            "is not a well-formed URL; characters like '@', '/', ':', '#' or '[' in a password are"
            " written percent-encoded."
        )
    if not parts.path.strip("/"):
        _refuse("names no database; end it with /database.")
    return f"postgresql://{rest}"


def _classes(value: str) -> frozenset[str]:
    """Classes of messages, separated by commas or blanks."""
    words = frozenset(value.lower().replace(",", " ").split())
    if not words or words - set(CLASSES):
        _refuse(f"must be one or more of {', '.join(CLASSES)}, separated by commas.")
    return words


def _encryption(value: str) -> str:
    known = [each for each in _ENCRYPTIONS if each.lower() == value.lower()]
    return known[0] if known else _refuse(f"must be one of {', '.join(_ENCRYPTIONS)}.")


def _like(pattern: str, otherwise: str) -> BeforeValidator:
    return _read(lambda value: value if re.fullmatch(pattern, value) else _refuse(otherwise))


_BUCKET = _like(
    r"[A-Za-z0-9._-]{1,255}|arn:\S+",
    "must be the name of a bucket, without s3:// and without a path.",
)
_REGION = _like(r"[A-Za-z0-9-]{1,63}", "must be the name of a region, like eu-west-1.")
_ON_OR_OFF = _like(r"(?i)on|off", "must be on or off.")  # which pydantic takes for true and false
_Text = Annotated[str, _read()]
_Root = Annotated[str, _read(_root)]
_ROOT = TypeAdapter(_Root)
_PostgresUrl = Annotated[SecretStr, _read(_postgres)]


def _from(name: str, default: Any = None, **more: Any) -> Any:
    return Field(default, validation_alias=name, **more)


class _FromEnvironment(BaseSettings):
    """Made of what is handed in, and of nothing that pydantic-settings would read by itself."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="ignore",
        case_sensitive=True,
        validate_default=False,
        populate_by_name=True,
    )

    @classmethod
    def settings_customise_sources(  # ty: ignore[incompatible-method-override] - by name
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, **_: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What `read` was given."""
        del settings_cls
        return (init_settings,)

    @classmethod
    def read(cls, environ: Mapping[str, str], problems: dict[str, str], **more: Any) -> Self | None:
        """Read it from these variables; None with problems."""
        source = EnvSettingsSource(cls)
        source.env_vars = environ
        try:
            return cls(**source(), **more)
        except ValidationError as error:
            for each in error.errors(include_input=False, include_url=False):
                name = each.get("ctx", {}).get("name") or str(each["loc"][0])
                problems.setdefault(name, f"{name} {each['msg']}")
            return None


class S3Settings(_FromEnvironment):
    """An S3 bucket, or one of a compatible store behind `endpoint_url`.

    Without keys boto3 finds credentials itself (instance role, profile).
    """

    bucket: Annotated[str, _BUCKET] = _from("AWS_S3_BUCKET", ...)
    access_key: _Text | None = _from("AWS_ACCESS_KEY_ID")
    secret_key: Annotated[SecretStr, _read()] | None = _from("AWS_SECRET_ACCESS_KEY")
    region: Annotated[str, _REGION] | None = _from("AWS_REGION")
    endpoint_url: _Root | None = _from("AWS_ENDPOINT_URL", repr=False)  # it may hold a password
    encryption: Annotated[str, _read(_encryption)] | None = _from(_ENCRYPTION)
    """Server-side encryption that is requested with every object; None leaves it to the bucket."""
    kms_key_id: _Text | None = _from(_KEY_OF_KMS)

    @model_validator(mode="before")
    @classmethod
    def _a_key_says_how(cls, given: dict[str, Any]) -> dict[str, Any]:
        return {_ENCRYPTION: _KMS, **given} if _KEY_OF_KMS in given else given

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.access_key is None) != (self.secret_key is None):
            missing = "AWS_ACCESS_KEY_ID" if self.access_key is None else "AWS_SECRET_ACCESS_KEY"
            _refuse(
                "is missing; set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or neither to"
                " use the credentials of the machine.",
                missing,
            )
        if self.kms_key_id and self.encryption and not self.encryption.startswith(_KMS):
            _refuse(f"must be {_KMS} or not set when {_KEY_OF_KMS} names a key.", _ENCRYPTION)
        return self


class Settings(_FromEnvironment):
    """One value for everything that is configured from outside."""

    home: Annotated[Path, _read(_directory)] = Field(
        default_factory=lambda: project_directory() / ".dp", validation_alias="DP_HOME"
    )
    """Directory of local state, absolute; it need not exist yet."""
    database_url: _PostgresUrl | None = _from("DP_DATABASE_URL")
    """`postgresql://…` of domain tables and ledger; None means the embedded server."""
    embedded: Annotated[bool, _ON_OR_OFF] = _from("DP_EMBEDDED", default=True)
    """Whether the embedded server may be started."""
    dagster_postgres_url: _PostgresUrl | None = _from("DAGSTER_POSTGRES_URL")
    """`postgresql://…` of Dagster's own storage; None means SQLite below `home`."""
    base_urls: Mapping[str, str] = Field({}, repr=False)  # a gateway's URL may hold a password
    """Root per provider, or part of one, without trailing slash; only those that are set."""
    notices: tuple[str, ...] = ()
    """What is set and ignored, though it may have been meant for us; a sentence each."""
    slack_webhook: Annotated[SecretStr, _read(_url)] | None = _from("SLACK_JOB_EXECUTIONS_WEBHOOK")
    messages: Annotated[frozenset[Class], NoDecode, _read(_classes)] = _from(
        "DP_MESSAGES", frozenset(CLASSES)
    )
    """What is posted there; the rest counts as announced."""
    s3: S3Settings | None = None
    public_objects_url: Annotated[str, _read(_host_or_root)] | None = _from("AWS_CLOUDFRONT_URL")
    """Public base of links into the bucket, without trailing slash."""
    dagster_base_url: _Root | None = _from(_OURS)
    competitions_file: Annotated[Path, _read(_path)] | None = _from("DP_COMPETITIONS")
    """The file of followed competitions, absolute; None means the packaged one."""
    known_exceptions_file: Annotated[Path, _read(_path)] | None = _from("DP_KNOWN_EXCEPTIONS")
    """The file of failing checks that are known, absolute; None means that none is."""
    retention_file: Annotated[Path, _read(_path)] | None = _from("DP_RETENTION")
    """The file that says how long what is kept, absolute; None means the packaged one."""

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read the settings from `environ`, the process' environment unless given.

        A variable that is empty or blank counts as not set.

        Raises:
            SettingsError: naming every variable whose value cannot be used.
        """
        everything = os.environ if environ is None else environ
        # pydantic-settings also takes a variable that is named like a field, which ours are not
        given = {n: text for n, v in everything.items() if n.isupper() and (text := v.strip())}
        problems: dict[str, str] = {}
        base_urls, notices = _base_urls(given, problems)
        s3 = S3Settings.read(given, problems) if "AWS_S3_BUCKET" in given else None
        loaded = cls.read(given, problems, base_urls=base_urls, notices=notices, s3=s3)
        if loaded is not None:
            problems |= loaded.conflicts()
        if loaded is None or problems:
            raise SettingsError(problems)
        return loaded

    def conflicts(self) -> dict[str, str]:
        """What is wrong with values that are right by themselves, by variable."""
        problems = {}
        ours, dagsters = self.database_url, self.dagster_postgres_url
        if dagsters is None and set("%?") & set(str(self.home)):
            # Dagster puts the path into a URL as it is, so that SQLite opens another file.
            problems["DP_HOME"] = (
                f"Dagster cannot keep its SQLite files in {self.home}, because of '%' or '?' in its"
                " path: set DP_HOME to another directory, or DAGSTER_POSTGRES_URL."
            )
        if ours is None and not self.embedded:
            problems["DP_DATABASE_URL"] = (
                "DP_DATABASE_URL is not set, and DP_EMBEDDED=off refuses the embedded server that"
                " stands in for it."
            )
        if (ours and dagsters) and _place(ours.get_secret_value()) == _place(
            dagsters.get_secret_value()
        ):
            problems["DAGSTER_POSTGRES_URL"] = (
                "DAGSTER_POSTGRES_URL names the same database as DP_DATABASE_URL; Dagster and this "
                "project each keep their own tables and their own alembic_version, so give "
                "Dagster a database of its own (it may be on the same server)."
            )
        return problems

    def make_home(self) -> None:
        """Make DP_HOME, for this user alone. One that exists keeps its mode."""
        from dp_pipeline.embedded_postgres import make_private

        make_private(self.home, for_server=self.database_url is None)

    def secrets(self) -> tuple[str, ...]:
        """Every text that must not be shown to anybody, longest first.

        Passwords appear as written in the URL and decoded. A password that equals its user name is
        none: it gives nothing away, and replacing "postgres" everywhere would hide what happened.
        """
        texts: set[str] = set()
        for whole in (self.database_url, self.dagster_postgres_url, self.slack_webhook):
            if whole is not None:
                texts.add(whole.get_secret_value())
        endpoint = self.s3.endpoint_url if self.s3 is not None else None
        for url in (*texts, *self.base_urls.values(), endpoint or ""):
            parts = urlsplit(url)
            if parts.password and parts.password != parts.username:
                texts.update((parts.password, unquote(parts.password)))
        if self.s3 is not None and self.s3.secret_key is not None:
            texts.add(self.s3.secret_key.get_secret_value())
        return tuple(sorted((s for s in texts if len(s) >= _SHORTEST_SECRET), key=len)[::-1])

    def conceal(self, text: str) -> str:
        """The text with every known secret, and the user-info of any URL, replaced by `***`."""
        for secret in self.secrets():
            text = text.replace(secret, "***")
        return _USER_INFO.sub("://***@", text)


def project_directory() -> Path:
    """The checkout this package runs from (it holds dagster.yaml), else the working directory."""
    checkout = Path(__file__).resolve().parent.parent
    return checkout if (checkout / "dagster.yaml").is_file() else Path.cwd()


def _base_urls(
    environ: Mapping[str, str], problems: dict[str, str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The roots of providers, and notices. Other programs have settings of this form, too."""
    names = [n.removesuffix(_BASE_URL) for n in environ if n.endswith(_BASE_URL) and n != _OURS]
    if not names:
        return {}, ()
    # the parsers of all providers, 0.25 s, only for those who set one
    from dp_pipeline.providers.registry import PROVIDERS

    known = {service.upper(): service for each in PROVIDERS for service in each.services}
    settings = ", ".join(provider.base_url_setting for provider in PROVIDERS)
    roots, notices = {}, []
    for name in sorted(names):
        setting = f"{name}{_BASE_URL}"
        slip = get_close_matches(name, known, n=1, cutoff=_SLIP)
        if name in known:
            try:
                roots[known[name]] = _ROOT.validate_python(environ[setting])
            except ValidationError as error:
                problems[setting] = f"{setting} {error.errors()[0]['msg']}"
        elif slip:
            problems[setting] = f"{setting} names no provider; did you mean {slip[0]}{_BASE_URL}?"
        else:
            notices.append(
                f"{setting} is set and ignored: there is no provider of that name. Those of "
                f"providers are {settings}."
            )
    return roots, tuple(notices)


def _place(url: str) -> tuple[str, int, str]:
    """Which database a Postgres URL means: host, port, name."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)  # libpq lets ?host= and ?port= stand for the address
    host = (parts.hostname or query.get("host", [""])[-1]).lower()
    given = query.get("port", [""])[-1]
    port = parts.port or (int(given) if given.isdecimal() else 5432)
    local = host in {"", "localhost", "127.0.0.1", "::1"}
    return "localhost" if local else host, port, unquote(parts.path.strip("/"))
