"""What the environment says: every variable this project reads, checked together, with its default.

Nothing here is read at import. A part that is not configured (S3, Slack) is None, never an error.
"""

import os
import re
from collections.abc import Mapping
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Self
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from dp_pipeline.settings import values
from dp_pipeline.settings.places import default_home
from dp_pipeline.settings.values import (
    CLASSES,
    COUNT,
    KMS,
    ROOT,
    Class,
    Count,
    PostgresUrl,
    Root,
    Text,
    checked,
    refuse,
)

__all__ = [
    "CLASSES",
    "PARTITIONS_PER_RUN",
    "Class",
    "S3Settings",
    "Settings",
    "SettingsError",
    "partitions_per_run",
]

_BASE_URL = "_BASE_URL"
_OURS = "DAGSTER_BASE_URL"
_SLIP = 0.8
"""How alike a name is to that of a provider that was meant: OPENAI and OPENLIGADB are 0.63."""
_SHORTEST_SECRET = 4  # replacing "a" would shred every text and protect nothing
_USER_INFO = re.compile(r"://[^/\s@:'\"]*:[^/\s'\"]*@")
_BOT_TOKEN, _CHANNEL = "SLACK_BOT_TOKEN", "SLACK_CHANNEL"
_KEY_OF_KMS = "AWS_S3_SSE_KMS_KEY_ID"
_ENCRYPTION = "AWS_S3_SERVER_SIDE_ENCRYPTION"
_PARTITIONS_PER_RUN = "DP_PARTITIONS_PER_RUN"
PARTITIONS_PER_RUN = 100
"""The most tournaments of one run, where DP_PARTITIONS_PER_RUN does not say. A process starts for
each run, which takes 2 s of CPU: with fifty that was a third of a night with nothing new."""


class SettingsError(Exception):
    """The environment holds values we cannot use.

    The text is a sentence per bad variable. It shows no value, because a value may be a secret.
    `problems` maps each variable to its sentence.
    """

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = MappingProxyType(dict(problems))


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

    bucket: Annotated[str, values.BUCKET] = _from("AWS_S3_BUCKET", ...)
    access_key: Text | None = _from("AWS_ACCESS_KEY_ID")
    secret_key: Annotated[SecretStr, checked()] | None = _from("AWS_SECRET_ACCESS_KEY")
    region: Annotated[str, values.REGION] | None = _from("AWS_REGION")
    endpoint_url: Root | None = _from("AWS_ENDPOINT_URL", repr=False)  # it may hold a password
    encryption: Annotated[str, checked(values.encryption)] | None = _from(_ENCRYPTION)
    """Server-side encryption that is requested with every object; None leaves it to the bucket."""
    kms_key_id: Text | None = _from(_KEY_OF_KMS)

    @model_validator(mode="before")
    @classmethod
    def _a_key_says_how(cls, given: dict[str, Any]) -> dict[str, Any]:
        return {_ENCRYPTION: KMS, **given} if _KEY_OF_KMS in given else given

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.access_key is None) != (self.secret_key is None):
            missing = "AWS_ACCESS_KEY_ID" if self.access_key is None else "AWS_SECRET_ACCESS_KEY"
            refuse(
                "is missing; set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or neither to"
                " use the credentials of the machine.",
                missing,
            )
        if self.kms_key_id and self.encryption and not self.encryption.startswith(KMS):
            refuse(f"must be {KMS} or not set when {_KEY_OF_KMS} names a key.", _ENCRYPTION)
        return self


