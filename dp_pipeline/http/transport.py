"""One exchange over the wire with httpx: connections, redirects, bounds of size and time.

Imported when the first client opens, not before: httpx costs 0.1 s. What an answer means is decided
in `classify`.
"""

import importlib.metadata
import ipaddress
import logging
import socket
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

from dp_pipeline.http.address import Address, Target, unusable_address
from dp_pipeline.http.classify import ResponseFormat
from dp_pipeline.http.errors import (
    InvalidShapeError,
    NetworkError,
    ProviderError,
    UnsafeAddressError,
)
from dp_pipeline.http.limits import Limits
from dp_pipeline.http.proxy import keep_target_from_proxies
from dp_pipeline.http.response import Response
from dp_pipeline.http.ssrf_guard import SsrfGuard, tls_context

# Of an answer that is an error anyway, enough to recognise a challenge and to show its beginning.
ERROR_BYTES = 64 * 1024


class Transport:
    """The connections to one service. Requests stand alone: no cookies are kept.

    Redirects stay on the host of the request, and may only gain encryption. With a guard they may
    leave it, for images often lie elsewhere, and only what it allows is target.
    """

    def __init__(self, address: Address, limits: Limits, guard: SsrfGuard | None = None) -> None:
        try:
            httpx.URL(address.root)
        except httpx.InvalidURL as error:
            raise unusable_address(address.name) from error
        if address.secrets:
            # At DEBUG, hpack logs the headers of requests as it compresses them, and httpcore those
            # of answers, which may send ours back.
            for library in ("hpack", "httpcore"):
                logging.getLogger(library).setLevel(logging.INFO)
        self._limits = limits
        self._guarded = guard is not None
        version = importlib.metadata.version("dp-pipeline")
        self._client = httpx.AsyncClient(
            http2=True,
            verify=tls_context(),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            headers={
                "User-Agent": f"dp_pipeline/{version} (automated football data pipeline)",
                # a codec with a bomb ratio worse than gzip's 1:1000 is not accepted
                "Accept-Encoding": "gzip, deflate",
            },
            timeout=httpx.Timeout(
                limits.read_seconds, connect=limits.connect_seconds, pool=limits.deadline_seconds
            ),
            limits=httpx.Limits(
                max_connections=limits.connections, max_keepalive_connections=limits.connections
            ),
            # where the environment names a proxy, that one connects; the address is checked still
            mounts={"all://": guard.wire(limits)} if guard else None,
            event_hooks={"request": [guard.check]} if guard else None,
        )
        keep_target_from_proxies(self._client)

    async def close(self) -> None:
        """Let the connections go."""
        await self._client.aclose()

    async def get(self, target: Target, format_: ResponseFormat) -> Response:
        """Request, follow redirects, read the body.

        Raises:
            NetworkError: no or half an answer.
            InvalidShapeError: too large, compressed twice, or redirected too often, out of
                encryption or to what is no http(s) address.
            UnsafeAddressError: redirected to another host, or the guard does not allow it.
        """
        try:
            return await self._follow(target, format_)
        except ProviderError as error:
            error.url = error.url or target.shown
            raise
        # Whatever fails between the socket and us is a network failure: httpx translates most of
        # it, but lets through what h2 raises while a body is read (httpcore 1.0, http2.py).
        except Exception as error:
            _scrub(target, error)
            if _is_location(error):
                sentence = f"{target.name} redirects {target.path} to what is no address."
                raise target.error(InvalidShapeError, sentence) from error
            sentence = f"{target.name} {self._what(error)} ({target.path})."
            raise target.error(NetworkError, target.scrub(sentence)) from error

    async def _follow(self, target: Target, format_: ResponseFormat) -> Response:
        headers = dict(format_.headers)
        if target.authorization:
            headers["Authorization"] = target.authorization
        url, sent = httpx.URL(target.url), target.sent
        for _ in range(self._limits.redirects + 1):
            # "target" replaces path and query on the wire only: httpx logs the URL of every
            # request and puts it into its errors.
            async with self._client.stream(
                "GET", url, headers=headers, extensions={"target": sent.encode("ascii")}
            ) as response:
                if response.next_request is None:
                    return await self._answer(target, response)
                following = response.next_request.url
            self._may_follow(target, url, following)
            if _origin(following) != _origin(url):
                headers.pop("Authorization", None)
            sent = following.raw_path.decode("ascii")
            url = following.copy_with(userinfo=b"", query=None, fragment=None)
        sentence = (
            f"{target.name} redirects {target.path} more than {self._limits.redirects} times."
        )
        raise target.error(InvalidShapeError, sentence)

    def _may_follow(self, target: Target, url: httpx.URL, following: httpx.URL) -> None:
        """Refuse a redirect that leaves the host, or encryption, of the address that gave it.

        A provider whose base URL is http was followed to 169.254.169.254, where clouds keep
        credentials. Another port is another service; only encryption may be served at one.
        """
        schemes = (url.scheme, following.scheme)
        if schemes not in {("https", "https"), ("http", "https"), ("http", "http")}:
            sentence = (
                f"{target.name} redirects {target.path} to an address that is not https; "
                "it is not followed."
            )
            raise target.error(InvalidShapeError, sentence)
        if self._guarded:
            return
        elsewhere = _host(following)
        if _host(following) == _host(url):
            if schemes == ("http", "https") or _port(following) == _port(url):
                return
            elsewhere = f"another port of {elsewhere}, {_port(following)}"
        sentence = (
            f"{target.name} redirects {target.path} away from {_host(url)}, to {elsewhere}; "
            "it is not followed."
        )
        raise target.error(UnsafeAddressError, target.scrub(sentence))

    async def _answer(self, target: Target, response: httpx.Response) -> Response:
        headers = response.headers
        if len(headers.get_list("content-encoding", split_commas=True)) > 1:
            # each layer multiplies by up to 1,000: 64 KB on the wire would be 64 GB here
            sentence = f"{target.name} compressed its answer to {target.path} more than once."
            raise target.error(InvalidShapeError, sentence)
        return Response(
            status=response.status_code,
            body=await self._body(target, response),
            content_type=headers.get("content-type", ""),
            retry_after=headers.get("retry-after"),
            challenge="challenge" in headers.get("cf-mitigated", "").lower()
            or headers.get("x-amzn-waf-action", "").lower() in {"challenge", "captcha"},
            etag=headers.get("etag"),
            last_modified=headers.get("last-modified"),
            url=str(response.url),
        )

    async def _body(self, target: Target, response: httpx.Response) -> bytes:
        chunks: list[bytes] = []
        size = 0
        try:
            async for chunk in response.aiter_bytes():
                chunks.append(chunk)
                size += len(chunk)
                if not response.is_success and size > ERROR_BYTES:
                    break
                if size > self._limits.max_bytes:
                    sentence = (
                        f"{target.name} answered {target.path} with more than "
                        f"{self._limits.max_bytes / 1024 / 1024:g} MiB, the most that is read."
                    )
                    raise target.error(InvalidShapeError, sentence)
        except httpx.HTTPError:
            # A refusal with a torn body is a refusal all the same, and must not be retried.
            if response.is_success:
                raise
        return b"".join(chunks)

    def _what(self, error: Exception) -> str:
        detail = " ".join(str(error).split())[:200] or type(error).__name__
        match error:
            case httpx.ConnectTimeout():
                what = f"took no connection within {self._limits.connect_seconds:g} s"
            case httpx.TimeoutException():
                what = f"sent nothing for {self._limits.read_seconds:g} s"
            case httpx.ProxyError():
                what = f"could not be reached through the proxy: {detail}"
            case httpx.ConnectError():
                what = f"could not be reached: {_unreachable(error) or detail}"
            case httpx.DecodingError():
                what = f"sent a damaged compressed answer: {detail}"
            case httpx.NetworkError() if not str(error):
                what = "broke off the connection"  # a reset has no words of its own
            case httpx.NetworkError() | httpx.RemoteProtocolError():
                what = f"broke off or garbled its answer: {detail}"
            case _:
                what = f"could not be requested: {type(error).__name__}: {detail}"
        return what


