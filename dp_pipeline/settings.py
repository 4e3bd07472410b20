"""What the environment says: every variable this project reads, checked together, with its default.

Nothing here is read at import. A part that is not configured (S3, Slack) is None, never an error.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Self
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit, urlunsplit

from pydantic import SecretStr

from dp_pipeline.address import announced_address
from dp_pipeline.notifications.news import CLASSES, Class

_DEFAULT_DAGSTER_URL = "http://localhost:3000"
_DEFAULT_POSTGRES_PORT = 5432
_BASE_URL = "_BASE_URL"
_OURS = "DAGSTER_BASE_URL"
_SLIP = 0.8
"""How alike a name is to that of a provider that was meant: OPENAI and OPENLIGADB are 0.63."""
_SHORTEST_SECRET = 4  # replacing "a" would shred every text and protect nothing
_USER_INFO = re.compile(r"://[^/\s@:'\"]*:[^/\s'\"]*@")
_CONCEALED = "***"
_BUCKET = re.compile(r"[A-Za-z0-9._-]{1,255}|arn:\S+")
_REGION = re.compile(r"[A-Za-z0-9-]{1,63}")
_KMS = "aws:kms"
_ENCRYPTIONS = ("AES256", _KMS, "aws:kms:dsse")


class SettingsError(Exception):
    """The environment holds values we cannot use.

    The text is a sentence per bad variable. It shows no value, because a value may be a secret.
    `problems` maps each variable to its sentence.
    """

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = MappingProxyType(dict(problems))


@dataclass(frozen=True, slots=True)
class S3Settings:
    """An S3 bucket, or one of a compatible store behind `endpoint_url`.

    Without keys boto3 looks for credentials itself (instance role, profile).
    """

    bucket: str
    access_key: str | None = None
    secret_key: SecretStr | None = None
    region: str | None = None
    endpoint_url: str | None = field(default=None, repr=False)  # it may hold a password
    encryption: str | None = None
    """Server-side encryption that is asked for with every object; None leaves it to the bucket."""
    kms_key_id: str | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """One value for everything that is configured from outside."""

    home: Path
    """Directory of local state, absolute; it need not exist yet."""
    database_url: SecretStr | None = None
    """`postgresql://…` of domain tables and ledger; None means the embedded server."""
    dagster_postgres_url: SecretStr | None = None
    """`postgresql://…` of Dagster's own storage; None means SQLite below `home`."""
    base_urls: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType({}), repr=False
    )  # a gateway's URL may hold a password
    """Root per provider name, without trailing slash; only those that are set."""
    notices: tuple[str, ...] = ()
    """What is set and ignored, though it may have been meant for us; a sentence each."""
    slack_webhook: SecretStr | None = None
    messages: frozenset[Class] = frozenset(CLASSES)
    """What is posted there; the rest counts as told."""
    s3: S3Settings | None = None
    public_objects_url: str | None = None
    """Public base of links into the bucket, without trailing slash."""
    dagster_url: str = _DEFAULT_DAGSTER_URL
    """Root of Dagster's web pages, without trailing slash; by default where `dp dev` runs it."""
    competitions_file: Path | None = None
    """The file of followed competitions, absolute; None means the packaged one."""

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read the settings from `environ`, the process' environment unless given.

        A variable that is empty or blank counts as not set.

        Raises:
            SettingsError: naming every variable whose value cannot be used.
        """
        reader = _Reader(os.environ if environ is None else environ)
        loaded = cls(
            home=reader.home(),
            database_url=reader.postgres("DP_DATABASE_URL"),
            dagster_postgres_url=reader.postgres("DAGSTER_POSTGRES_URL"),
            base_urls=MappingProxyType(reader.base_urls()),
            notices=tuple(reader.notices),
            slack_webhook=reader.secret_url("SLACK_JOB_EXECUTIONS_WEBHOOK"),
            messages=reader.messages("DP_MESSAGES"),
            s3=reader.s3(),
            public_objects_url=reader.url("AWS_CLOUDFRONT_URL", bare_host=True),
            dagster_url=reader.dagster_url(),
            competitions_file=reader.file("DP_COMPETITIONS"),
        )
        if loaded.dagster_postgres_url is None:
            reader.home_for_sqlite(loaded.home)
        reader.different_databases(loaded.database_url, loaded.dagster_postgres_url)
        if reader.problems:
            raise SettingsError(reader.problems)
        return loaded

    def secrets(self) -> tuple[str, ...]:
        """Every text that must not be shown to anybody, longest first.

        Passwords appear as written in the URL and decoded. A password that equals its user name is
        none: it tells nothing, and replacing "postgres" everywhere would hide what happened.
        """
        found: set[str] = set()
        for whole in (self.database_url, self.dagster_postgres_url, self.slack_webhook):
            if whole is not None:
                found.add(whole.get_secret_value())
        endpoint = self.s3.endpoint_url if self.s3 is not None else None
        for url in (*found, *self.base_urls.values(), endpoint or ""):
            parts = urlsplit(url)
            if parts.password and parts.password != parts.username:
                found.update((parts.password, unquote(parts.password)))
        if self.s3 is not None and self.s3.secret_key is not None:
            found.add(self.s3.secret_key.get_secret_value())
        return tuple(sorted((s for s in found if len(s) >= _SHORTEST_SECRET), key=len)[::-1])

    def conceal(self, text: str) -> str:
        """The text with every known secret, and the user-info of any URL, replaced by `***`."""
        for secret in self.secrets():
            text = text.replace(secret, _CONCEALED)
        return _USER_INFO.sub(f"://{_CONCEALED}@", text)


def project_directory() -> Path:
    """The checkout this package runs from (it holds dagster.yaml), else the working directory."""
    checkout = Path(__file__).resolve().parent.parent
    return checkout if (checkout / "dagster.yaml").is_file() else Path.cwd()


def make_home(home: Path) -> None:
    """Make DP_HOME, for this user alone. One that exists keeps its mode."""
    if not home.is_dir():
        home.parent.mkdir(parents=True, exist_ok=True)
        home.mkdir(exist_ok=True)
        # root's embedded Postgres runs as another OS user, who has to pass through
        home.chmod(0o711 if os.geteuid() == 0 else 0o700)


class _Reader:
    """Reads one variable after the other and remembers what is wrong with each."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.problems: dict[str, str] = {}
        self.notices: list[str] = []

    def text(self, name: str) -> str | None:
        value = self._environ.get(name, "").strip()
        if any(not character.isprintable() for character in value):
            self.problems[name] = f"{name} holds a control character."
            return None
        return value or None

    def home(self) -> Path:
        value = self.text("DP_HOME")
        if value is None:
            return project_directory() / ".dp"
        try:
            home = Path(value).expanduser().absolute()
        except RuntimeError:  # "~somebody" whom this machine does not know
            self.problems["DP_HOME"] = "DP_HOME starts with the home of an unknown user."
            return project_directory() / ".dp"
        try:
            if home.exists() and not home.is_dir():
                self.problems["DP_HOME"] = f"DP_HOME must be a directory, and {home} is a file."
        except OSError as error:  # its name is too long, or somebody else's directory is above it
            self.problems["DP_HOME"] = f"DP_HOME cannot be used: {error.strerror}."
        return home

    def home_for_sqlite(self, home: Path) -> None:
        """Dagster puts the path into a URL as it is, so that SQLite looks somewhere else."""
        if set("%?") & set(str(home)):
            self.problems["DP_HOME"] = (
                f"Dagster cannot keep its SQLite files in {home}, because of '%' or '?' in its"
                " path: set DP_HOME to another directory, or DAGSTER_POSTGRES_URL."
            )

    def file(self, name: str) -> Path | None:
        value = self.text(name)
        try:
            return None if value is None else Path(value).expanduser().absolute()
        except RuntimeError:
            self.problems[name] = f"{name} starts with the home of an unknown user."
            return None

    def url(self, name: str, *, bare_host: bool = False) -> str | None:
        """An http(s) URL without trailing slash; `bare_host` allows `cdn.example.org`."""
        value = self.text(name)
        if value is None:
            return None
        if bare_host and "://" not in value:
            value = f"https://{value}"
        parts = _split(value)
        if parts is None or parts.scheme.lower() not in {"http", "https"} or not parts.hostname:
            kind = "a host name or an http(s) URL" if bare_host else "an http:// or https:// URL"
            self.problems[name] = f"{name} must be {kind}."
            return None
        if parts.query or parts.fragment or " " in value:
            self.problems[name] = f"{name} must be a root, without spaces, '?' or '#'."
            return None
        return urlunsplit(parts).rstrip("/")

    def dagster_url(self) -> str:
        given = self.url("DAGSTER_BASE_URL")
        return given or announced_address(self.home()) or _DEFAULT_DAGSTER_URL

    def secret_url(self, name: str) -> SecretStr | None:
        value = self.text(name)
        if value is None:
            return None
        parts = _split(value)
        if parts is None or parts.scheme.lower() not in {"http", "https"} or not parts.hostname:
            self.problems[name] = f"{name} must be an http:// or https:// URL."
            return None
        return SecretStr(value)

    def base_urls(self) -> dict[str, str]:
        """The roots of providers. Other programs have settings of this form, too."""
        names = [
            name.removesuffix(_BASE_URL)
            for name, value in self._environ.items()
            if name.endswith(_BASE_URL) and name != _OURS and value.strip()
        ]
        if not names:
            return {}
        # the parsers of all providers, 0.25 s, only for those who set one
        from dp_pipeline.providers.registry import PROVIDERS

        known = {provider.name.upper(): provider for provider in PROVIDERS}
        settings = ", ".join(provider.base_url_setting for provider in PROVIDERS)
        found = {}
        for name in sorted(names):
            slip = get_close_matches(name, known, n=1, cutoff=_SLIP)
            if name in known:
                url = self.url(f"{name}{_BASE_URL}")
                if url is not None:
                    found[known[name].name] = url
            elif slip:
                self.problems[f"{name}{_BASE_URL}"] = (
                    f"{name}{_BASE_URL} names no provider; did you mean {slip[0]}{_BASE_URL}?"
                )
            else:
                self.notices.append(
                    f"{name}{_BASE_URL} is set and ignored: there is no provider of that name. "
                    f"Those of providers are {settings}."
                )
        return found

    def messages(self, name: str) -> frozenset[Class]:
        """Classes of messages, separated by commas or blanks; all of them when not set."""
        words = (self.text(name) or ",".join(CLASSES)).lower().replace(",", " ").split()
        if not words or set(words) - set(CLASSES):
            self.problems[name] = (
                f"{name} must be one or more of {', '.join(CLASSES)}, separated by commas."
            )
        return frozenset(kind for kind in CLASSES if kind in words)

    def postgres(self, name: str) -> SecretStr | None:
        """Any of postgres://, postgresql://, postgresql+driver://, as postgresql://."""
        value = self.text(name)
        if value is None:
            return None
        scheme, separator, rest = value.partition("://")
        dialect = scheme.lower().partition("+")[0]
        if not separator or dialect not in {"postgres", "postgresql"}:
            self.problems[name] = (
                f"{name} must be a Postgres URL like postgresql://user:password@host:5432/database."
            )
            return None
        url = f"postgresql://{rest}"
        parts = _split(url)
        if parts is None:
            self.problems[name] = (
                f"{name} is not a well-formed URL; characters like '@', '/', ':', '#' or '[' in a "
                "password are written percent-encoded."
            )
            return None
        if not parts.path.strip("/"):
            self.problems[name] = f"{name} names no database; end it with /database."
            return None
        return SecretStr(url)

    def s3(self) -> S3Settings | None:
        """AWS_* without a bucket belong to somebody else and are not looked at."""
        bucket = self.text("AWS_S3_BUCKET")
        if bucket is None:
            return None
        if not _BUCKET.fullmatch(bucket):
            self.problems["AWS_S3_BUCKET"] = (
                "AWS_S3_BUCKET must be the name of a bucket, without s3:// and without a path."
            )
        region = self.text("AWS_REGION")
        if region is not None and not _REGION.fullmatch(region):
            self.problems["AWS_REGION"] = "AWS_REGION must be the name of a region, like eu-west-1."
        access_key = self.text("AWS_ACCESS_KEY_ID")
        secret_key = self.text("AWS_SECRET_ACCESS_KEY")
        if (access_key is None) != (secret_key is None):
            missing = "AWS_ACCESS_KEY_ID" if access_key is None else "AWS_SECRET_ACCESS_KEY"
            self.problems.setdefault(
                missing,
                f"{missing} is missing; set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
                "neither to use the credentials of the machine.",
            )
        return S3Settings(
            bucket=bucket,
            access_key=access_key,
            secret_key=None if secret_key is None else SecretStr(secret_key),
            region=region,
            endpoint_url=self.url("AWS_ENDPOINT_URL"),
            encryption=self.encryption("AWS_S3_SERVER_SIDE_ENCRYPTION"),
            kms_key_id=self.text("AWS_S3_SSE_KMS_KEY_ID"),
        )

    def encryption(self, name: str) -> str | None:
        """How S3 is to encrypt; a key of KMS says so alone."""
        value = self.text(name)
        key = self.text("AWS_S3_SSE_KMS_KEY_ID")
        if value is None:
            return _KMS if key else None
        known = {each.lower(): each for each in _ENCRYPTIONS}.get(value.lower())
        if known is None:
            self.problems[name] = f"{name} must be one of {', '.join(_ENCRYPTIONS)}."
        elif key and not known.startswith(_KMS):
            self.problems[name] = (
                f"{name} must be {_KMS} or not set when AWS_S3_SSE_KMS_KEY_ID names a key."
            )
        return known

    def different_databases(self, ours: SecretStr | None, dagsters: SecretStr | None) -> None:
        if ours is None or dagsters is None:
            return
        if _place(ours.get_secret_value()) == _place(dagsters.get_secret_value()):
            self.problems["DAGSTER_POSTGRES_URL"] = (
                "DAGSTER_POSTGRES_URL names the same database as DP_DATABASE_URL; Dagster and this "
                "project each keep their own tables and their own alembic_version, so give "
                "Dagster a database of its own (it may be on the same server)."
            )


def _split(url: str) -> SplitResult | None:
    """The parts of a URL, or None when it is malformed, its port included."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts


def _place(url: str) -> tuple[str, int, str]:
    """Which database a Postgres URL means: host, port, name."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)  # libpq lets ?host= and ?port= stand for the address
    host = (parts.hostname or query.get("host", [""])[-1]).lower()
    asked = query.get("port", [""])[-1]
    port = parts.port or (int(asked) if asked.isdecimal() else _DEFAULT_POSTGRES_PORT)
    local = host in {"", "localhost", "127.0.0.1", "::1"}
    return "localhost" if local else host, port, unquote(parts.path.strip("/"))
