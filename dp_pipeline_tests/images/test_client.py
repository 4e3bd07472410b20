from collections.abc import Callable
from dataclasses import replace

import anyio
import pytest
from starlette.responses import RedirectResponse, Response

from dp_pipeline.database.backoff import Backoff
from dp_pipeline.http.request_log import Request
from dp_pipeline.images.client import (
    LIMITS,
    LONGEST_URL,
    Download,
    Images,
    Root,
    Validators,
    checked_address,
)
from dp_pipeline.providers.errors import (
    BlockedError,
    InvalidShapeError,
    NetworkError,
    NotFoundError,
    ProviderError,
    ProviderServerError,
    UnsafeAddressError,
)
from dp_pipeline_tests.http.rate_limits import NoRateLimit
from dp_pipeline_tests.http.wire import Reply, endless, http, slow, wire
from dp_pipeline_tests.images.gallery_server import ImageServer, png
from dp_pipeline_tests.servers import serve

IMPATIENT = replace(LIMITS, read_seconds=0.3, deadline_seconds=1.5, backoff=Backoff(0.01, 10))


def get(
    base_url: str,
    url: str,
    known: Validators | None = None,
    *,
    line: Request | None = None,
    provider: str = "openligadb",
) -> Download | None:
    async def ask() -> Download | None:
        roots = {"openligadb": Root(base_url, 0)}
        async with Images(roots, NoRateLimit(), IMPATIENT) as images:
            return await images.get(provider, url, line or Request(), known)

    return anyio.run(ask)


def test_an_image_is_asked_for_once_and_afterwards_only_whether_it_changed() -> None:
    server = ImageServer({"/a.png": png()})
    with serve(server.app()) as base:
        first = get(base, f"{base}/a.png")
        assert first is not None
        assert first.body == png()
        assert get(base, f"{base}/a.png", first.validators) is None
        server.images["/a.png"] = png(shade=9)
        changed = get(base, f"{base}/a.png", first.validators)
    assert changed is not None
    assert changed.body == png(shade=9)
    assert (server.seen["/a.png"], server.not_modified) == (3, 1)


def test_who_we_are_and_what_we_can_use_is_said() -> None:
    with wire(http(200, png(), {"Last-Modified": "Mon, 01 Jun 2026 10:00:00 GMT"})) as server:
        found = get(server.url, f"{server.url}/a%20b.png?size=2")
        assert found is not None
        get(server.url, f"{server.url}/a.png", found.validators)
    first, second = server.heads
    assert first.startswith("GET /a%20b.png?size=2 HTTP/1.1")
    assert "dp_pipeline/" in first
    assert "image/png" in first
    assert "if-none-match" not in first.lower()
    assert "If-Modified-Since: Mon, 01 Jun 2026 10:00:00 GMT" in second


def test_the_password_of_a_gateway_goes_to_the_gateway_and_is_shown_nowhere() -> None:
    line = Request()
    with wire(http(404, b"")) as server, wire(http(404, b"")) as other:
        base = server.url.replace("http://", "http://me:s3cret@") + "/api?token=t0ken"
        with pytest.raises(NotFoundError) as caught:
            get(base, f"{server.url}/team/1/image", line=line)
        with pytest.raises(UnsafeAddressError):
            get(base, f"{other.url}/team/1/image")
    assert server.heads[0].startswith("GET /team/1/image?token=t0ken ")
    assert "Authorization: Basic " in server.heads[0]
    assert not other.heads
    for secret in ("s3cret", "t0ken"):
        assert secret not in f"{caught.value} {caught.value.url} {line.url}"


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (http(404), NotFoundError),
        (http(410), NotFoundError),
        (http(403), BlockedError),
        (http(401), BlockedError),
        (http(200, png(), {"cf-mitigated": "challenge"}), BlockedError),
        (http(500), ProviderServerError),
        (http(304, b""), InvalidShapeError),
        (http(418), InvalidShapeError),
        (http(200, b"x" * (LIMITS.max_bytes + 1)), InvalidShapeError),
        (http(200, png(), length=10_000), NetworkError),
        (b"", NetworkError),
        (b"no HTTP at all\r\n\r\n", NetworkError),
        (endless(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65_536), InvalidShapeError),
        (endless(b"HTTP/1.1 200 OK\r\n\r\n", b"x", 0.1), NetworkError),
        (slow(b"HTTP/1.1 200 OK\r\n", pause_seconds=1), NetworkError),
    ],
)
def test_what_is_no_image_says_what_it_is(reply: Reply, kind: type[ProviderError]) -> None:
    with wire(reply) as server, pytest.raises(kind) as caught:
        get(server.url, f"{server.url}/a.png")
    assert type(caught.value) is kind
    assert "127.0.0.1" in str(caught.value) or "openligadb" in str(caught.value)
    assert "BASE_URL" not in str(caught.value)
    assert len(server) <= IMPATIENT.attempts


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.png",
        "//host/a.png",
        "file:///etc/passwd",
        "ftp://host/a.png",
        "data:image/png;base64,AAAA",
        "javascript:alert(1)",
        "http://",
        "http://ho st/a.png",
        "http://[::1/a.png",
        "http://host:notaport/a.png",
        "http://host/a\nb.png",
        "http://host/" + "a" * LONGEST_URL,
        "gopher://127.0.0.1:6379/_x",
    ],
)
def test_what_is_no_address_is_not_asked(url: str) -> None:
    with pytest.raises(UnsafeAddressError):
        get("http://127.0.0.1:1", url)