def _unreachable(error: Exception) -> str | None:
    """Why there was no connection, in words; None where nobody says."""
    behind: BaseException | None = error
    while behind is not None:
        if isinstance(behind, socket.gaierror):
            return "this machine does not know its name, or has no network"
        if isinstance(behind, ConnectionRefusedError):
            return "nobody listens there"
        behind = behind.__cause__ or behind.__context__
    return None


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, _host(url), _port(url)


def _host(url: httpx.URL) -> str:
    """The host in one spelling: a name may end in a dot, an IPv6 address have its zeros written."""
    name = url.raw_host.decode("ascii").lower().removesuffix(".")
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        return name


def _port(url: httpx.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


def _is_location(error: Exception) -> bool:
    """Whether this is what httpx says of a redirect to what is no URL."""
    return isinstance(error, httpx.InvalidURL) or (
        isinstance(error, httpx.RemoteProtocolError) and "location header" in str(error)
    )


def _scrub(target: Target, error: BaseException) -> None:
    """Take our secrets out of the texts of an error and of those behind it.

    A provider may send them back, and httpx quotes a redirect it cannot read.
    """
    behind: BaseException | None = error
    while behind is not None:
        behind.args = tuple(target.scrub(a) if isinstance(a, str) else a for a in behind.args)
        behind = behind.__cause__ or behind.__context__
