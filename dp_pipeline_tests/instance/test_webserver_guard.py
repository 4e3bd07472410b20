"""Who is answered by Dagster's webserver: people and scripts, and no page of another site."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from dp_pipeline.instance.webserver_guard import WebserverNames, refusal
from dp_pipeline.settings import Settings, SettingsError
from dp_pipeline_tests.dagster_dev import copy_project, wait_for
from dp_pipeline_tests.days import clock
from dp_pipeline_tests.servers import free_port, serve

if TYPE_CHECKING:
    from playwright.sync_api import Browser

EVIL = "http://evil.example"
PAUSE = "mutation { setAutoMaterializePaused(paused: true) }"
RESUME = PAUSE.replace("true", "false")
PAUSED = "{ instance { autoMaterializePaused } }"
_UNKNOWN = "Dagster's pages are not opened under the host name 'evil.example'. Open them at"
NAMES = WebserverNames(frozenset({"dagster.example", "box"}), "https://dagster.example")


def request(path: str = "/", *, method: str = "GET", **headers: str) -> dict[str, Any]:
    """A request as the webserver gets it; `sec_fetch_site` stands for Sec-Fetch-Site."""
    path, _, query = path.partition("?")
    headers = {"host": "localhost:3000", **headers}
    return {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "server": ("10.1.2.3", 3000),
        "headers": [
            (name.replace("_", "-").encode(), value.encode("latin-1"))
            for name, value in headers.items()
        ],
    }


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "localhost:3000", "LOCALHOST.:3000", "127.0.0.1:3000", "[::1]:3000"),
        *("dagster.example", "box:3000", "10.1.2.3:3000", "[::ffff:10.1.2.3]:3000"),
    ],
)
def test_pages_are_opened_under_names_of_this_machine_and_those_that_are_set(host: str) -> None:
    assert refusal(request(host=host), NAMES) is None


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "localhost.evil.example", "evil.example:3000", "10.1.2.4", "0.0.0.0"),  # noqa: S104
        *("", "127.0.0.1.evil.example", "evil@localhost", "localhost/", "[::1", "a b", "b\xf6x"),
    ],
)
def test_under_no_other_name(host: str) -> None:
    refused = refusal(request(host=host), NAMES)
    assert refused is not None
    assert refused.status == 421
    assert "https://dagster.example, or name the host in DP_ALLOWED_HOSTS." in refused.sentence


@pytest.mark.parametrize(
    "asked",
    [
        request("/graphql?query={x}"),
        request("/graphql", method="POST"),
        request("/graphql", method="POST", origin="http://localhost:3000"),
        request("/graphql", method="POST", host="box", origin="https://dagster.example"),
        request("/graphql", method="POST", host="box", origin="x:", sec_fetch_site="same-origin"),
        request("/graphql", method="GET", sec_fetch_site="none"),
        request("/runs/1", referer="https://slack.example/"),
        request(
            "/runs/1",
            sec_fetch_site="cross-site",
            sec_fetch_mode="navigate",
            sec_fetch_dest="document",
        ),
    ],
)
def test_the_pages_themselves_scripts_and_followed_links_are_answered(
    asked: dict[str, Any],
) -> None:
    assert refusal(asked, NAMES) is None


@pytest.mark.parametrize(
    "asked",
    [
        request("/graphql?query=mutation{x}"),
        request("/graphql?query=%6Dutation%0A{x}", sec_fetch_site="same-origin"),
        request("/graphql?query=query+a{x}+mutation+b{x}&operationName=b", method="HEAD"),
        request("/graphql?query={x}", origin=EVIL),
        request("/graphql?query={x}", referer=f"{EVIL}/a"),
        request("/graphql", method="POST", origin="null"),
        request("/graphql", method="POST", origin="http://localhost:8000"),
        request("/graphql", method="POST", sec_fetch_site="same-site"),
        request("/graphql", method="POST", referer="http://[evil"),
        request("/report_asset_materialization/a", method="POST", origin=EVIL),
        request("/graphql", method="OPTIONS", origin=EVIL),
        request(
            "/graphql?query={x}",
            sec_fetch_site="cross-site",
            sec_fetch_mode="navigate",
            sec_fetch_dest="document",
        ),
        request(
            "/", sec_fetch_site="cross-site", sec_fetch_mode="navigate", sec_fetch_dest="iframe"
        ),
        request("/logs/a.out", sec_fetch_site="cross-site", sec_fetch_mode="no-cors"),
        {**request("/graphql", origin=EVIL), "type": "websocket"},
    ],
)
def test_what_another_site_sends_is_not(asked: dict[str, Any]) -> None:
    refused = refusal(asked, NAMES)
    assert refused is not None
    assert refused.status == 403


def test_names_are_set_in_any_case_and_without_a_port() -> None:
    set_ = Settings.load({"DP_ALLOWED_HOSTS": "Box, dagster.example ::1"})
    assert set_.allowed_hosts == {"box", "dagster.example", "::1"}


@pytest.mark.parametrize("value", ["https://box", "box:3000", "h:3000", "*", ","])
def test_what_is_no_name_is_refused_in_a_sentence(value: str) -> None:
    with pytest.raises(SettingsError, match="must be host names or addresses, without http://"):
        Settings.load({"DP_ALLOWED_HOSTS": value})


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Dagster's own webserver under the shipped dagster.yaml, without code; its address."""
    folder = tmp_path_factory.mktemp("pages")
    project, port = copy_project(folder / "project"), free_port()
    address = f"http://127.0.0.1:{port}"
    webserver = Path(sys.executable).with_name("dagster-webserver")
    with (
        (folder / "webserver.log").open("wb") as log,
        subprocess.Popen(
            [webserver, "--host", "127.0.0.1", "--port", str(port), "--empty-workspace"],
            cwd=folder,
            env={
                "PATH": os.environ["PATH"],
                **clock(),
                "HOME": str(folder),
                "DAGSTER_HOME": str(project),
                "DP_HOME": str(folder / "home"),
                "DP_ALLOWED_HOSTS": "box, other.example",
            },
            stdout=log,
            stderr=log,
        ) as process,
    ):

        def answers() -> bool | None:
            assert process.poll() is None, (folder / "webserver.log").read_text()
            with suppress(httpx.TransportError):
                return httpx.get(f"{address}/server_info").is_success
            return None

        try:
            wait_for("the webserver", answers, 120)
            yield address
        finally:
            process.kill()