@pytest.mark.parametrize(
    "host",
    ["localhost", "127.0.0.1", "127.1", "2130706433", "0x7f000001", "[::1]", "[::ffff:127.0.0.1]"],
)
def test_this_machine_is_not_asked_by_any_of_its_names(host: str) -> None:
    with wire(http(200, png())) as server:
        port = server.url.rpartition(":")[2]
        with pytest.raises(ProviderError) as caught:
            get("http://192.0.2.1", f"http://{host}:{port}/a.png")
    assert not server.heads
    assert isinstance(caught.value, UnsafeAddressError | NetworkError)


def test_another_providers_own_address_is_no_address_for_this_one() -> None:
    with wire(http(200, png())) as server, pytest.raises(UnsafeAddressError):
        get(server.url, f"{server.url}/a.png", provider="openfootball")
    assert not server.heads


def redirect(to: str) -> Callable[[object], Response]:
    return lambda _: RedirectResponse(to)


def test_redirects_are_followed_a_few_times_and_never_into_a_private_network() -> None:
    server = ImageServer({"/a.png": png()})
    with wire(http(200, png())) as inside, serve(server.app()) as base:
        server.answers = {
            "/moved": redirect("/a.png"),
            "/round": redirect("/round"),
            "/inside": redirect(f"{inside.url}/secret"),
            "/metadata": redirect("http://169.254.169.254/latest/meta-data"),
            "/file": redirect("file:///etc/passwd"),
        }
        moved = get(base, f"{base}/moved")
        assert moved is not None
        with pytest.raises(InvalidShapeError, match="more than 3 times"):
            get(base, f"{base}/round")
        for path in ("/inside", "/metadata"):
            with pytest.raises(UnsafeAddressError):
                get(base, f"{base}{path}")
        with pytest.raises(InvalidShapeError):
            get(base, f"{base}/file")
    assert not inside.heads


def test_validators_that_could_not_be_sent_back_are_forgotten() -> None:
    odd = {"ETag": '"' + "x" * 600 + '"', "Last-Modified": "gestern \xe4"}
    with wire(http(200, png(), odd)) as server:
        found = get(server.url, f"{server.url}/a.png")
    assert found is not None
    assert found.validators == Validators()


def test_an_address_is_shown_without_its_user_and_query() -> None:
    assert checked_address("https://u:p@Host.example:8443/a?b#c").root.lower() == (
        "https://host.example:8443"
    )


def test_one_refused_image_stops_no_other_and_a_host_that_refuses_five_is_left_alone() -> None:
    refused = http(403)

    async def ask(base: str, count: int) -> list[str | None]:
        kinds: list[str | None] = []
        async with Images({"openligadb": Root(base, 0)}, NoRateLimit(), IMPATIENT) as images:
            for number in range(count):
                try:
                    await images.get("openligadb", f"{base}/{number}.png", Request())
                    kinds.append(None)
                except ProviderError as error:
                    kinds.append(error.kind)
        return kinds

    with wire(*[refused] * 4, http(200, png()), *[refused] * 20) as server:
        found = anyio.run(ask, server.url, 15)
    assert found == [*["blocked"] * 4, None, *["blocked"] * 5, *["resting"] * 5]
    assert len(server) == 10
