"""Where a service is: its base URL taken apart, and the target of one request.

What is secret in it (user-info, query values) travels apart from what is logged, reported and
shown. No I/O.
"""

import base64
import re
from dataclasses import dataclass, field
from typing import Self, TypeVar
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from dp_pipeline.http.errors import BlockedError, ProviderError
from dp_pipeline.http.response import SNIPPET, Response

# Shorter ones occur in ordinary words; replacing them would only spoil messages.
SHORTEST_SECRET = 3
_PORTS = {"http": 80, "https": 443}
_IN_PATH = "/%:@!$&'()*+,;=~"
_IN_QUERY = _IN_PATH + "?"
_HIDDEN = "…"
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
# A name, an address, or an IPv6 address with its zone.
_HOST = re.compile(r"[\w.:%-]+")

E = TypeVar("E", bound=ProviderError)


@dataclass(frozen=True, slots=True)
class Target:
    """The target of one request. Only the fields without repr may hold secrets.

    Args:
        name: of the service.
        url: scheme, host and path: what the HTTP library gets, logs and puts in its errors.
        shown: the URL for people, query values hidden.
        path: the part of `shown` that messages name.
        sent: path and query as they go over the wire.
        authorization: value of that header, if any.
        secrets: see `Address`.
    """

    name: str
    url: str
    shown: str
    path: str
    sent: str = field(repr=False)
    authorization: str | None = field(default=None, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def hides_values(self) -> bool:
        """Whether `shown` stands for several URLs, because values of its query are hidden."""
        return _HIDDEN in self.shown

    def scrub(self, text: str) -> str:
        """Somebody else's text (an echo in a body, a library's message) without our secrets."""
        for secret in self.secrets:
            text = text.replace(secret, _HIDDEN)
        return text

    def error(self, kind: type[E], sentence: str, response: Response | None = None) -> E:
        """An error of this kind with our URL and, of a response, status and beginning."""
        if response is None:
            return kind(sentence, url=self.shown)
        # cut after scrubbing, or half a secret stays at the end
        text = _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", self.scrub(response.beginning))
        snippet = text[:SNIPPET] or None
        return kind(sentence, url=self.shown, status=response.status, snippet=snippet)

    def refused(self, what: str, response: Response) -> BlockedError:
        """The error of a service that does not want us."""
        sentence = (
            f"{self.name} {what} (HTTP {response.status} for {self.path}). It is not retried; "
            "use an open-data provider or your own licensed gateway through "
            f"{self.name.upper()}_BASE_URL."
        )
        return self.error(BlockedError, sentence, response)


@dataclass(frozen=True, slots=True)
class Address:
    """The base URL of a service: `root` without secrets, and the secrets."""

    name: str
    root: str
    origin: tuple[str, str, int]
    query: str = field(repr=False)
    authorization: str | None = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)

    @classmethod
    def parse(cls, name: str, base_url: str) -> Self:
        """Take a base URL apart.

        Raises:
            ProviderError: it is no http(s) URL; the text names the setting and not the value.
        """
        try:
            parts, origin = _base(base_url.strip())
        except ValueError as error:
            raise unusable_address(name) from _without_value(error)
        authorization, secrets = None, []
        userinfo, _, host = parts.netloc.rpartition("@")
        if userinfo:
            user, _, password = userinfo.partition(":")
            plain = f"{unquote(user)}:{unquote(password)}"
            authorization = "Basic " + base64.b64encode(plain.encode()).decode("ascii")
            secrets += [userinfo, user, password, unquote(user), unquote(password)]
            secrets.append(authorization.removeprefix("Basic "))
        for pair in parts.query.split("&"):
            secrets.append(pair.partition("=")[2] or pair)
        secrets += [value for _, value in parse_qsl(parts.query)]
        path = quote(parts.path.rstrip("/"), safe=_IN_PATH)
        return cls(
            name=name,
            root=f"{parts.scheme}://{host}{path}",
            origin=origin,
            query=quote(parts.query, safe=_IN_QUERY),
            authorization=authorization,
            # longest first, or a password that begins with the user's name leaves its tail
            secrets=tuple(
                sorted({s for s in secrets if len(s) >= SHORTEST_SECRET}, key=len, reverse=True)
            ),
        )

    def target(self, path_or_url: str) -> Target:
        """The request for a path below the root, or for a whole http(s) URL.

        A URL of another origin gets neither the user-info nor the query of this address.

        Raises:
            ValueError: a URL that is not http(s).
        """
        whole = "://" in path_or_url.partition("?")[0]
        url = path_or_url if whole else f"{self.root}/{path_or_url.lstrip('/')}"
        parts = urlsplit(url)
        ours = _origin(url) == self.origin
        path = quote(parts.path, safe=_IN_PATH) or "/"
        own_query = quote(parts.query, safe=_IN_QUERY)
        query = "&".join(filter(None, [own_query, self.query if ours else ""]))
        plain = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{path}"
        names = "&".join(
            f"{pair.partition('=')[0]}={_HIDDEN}" if "=" in pair else _HIDDEN
            for pair in own_query.split("&")
            if pair
        )
        tail = f"?{names}" if names else ""
        return Target(
            name=self.name,
            url=plain,
            shown=plain + tail,
            path=plain + tail if whole else "/" + path_or_url.partition("?")[0].lstrip("/") + tail,
            sent=f"{path}?{query}" if query else path,
            authorization=self.authorization if ours else None,
            secrets=self.secrets,
        )


def unusable_address(name: str) -> ProviderError:
    """The error for a base URL that cannot be used, without the value: it may hold a password."""
    return ProviderError(
        f"The address of {name} is not usable: {name.upper()}_BASE_URL must be a whole URL "
        "such as https://gateway.example/football."
    )


def _base(url: str) -> tuple[SplitResult, tuple[str, str, int]]:
    parts = urlsplit(url)
    if "@" in parts.path + parts.fragment:
        # A "/" or "#" in a password that is not percent-encoded ended the host too early.
        reason = "an @ after the host"
        raise ValueError(reason)
    return parts, _origin(url)


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in _PORTS or not _HOST.fullmatch(host):
        reason = "not an http or https URL with a host"
        raise ValueError(reason)
    return parts.scheme, host, parts.port or _PORTS[parts.scheme]


def _without_value(error: ValueError) -> ValueError:
    """Without the port that urllib quotes: it is the password when an "@" is missing."""
    return ValueError(f"{type(error).__name__} while reading the address")