class Settings(_FromEnvironment):
    """One value for everything that is configured from outside."""

    home: Annotated[Path, checked(values.directory)] = Field(
        default_factory=default_home, validation_alias="DP_HOME"
    )
    """Directory of local state, absolute; it need not exist yet."""
    database_url: PostgresUrl | None = _from("DP_DATABASE_URL")
    """`postgresql://…` of domain tables and ledger; None means the embedded server."""
    embedded: Annotated[bool, values.ON_OR_OFF] = _from("DP_EMBEDDED", default=True)
    """Whether the embedded server may be started."""
    migrates: Annotated[bool, values.ON_OR_OFF] = _from("DP_MIGRATE", default=True)
    """Whether whoever opens a database with older tables migrates them; else one command does."""
    dagster_postgres_url: PostgresUrl | None = _from("DAGSTER_POSTGRES_URL")
    """`postgresql://…` of Dagster's own storage; None means SQLite below `home`."""
    base_urls: Mapping[str, str] = Field({}, repr=False)  # a gateway's URL may hold a password
    """Root per provider, or part of one, without trailing slash; only those that are set."""
    notices: tuple[str, ...] = ()
    """What is set and ignored, though it may have been meant for us; a sentence each."""
    slack_webhook: Annotated[SecretStr, checked(values.url)] | None = _from(
        "SLACK_JOB_EXECUTIONS_WEBHOOK"
    )
    slack_bot_token: Annotated[SecretStr, values.BOT_TOKEN] | None = _from(_BOT_TOKEN)
    """Of the app that posts to `slack_channel`; it goes before the webhook."""
    slack_channel: Annotated[str, values.CHANNEL] | None = _from(_CHANNEL)
    slack_api_url: Root | None = _from("SLACK_API_URL")
    """Root of Slack's API; None means that of slack.com."""
    heartbeat_url: Annotated[SecretStr, checked(values.url)] | None = _from("DP_HEARTBEAT_URL")
    """What is called each minute while daemon and delivery work."""
    messages: Annotated[frozenset[Class], NoDecode, checked(values.classes)] = _from(
        "DP_MESSAGES", frozenset(CLASSES)
    )
    """What is posted there; the rest counts as announced."""
    s3: S3Settings | None = None
    public_objects_url: Annotated[str, checked(values.host_or_root)] | None = _from(
        "AWS_CLOUDFRONT_URL"
    )
    """Public base of links into the bucket, without trailing slash."""
    dagster_base_url: Root | None = _from(_OURS)
    allowed_hosts: Annotated[frozenset[str], NoDecode, checked(values.hosts)] = _from(
        "DP_ALLOWED_HOSTS", frozenset()
    )
    """Further host names under which Dagster's pages may be opened, in small letters."""
    competitions_file: Annotated[Path, checked(values.path)] | None = _from("DP_COMPETITIONS")
    """The file of followed competitions, absolute; None means the packaged one."""
    known_exceptions_file: Annotated[Path, checked(values.path)] | None = _from(
        "DP_KNOWN_EXCEPTIONS"
    )
    """The file of failing checks that are known, absolute; None means that none is."""
    retention_file: Annotated[Path, checked(values.path)] | None = _from("DP_RETENTION")
    """The file that says how long what is kept, absolute; None means the packaged one."""

    runs_at_once: Count | None = _from("DP_RUNS_AT_ONCE")
    """Runs at work at a time, over all machines; None leaves it to dagster.yaml."""
    backfill_runs_at_once: Count | None = _from("DP_BACKFILL_RUNS_AT_ONCE")
    """How many of them may be of backfills; None leaves it to dagster.yaml."""
    partitions_per_run: Count = _from(_PARTITIONS_PER_RUN, PARTITIONS_PER_RUN)
    """The most tournaments of one run of a backfill or refresh."""
    connections_per_run: Count = _from("DP_CONNECTIONS_PER_RUN", 4)
    """The most requests of one run to one service at the same time."""
    log: Annotated[str, values.LOG] = _from("DP_LOG", "brief")
    """How much `dp dev` shows of what Dagster says: what matters, or with "debug" all."""
    log_format: Annotated[str, values.LOG_FORMAT] = _from("DP_LOG_FORMAT", "plain")
    """How every process logs: lines for people, or with "json" one object a line."""
    timezone: Annotated[ZoneInfo, checked(values.zone)] = Field(
        default_factory=lambda: ZoneInfo("UTC"), validation_alias="DP_TIMEZONE"
    )
    """In which times are shown on pages for people, and in which a day of messages ends."""

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read the settings from `environ`, the process' environment unless given.

        A variable that is empty or blank counts as not set.

        Raises:
            SettingsError: naming every variable whose value cannot be used.
        """
        everything = os.environ if environ is None else environ
        # pydantic-settings also takes a variable that is named like a field, which ours are not
        given = {n: text for n, v in everything.items() if n.isupper() and (text := v.strip())}
        # A run asks for each materialization, a sensor with each tick: 2 ms to read it anew.
        return _loaded(frozenset(given.items()), _working_directory(), default_home())

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Self:
        """The settings of these variables, none of which is blank; raises SettingsError."""
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
        if (self.slack_bot_token is None) != (self.slack_channel is None):
            there, missing = _BOT_TOKEN, _CHANNEL
            if self.slack_bot_token is None:
                there, missing = missing, there
            problems[there] = f"{there} is set and {missing} is not; set both, or neither."
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

    @property
    def objects_folder(self) -> Path:
        """Where objects are without a bucket."""
        return self.home / "objects"

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
        databases, slack = (self.database_url, self.dagster_postgres_url), self.slack_webhook
        whole = *databases, slack, self.heartbeat_url
        texts.update(each.get_secret_value() for each in whole if each is not None)
        endpoint = self.s3.endpoint_url if self.s3 is not None else None
        for url in (*texts, *self.base_urls.values(), endpoint or ""):
            parts = urlsplit(url)
            if parts.password and parts.password != parts.username:
                texts.update((parts.password, unquote(parts.password)))
        keys = self.slack_bot_token, self.s3.secret_key if self.s3 is not None else None
        texts.update(each.get_secret_value() for each in keys if each is not None)
        return tuple(sorted((s for s in texts if len(s) >= _SHORTEST_SECRET), key=len)[::-1])

    def conceal(self, text: str) -> str:
        """The text with every known secret, and the user-info of any URL, replaced by `***`."""
        for secret in self.secrets():
            text = text.replace(secret, "***")
        return _USER_INFO.sub("://***@", text)


def partitions_per_run(default: int = PARTITIONS_PER_RUN) -> int:
    """DP_PARTITIONS_PER_RUN alone, for where runs are made and the code location is loaded.

    A bad value is refused in words by whatever runs; here the default stands in for it.
    """
    try:
        return COUNT.validate_python(os.environ.get(_PARTITIONS_PER_RUN, "").strip())
    except ValidationError:
        return default


@lru_cache(maxsize=8)
def _loaded(given: frozenset[tuple[str, str]], _directory: Path | None, _home: Path) -> Settings:
    """The settings of these variables, in this directory and with this home if none is named."""
    return Settings.of(dict(given))


def _working_directory() -> Path | None:
    try:
        return Path.cwd()
    except FileNotFoundError:  # deleted meanwhile, which harms nobody whose paths are absolute
        return None


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
                roots[known[name]] = ROOT.validate_python(environ[setting])
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