def paused(address: str) -> bool:
    """What every attack tries to change."""
    answer = httpx.post(f"{address}/graphql", json={"query": PAUSED}).raise_for_status()
    return answer.json()["data"]["instance"]["autoMaterializePaused"]


def test_no_attack_changes_anything_and_each_is_answered_with_a_sentence(pages: str) -> None:
    before = paused(pages)
    get = f"/graphql?query={quote(PAUSE)}"
    text = {"content-type": "text/plain"}
    attacks = [
        httpx.get(pages + get),
        httpx.get(pages + get, headers={"referer": f"{EVIL}/", "sec-fetch-site": "cross-site"}),
        httpx.post(pages + get, headers={"origin": EVIL, **text}),
        httpx.post(f"{pages}/graphql", json={"query": PAUSE}, headers={"origin": EVIL}),
        httpx.post(f"{pages}/graphql", json={"query": PAUSE}, headers={"origin": "null"}),
        httpx.post(f"{pages}/report_asset_materialization/standings", headers={"origin": EVIL}),
        httpx.post(f"{pages}/graphql", json={"query": PAUSE}, headers={"host": "evil.example"}),
        httpx.get(pages, headers={"host": "evil.example"}),
    ]
    sentences = {
        403: {
            "A GET changes nothing here: POST the mutation.",
            "Pages of other sites may not use Dagster's. Open it at http://localhost:3000.",
        },
        421: {f"{_UNKNOWN} http://localhost:3000, or name the host in DP_ALLOWED_HOSTS."},
    }
    assert [answer.status_code for answer in attacks] == [403] * 6 + [421] * 2
    for answer in attacks:
        assert answer.text.rstrip("\n") in sentences[answer.status_code]
    assert paused(pages) == before


