"""Every page for people in a browser: as wide as its screen, and without a finding of axe."""

import io
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from lxml import html
from playwright.sync_api import Browser, Page

from dp_pipeline.ledger.report_view.page import report_page
from dp_pipeline.ledger.vocabulary import SUSPICIOUS
from dp_pipeline.publish.publishing import made_of
from dp_pipeline.sandbox.demo import NOT_YET
from dp_pipeline.sandbox.index import index_page
from dp_pipeline.sandbox.world import calendar
from dp_pipeline.sandbox.world.worlds import World
from dp_pipeline_tests.ledger.reports import read
from dp_pipeline_tests.publish.seasons import cup, season, with_everything

UTC_ZONE = ZoneInfo("UTC")
CLUBS = [f"Sportgemeinschaft Donaudampfschifffahrt {n}" for n in range(6)]
LONG = "A sentence of a provider that goes on and on, with https://example.org/" + "path/" * 30


def report_of_everything(**more: object) -> str:
    found = {"refused": [{"subject": CLUBS[0], "detail": LONG}], "odd_day": [{"subject": "A - B"}]}
    told = read(
        news=[LONG],
        changed=[{"table": "match", "row": CLUBS[1], "field": "venue", "from": None, "to": LONG}],
        findings=found,
        leftOut=found,
        requests=[{"url": LONG, "status": 200, "bytes": 9, "seconds": 0.1, "attempts": 2}],
        error={"class": "ProviderError", "message": LONG, "snippet": "<h1>", "trace": "x\n" * 40},
        **more,
    )
    return report_page(told, UTC_ZONE, "report.json")


def index() -> str:
    at = calendar.percent_of_season(Fraction(37))
    return index_page(World(1, 1_200), "http://127.0.0.1:8765", at, 2).body.decode()


PAGES: Mapping[str, Callable[[], str]] = {
    "a league": lambda: made_of(with_everything(CLUBS), UTC_ZONE)[1],
    "a cup": lambda: made_of(cup(16), UTC_ZONE)[1],
    "a good report": lambda: report_page(read(), UTC_ZONE, "report.json"),
    "a refusal": lambda: report_of_everything(outcome=SUSPICIOUS, status="failed"),
    "a failure": lambda: report_of_everything(outcome="failed", status="failed"),
    "a season that is not read yet": lambda: NOT_YET,
    "the simulated world": index,
}


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """axe-core, which is not ours to keep: fetched by who has npm and a registry."""
    npm, folder = shutil.which("npm"), tmp_path_factory.mktemp("axe")
    if npm is None:
        pytest.skip("axe-core cannot be had: there is no npm on this machine")
    command = [npm, "pack", "axe-core@4", "--silent", "--fetch-retries=0"]
    try:
        subprocess.run(command, cwd=folder, check=True, timeout=60, capture_output=True)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        pytest.skip("axe-core cannot be had: npm reaches no registry")
    (packed,) = folder.glob("*.tgz")
    with tarfile.open(fileobj=io.BytesIO(packed.read_bytes())) as archive:
        file = archive.extractfile("package/axe.min.js")
        assert file is not None
        return file.read().decode()


def opened(browser: Browser, text: str, place: Path, *, wide: int, dark: bool) -> Page:
    file = place / "page.html"
    file.write_text(text)
    view = browser.new_page(
        viewport={"width": wide, "height": 900}, color_scheme="dark" if dark else "light"
    )
    requested: list[str] = []
    view.on("request", lambda request: requested.append(request.url))
    view.goto(file.as_uri())
    view.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert requested == [file.as_uri()]
    return view


@pytest.mark.slow
@pytest.mark.parametrize(("wide", "dark"), [(390, True), (1280, False)])
@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_wider_than_the_screen_and_axe_finds_nothing(  # noqa: PLR0913, PLR0917
    browser: Browser, axe: str, tmp_path: Path, name: str, wide: int, dark: bool
) -> None:
    view = opened(browser, PAGES[name](), tmp_path, wide=wide, dark=dark)
    assert view.evaluate("document.documentElement.scrollWidth") == wide
    view.evaluate(axe)
    violations = view.evaluate("axe.run()")["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in violations] == []
    view.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("wide", "in_a_row", "least"), [(360, 1, 0.9), (1280, 2, 0.55), (1920, 2, 0.75)]
)
def test_charts_take_the_width_of_the_screen_and_their_text_stays_legible(
    browser: Browser, tmp_path: Path, wide: int, in_a_row: int, least: float
) -> None:
    names = [f"Sportfreunde Nordstadt {n}" for n in range(18)]
    text = made_of(season(names, played=9 * 14), UTC_ZONE)[1]
    view = opened(browser, text, tmp_path, wide=wide, dark=False)
    assert view.evaluate("document.documentElement.scrollWidth") == wide
    box = "each => each.getBoundingClientRect()"
    figures = view.evaluate(f"[...document.querySelectorAll('figure')].map({box})")
    drawn = view.evaluate(f"[...document.querySelectorAll('figure svg')].map({box})")
    rows: dict[float, list[float]] = {}
    for each in figures:
        rows.setdefault(each["top"], []).append(each["width"])
    assert len(next(iter(rows.values()))) == in_a_row
    assert all(sum(row) >= least * wide for row in rows.values())
    meant = [float(each.get("width")) for each in html.fromstring(text).iter("svg")]
    assert all(
        0.9 <= one["width"] / as_drawn <= 1.51 for one, as_drawn in zip(drawn, meant, strict=True)
    )
    view.close()


@pytest.mark.slow
def test_on_a_phone_ties_are_whole_and_keys_of_the_simulated_world_in_one_line(
    browser: Browser, tmp_path: Path
) -> None:
    text = made_of(with_everything([f"Nordstadt {n}" for n in range(8)]), UTC_ZONE)[1]
    view = opened(browser, text, tmp_path, wide=360, dark=False)
    cells = "[...document.querySelectorAll('.ties td, .ties th')].filter(e => e.offsetParent)"
    edges = view.evaluate(f"{cells}.map(each => each.getBoundingClientRect().right)")
    assert edges
    assert max(edges) <= 360
    view.close()
    view = opened(browser, index(), tmp_path, wide=360, dark=False)
    keys = "[...document.querySelectorAll('td code, .keys code')]"
    assert set(view.evaluate(f"{keys}.map(each => each.getClientRects().length)")) == {1}
    assert view.evaluate("document.documentElement.scrollWidth") == 360
    view.close()
