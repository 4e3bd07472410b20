"""What lies in DP_HOME opens in this machine's browsers while `dp dev` runs, nowhere else."""

from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from dp_pipeline.assets.metadata import link
from dp_pipeline.cli.served_objects import objects_served
from dp_pipeline.instance.address import OBJECTS, announced_address
from dp_pipeline.instance.opening import object_store
from dp_pipeline.settings import Settings

REPORT = "data-provider-operation-reports/openligadb/bl1/2024/2026-11-28/matches_update-1.html"
PAGE = "seasons/openligadb/bl1/2024/season.html"
KEPT = ("private/seasons/sofascore/17/61627/season.html", "payloads/ab/abc", "doctor/x")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of a home with a few objects."""
    found = Settings.load({"DP_HOME": str(tmp_path)})
    for key in (REPORT, PAGE, *KEPT):
        object_store(found).put(key, f"<h1>{key}</h1>".encode(), content_type="text/html")
    return found


def test_reports_and_pages_open_and_what_others_may_not_have_does_not(settings: Settings) -> None:
    store = object_store(settings)
    with objects_served(settings, "127.0.0.1"):
        for key in (REPORT, PAGE):
            answer = httpx.get(store.link(key))
            assert answer.text == f"<h1>{key}</h1>"
            assert answer.headers["content-type"].startswith("text/html")
            assert "default-src 'none'" in answer.headers["content-security-policy"]
        address = announced_address(settings.home, OBJECTS)
        for key in (*KEPT, "seasons/../doctor/x", "seasons/", ""):
            assert httpx.get(f"{address}/{key}").status_code == 404
        assert all(store.link(key).startswith("file://") for key in KEPT)
        foreign = httpx.get(store.link(PAGE), headers={"Host": "evil.example"})
        assert foreign.status_code == 400
    assert store.link(PAGE) == store.url(PAGE)
    assert store.url(PAGE).startswith("file://")


def test_earlier_links_hold_after_a_new_start(settings: Settings) -> None:
    store, opened = object_store(settings), set()
    for _ in range(2):
        with objects_served(settings, "localhost"):
            opened.add(store.link(REPORT))
    assert len(opened) == 1


@pytest.mark.parametrize(
    ("host", "more"),
    [
        ("0.0.0.0", {}),  # noqa: S104 - a host that is refused
        ("127.0.0.1", {"DAGSTER_BASE_URL": "https://dagster.example.org"}),
        ("127.0.0.1", {"AWS_S3_BUCKET": "reports"}),
    ],
)
def test_nothing_is_served_where_people_of_other_machines_are_given_links(
    tmp_path: Path, host: str, more: Mapping[str, str]
) -> None:
    settings = Settings.load({"DP_HOME": str(tmp_path), **more})
    with objects_served(settings, host):
        assert announced_address(settings.home, OBJECTS) is None


def test_a_page_of_dagster_links_a_local_report_while_it_is_served(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DP_HOME", str(settings.home))
    url = object_store(settings).url(REPORT)
    assert link(url).value == str(settings.objects_folder / REPORT)
    with objects_served(settings, "127.0.0.1"):
        assert httpx.get(link(url).value).text == f"<h1>{REPORT}</h1>"
