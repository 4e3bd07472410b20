"""Which requests Dagster's webserver answers: those of its own pages and of scripts, of no others.

Dagster's own answers everybody. Any web page could have a browser send a GET with a mutation to its
GraphQL, which launched runs and removed partitions; a page whose host name is pointed at 127.0.0.1
after it was loaded (DNS rebinding) could read all of it. A script sends none of the headers that a
browser adds, and is answered.
"""

import re
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple
from urllib.parse import unquote_plus, urlsplit

import dagster_webserver.app
from dagster_webserver.webserver import DagsterWebserver
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from dp_pipeline.instance.address import dagster_url
from dp_pipeline.settings import Settings

_MISDIRECTED, _FORBIDDEN = 421, 403
_GRAPHQL = "/graphql"
# No letter of GraphQL's keywords can be written otherwise. A query that has the word in a string is
# refused, too, and can be sent as a POST.
_MUTATION = re.compile(r"\bmutation\b", re.ASCII)
_HOST = re.compile(r"(?P<name>\[[\da-f:.]+\]|[\w.-]+)(:\d+)?")
_TO_LOOK = frozenset({"GET", "HEAD"})
_OF_PEOPLE = frozenset({"same-origin", "none"})


class RequestRefusal(NamedTuple):
    """Why a request is not answered."""

    status: int
    sentence: str


class WebserverNames(NamedTuple):
    """Under which names the pages may be opened, beside those of this machine's own addresses."""

    hosts: frozenset[str]
    base_url: str
    """Where people open them; a proxy may pass on another `Host`."""

    @classmethod
    def of(cls, settings: Settings) -> "WebserverNames":
        """What the environment says."""
        base_url = dagster_url(settings)
        return cls(settings.allowed_hosts | {urlsplit(base_url).hostname or ""}, base_url)


def refusal(scope: Scope, names: WebserverNames) -> RequestRefusal | None:
    """Why an HTTP request or a websocket is not answered; None when it is."""
    headers = Headers(scope=scope)
    host = ", ".join(headers.getlist("host"))
    if not _answers_to(host, scope.get("server"), names.hosts):
        sentence = (
            f"Dagster's pages are not opened under the host name {host!r}. Open them at"
            f" {names.base_url}, or name the host in DP_ALLOWED_HOSTS."
        )
        return RequestRefusal(_MISDIRECTED, sentence)
    to_look = scope["type"] == "http" and scope["method"] in _TO_LOOK
    graphql = scope["path"].endswith(_GRAPHQL)
    query = unquote_plus(scope["query_string"].decode("latin-1"))
    if to_look and graphql and _MUTATION.search(query):
        return RequestRefusal(_FORBIDDEN, "A GET changes nothing here: POST the mutation.")
    if _is_from_elsewhere(
        headers, {host.lower(), urlsplit(names.base_url).netloc.lower()}
    ) and not (to_look and not graphql and _is_followed_link(headers)):
        sentence = f"Pages of other sites may not use Dagster's. Open it at {names.base_url}."
        return RequestRefusal(_FORBIDDEN, sentence)
    return None


def _answers_to(host: str, server: tuple[str, int | None] | None, hosts: frozenset[str]) -> bool:
    """Whether a `Host` names this server: by a known name, or the very address that was reached.

    Whoever is reached at 192.168.1.5 can be called that, because no other site has this name.
    """
    read = _HOST.fullmatch(host.lower())
    if read is None:
        return False
    name = read["name"].strip("[]").removesuffix(".")
    if name == "localhost" or name in hosts:
        return True
    address = _address(name)
    return address is not None and (
        address.is_loopback or (server is not None and address == _address(server[0]))
    )


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_from_elsewhere(headers: Mapping[str, str], ours: set[str]) -> bool:
    """Whether a page of another site, of another port too, had a browser send it.

    Browsers say so in Sec-Fetch-Site, to https and to this machine; else in Origin, but for what is
    only looked at, and in Referer, unless the page forbids it.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in _OF_PEOPLE
    origin = headers.get("origin") or headers.get("referer")
    if origin is None:
        return False
    try:
        return urlsplit(origin).netloc.lower() not in ours
    except ValueError:
        return True


def _is_followed_link(headers: Mapping[str, str]) -> bool:
    """Whether somebody followed a link, as one in a message to the page of a run."""
    return (
        headers.get("sec-fetch-mode", "navigate") == "navigate"
        and headers.get("sec-fetch-dest", "document") == "document"
        and "origin" not in headers
    )


class WebserverGuard:
    """Middleware that passes on to the webserver what is answered."""

    def __init__(self, app: ASGIApp, names: WebserverNames) -> None:
        self._app, self._names = app, names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse in a sentence."""
        refused = refusal(scope, self._names) if scope["type"] in {"http", "websocket"} else None
        if refused is None:
            await self._app(scope, receive, send)
            return
        said = PlainTextResponse(
            f"{refused.sentence}\n", refused.status, {"X-Content-Type-Options": "nosniff"}
        )
        await said(scope, receive, send)


class GuardedWebserver(DagsterWebserver):
    """Dagster's webserver behind the guard."""

    def build_middleware(self) -> list[Middleware]:
        """What a request passes, the guard first."""
        names = WebserverNames.of(Settings.load())
        return [Middleware(WebserverGuard, names=names), *super().build_middleware()]


def guard_webserver() -> None:
    """Have the webserver of this process guarded; before it is made."""
    # The module calls the class by this name; the type checker takes the name for the class.
    dagster_webserver.app.DagsterWebserver = GuardedWebserver  # ty: ignore[invalid-assignment]