def test_a_script_changes_what_it_wants(pages: str) -> None:
    httpx.post(f"{pages}/graphql", json={"query": PAUSE}).raise_for_status()
    assert paused(pages)
    httpx.post(
        f"{pages}/graphql", json={"query": RESUME}, headers={"host": "other.example"}
    ).raise_for_status()
    assert not paused(pages)


@contextmanager
def websocket(pages: str, *, host: str | None = None, origin: str) -> Generator[ClientConnection]:
    """A websocket as Dagster's pages open it, under another host name if one is given."""
    parts = urlsplit(pages)
    with (
        socket.create_connection((parts.hostname, parts.port)) as connected,
        connect(
            f"ws://{host or parts.netloc}/graphql",
            sock=connected,
            origin=Origin(origin),
            subprotocols=[Subprotocol("graphql-ws")],
        ) as opened,
    ):
        yield opened


@pytest.mark.parametrize(
    ("host", "origin", "status"), [(None, EVIL, 403), ("evil.example", "http://evil.example", 421)]
)
def test_a_websocket_of_another_site_is_refused(
    pages: str, host: str | None, origin: str, status: int
) -> None:
    with (
        pytest.raises(InvalidStatus) as refused,
        websocket(pages, host=host, origin=origin),
    ):
        pass
    assert refused.value.response.status_code == status


def test_its_own_websocket_is_open(pages: str) -> None:
    with websocket(pages, origin=pages) as opened:
        opened.send(json.dumps({"type": "connection_init"}))
        assert json.loads(opened.recv(10)) == {"type": "connection_ack"}


_ATTACK = """
<form action="PAGES/graphql?query=QUERY" method="post" enctype="text/plain" target="frame"></form>
<iframe name="frame"></iframe>
<script>
  async function attack() {
    const seen = [];
    for (const options of [{}, {method: "POST"}]) {
      await fetch("PAGES/graphql?query=QUERY", {mode: "no-cors", ...options}).catch(() => 0);
    }
    await new Promise((done) => {
      const image = new Image();
      image.onload = image.onerror = done;
      image.src = "PAGES/graphql?query=QUERY";
    });
    const sent = new Promise((done) => { document.querySelector("iframe").onload = done; });
    document.querySelector("form").submit();
    await sent;
    return await new Promise((done) => {
      const socket = new WebSocket("SOCKET/graphql", "graphql-ws");
      socket.onopen = () => done("open");
      socket.onerror = () => done("refused");
    });
  }
</script>
"""


@pytest.mark.slow
def test_dagsters_pages_work_in_a_browser_in_which_another_page_attacks_them(
    pages: str, browser: "Browser"
) -> None:
    text = _ATTACK.replace("PAGES", pages).replace("QUERY", quote(PAUSE, safe=""))
    text = text.replace("SOCKET", pages.replace("http", "ws"))
    httpx.post(f"{pages}/graphql", json={"query": RESUME}).raise_for_status()
    page = browser.new_page()
    received: list[str] = []

    def note(frame: str | bytes) -> None:
        received.append(str(frame))

    page.on("websocket", lambda opened: opened.on("framereceived", note))
    page.goto(f"{pages}/runs")
    page.get_by_text("No runs found").first.wait_for()

    def is_open() -> bool | None:
        page.wait_for_timeout(100)  # in which the browser's news are heard
        return any("connection_ack" in frame for frame in received) or None

    wait_for("its websocket", is_open)
    with serve(Starlette(routes=[Route("/", lambda _: HTMLResponse(text))])) as evil:
        assert urlsplit(evil).port != urlsplit(pages).port
        page.goto(evil)
        assert page.evaluate("attack()") == "refused"
    assert not paused(pages)
    page.close()
