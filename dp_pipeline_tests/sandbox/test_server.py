"""The world over real HTTP: headers, errors, steering, and faults that need a connection."""

import re
from collections.abc import Iterator

import httpx
import pytest

from dp_pipeline.sandbox.server import Simulation
from dp_pipeline.sandbox.world import identity
from dp_pipeline.sandbox.world.formats import RULED
from dp_pipeline.sandbox.world.worlds import World
from dp_pipeline_tests.sandbox.worlds import SMALL, percent, served, standing_still

LEAGUE = f"/unique-tournament/900001/season/{identity.season_id(1, 3)}"
CUP = f"/unique-tournament/900004/season/{identity.season_id(4, 3)}"
BADGE = f"/team/{identity.team_id(1, 1)}/image"


@pytest.fixture
def simulation() -> Simulation:
    return standing_still(SMALL, percent(37))


@pytest.fixture
def client(simulation: Simulation) -> Iterator[httpx.Client]:
    with served(simulation) as url, httpx.Client(base_url=url, timeout=5) as client:
        yield client


def test_answers_are_json_with_the_providers_headers(client: httpx.Client) -> None:
    found = client.get(f"/api/v1{LEAGUE}/standings/total")
    assert found.status_code == 200
    assert found.headers["content-type"] == "application/json"
    assert found.headers["cache-control"] == "max-age=60, public, s-maxage=60"
    assert len(found.json()["standings"][0]["rows"]) == 18
    assert client.get(f"{LEAGUE}/standings/total").content == found.content
    assert client.get(f"/api/v1{LEAGUE}/standings/total/").content == found.content


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/unique-tournament/17",
        "/unique-tournament/900013",
        "/unique-tournament/x/seasons",
        "/unique-tournament/900001/season/9000011/rounds",
        "/unique-tournament/900001/season/9000024/rounds",
        f"{LEAGUE}/events/round/35",
        f"{LEAGUE}/events/round/1/slug/final",
        f"{LEAGUE}/events/last/99",
        f"{LEAGUE}/standings/best",
        f"{LEAGUE}/cuptrees",
        f"{LEAGUE}/groups",
        f"{CUP}/standings/total",
        f"{CUP}/events/round/29/slug/final",
        f"{CUP}/events/round/29",
        "/event/900010999",
        "/event/1",
        "/team/7",
        "/team/99999999999999999999/image",
        f"/tournament/4000101/season/{identity.season_id(1, 3)}/standings/total",
    ],
)
def test_what_is_not_there_is_404_as_at_the_provider(client: httpx.Client, path: str) -> None:
    found = client.get(path)
    assert found.status_code == 404
    assert found.json() == {"error": {"code": 404, "message": "Not Found"}}
    assert "max-age=3600" in found.headers["cache-control"]


def test_a_round_is_found_by_number_slug_and_prefix(client: httpx.Client) -> None:
    root = f"/unique-tournament/900003/season/{identity.season_id(3, 3)}"
    rounds = client.get(f"{root}/rounds").json()["rounds"]
    assert [r["round"] for r in rounds] == [28, 29, 1, 1, 2, 3, 4, 5, 6, 5, 27, 28, 29]
    assert rounds[0] == {
        "round": 28,
        "name": "Semifinal",
        "slug": "semifinal",
        "prefix": "Preliminary",
    }
    for prefix in ("Preliminary", "preliminary"):
        path = f"{root}/events/round/28/slug/semifinal/prefix/{prefix}"
        assert len(client.get(path).json()["events"]) == 2
    assert len(client.get(f"{root}/events/round/1").json()["events"]) >= 16
    qualification = client.get(f"{root}/events/round/1/slug/qualification-round-1").json()
    assert len(qualification["events"]) == 8


def test_a_knockout_round_appears_when_its_teams_are_known(
    client: httpx.Client, simulation: Simulation
) -> None:
    path = f"/unique-tournament/900003/season/{identity.season_id(3, 3)}"
    path += "/events/round/5/slug/round-of-16"
    assert client.get(path).status_code == 404
    simulation.clock = simulation.clock.set(percent(55), 0)
    assert len(client.get(path).json()["events"]) == 16


def test_places_in_the_draw_are_listed_before_the_teams(
    client: httpx.Client, simulation: Simulation
) -> None:
    path = f"/unique-tournament/900006/season/{identity.season_id(6, 3)}/events/round/29/slug/final"
    (before,) = client.get(path).json()["events"]
    assert (before["homeTeam"]["name"], before["homeTeam"]["disabled"]) == ("Winner F1", True)
    simulation.clock = simulation.clock.set(percent(100), 0)
    (after,) = client.get(path).json()["events"]
    assert after["id"] == before["id"]
    assert after["homeTeam"]["name"].startswith("Simulated ")


def test_a_match_a_team_and_a_day_can_be_asked_for(client: httpx.Client) -> None:
    (first, *_) = client.get(f"{LEAGUE}/events/round/1").json()["events"]
    event = client.get(f"/event/{first['id']}").json()["event"]
    assert {name: event[name] for name in first} == first
    assert event["venue"]["name"].startswith("Simulated ")
    team = client.get(f"/team/{first['homeTeam']['id']}").json()["team"]
    assert team["name"] == first["homeTeam"]["name"]
    listed = client.get("/unique-tournament/900001/scheduled-events/2026-11-28").json()["events"]
    assert listed
    last = client.get(f"/team/{first['homeTeam']['id']}/events/last/0").json()
    assert {
        first["homeTeam"]["id"] in (e["homeTeam"]["id"], e["awayTeam"]["id"])
        for e in last["events"]
    } == {True}


def test_pages_of_events_hold_every_match_once(client: httpx.Client) -> None:
    found: list[int] = []
    for way in ("last", "next"):
        page, more = 0, True
        while more:
            answer = client.get(f"{LEAGUE}/events/{way}/{page}").json()
            found += [event["id"] for event in answer["events"]]
            page, more = page + 1, answer["hasNextPage"]
    by_round = {
        event["id"]
        for number in range(1, 35)
        for event in client.get(f"{LEAGUE}/events/round/{number}").json()["events"]
    }
    assert len(found) == len(set(found))
    assert set(found) == by_round


def test_what_has_not_changed_is_not_sent_again(client: httpx.Client) -> None:
    for path in (BADGE, f"{LEAGUE}/rounds"):
        first = client.get(path)
        again = client.get(path, headers={"If-None-Match": f'W/{first.headers["etag"]}, "x"'})
        assert (again.status_code, again.content) == (304, b"")
        assert client.get(path, headers={"If-None-Match": '"x"'}).status_code == 200
    since = {"If-Modified-Since": client.get(BADGE).headers["last-modified"]}
    assert client.get(BADGE, headers=since).status_code == 304


def test_the_first_page_names_the_keys_and_leads_to_the_public_pages(client: httpx.Client) -> None:
    page = client.get("/").text
    keys = re.findall(r"<code>(sandbox:\d+:\d+)</code></td>", page)
    assert keys[0] == f"sandbox:900001:{identity.season_id(1, 3)}"
    assert len(keys) == 12
    for path in re.findall(r"href='(/football/[^']+)'", page):
        assert "__NEXT_DATA__" in client.get(path).text
    for competition in ("17", "x", "9" * 5_000):
        assert client.get(f"/football/tournament/x/y/{competition}").status_code == 404


def test_every_world_has_the_competitions_with_rules_of_their_own(client: httpx.Client) -> None:
    page = client.get("/").text
    for number in RULED:
        root = f"/unique-tournament/{identity.competition_id(number)}"
        key = f"sandbox:{identity.competition_id(number)}:{identity.season_id(number, 3)}"
        assert f"<code>{key}</code>" in page
        assert (
            client.get(f"{root}/season/{identity.season_id(number, 3)}/rounds").status_code == 200
        )
        assert client.get(f"/team/{identity.team_id(number, 3)}").status_code == 200
        assert client.get(f"/team/{identity.team_id(number, 3)}/events/last/0").status_code == 200
    assert client.get("/unique-tournament/910012").status_code == 404
    assert client.get(f"/team/{identity.team_id(RULED[-1] + 4, 3)}").status_code == 404


def test_tables_of_conferences_are_of_the_league_but_for_their_names(client: httpx.Client) -> None:
    root = f"/unique-tournament/910009/season/{identity.season_id(RULED[0], 3)}"
    tables = client.get(f"{root}/standings/total").json()["standings"]
    assert len({table["tournament"]["id"] for table in tables}) == 1
    assert len({table["id"] for table in tables}) == 3
    told = {table["name"]: len(table["rows"]) for table in tables}
    whole = "Simulated League of Two Conferences 10009 26/27"
    assert told == {whole: 12, "Eastern Conference": 6, "Western Conference": 6}
    one = f"/tournament/{tables[0]['tournament']['id']}/season/{identity.season_id(RULED[0], 3)}"
    assert client.get(f"{one}/standings/total").json()["standings"] == tables
    form = client.get(f"{root}/team-events/total").json()["tournamentTeamEvents"]
    assert [len(teams) for teams in form.values()] == [12]


def test_a_large_world_is_listed_by_pages() -> None:
    large = standing_still(World(1, 250), percent(37))
    with served(large) as url:
        assert "sandbox:900250:" in httpx.get(f"{url}/?page=3").text
        assert "sandbox:900250:" in httpx.get(f"{url}/?page=999").text
        assert "sandbox:900001:" in httpx.get(f"{url}/?page=x").text


def test_the_clock_is_put_advanced_and_sped_up(client: httpx.Client) -> None:
    assert client.get("/admin/clock").json()["timestamp"] == percent(37)
    told = client.post("/admin/clock", json={"set": "2026-12-05T15:30:00Z"}).json()
    assert told == {"now": "2026-12-05T15:30:00Z", "timestamp": 1_796_484_600, "speed": 0}
    told = client.post("/admin/clock", json={"advance": 3_600}).json()
    assert told["now"] == "2026-12-05T16:30:00Z"
    assert client.post("/admin/clock", json={"speed": 86_400}).json()["speed"] == 86_400
    assert client.get("/admin/clock").json()["timestamp"] >= told["timestamp"]


@pytest.mark.parametrize(
    ("path", "order"),
    [
        ("/admin/clock", {"set": "someday"}),
        ("/admin/clock", {"speed": -1}),
        ("/admin/clock", {"advance": -1}),
        ("/admin/clock", {"back": 1}),
        ("/admin/clock", []),
        ("/admin/faults", {"faults": "challenge"}),
        ("/admin/faults", {"faults": ["explosion"]}),
    ],
)
def test_an_order_that_cannot_be_carried_out_changes_nothing(
    client: httpx.Client, path: str, order: object
) -> None:
    before = client.get(path).json()
    refused = client.post(path, json=order)
    assert refused.status_code == 400
    assert refused.json()["error"].endswith(".")
    assert client.get(path).json() == before


def test_pages_of_other_sites_cannot_steer(client: httpx.Client) -> None:
    as_form = client.post("/admin/clock", content='{"set": "0%"}')
    assert as_form.status_code == 400
    renamed = client.get("/admin/clock", headers={"Host": "attacker.example:8765"})
    assert renamed.status_code == 403
    large = client.post(
        "/admin/clock", content=b" " * 200_000, headers={"Content-Type": "application/json"}
    )
    assert large.status_code == 400


def test_faults_come_and_go_by_path(client: httpx.Client) -> None:
    told = client.post("/admin/faults", json={"faults": ["challenge */rounds", "html */seasons"]})
    assert told.json() == {"faults": ["challenge */rounds 100%", "html */seasons 100%"]}
    assert client.get(f"{LEAGUE}/rounds").status_code == 403
    assert client.get(f"/api/v1{LEAGUE}/rounds").status_code == 403
    assert client.get("/unique-tournament/900001/seasons").text.startswith("<!doctype html>")
    assert client.get(f"{LEAGUE}/standings/total").status_code == 200
    assert client.delete("/admin/faults").json() == {"faults": []}
    assert client.get(f"{LEAGUE}/rounds").status_code == 200


def test_a_truncated_answer_ends_before_its_announced_length(client: httpx.Client) -> None:
    client.post("/admin/faults", json={"faults": ["truncated */rounds"]})
    with pytest.raises(httpx.RemoteProtocolError):
        client.get(f"{LEAGUE}/rounds")
    assert client.get(f"{LEAGUE}/standings/total").status_code == 200


def test_a_timeout_never_answers_and_latency_answers_late(client: httpx.Client) -> None:
    client.post("/admin/faults", json={"faults": ["timeout */rounds", "latency=0.3 */seasons"]})
    with pytest.raises(httpx.ReadTimeout):
        client.get(f"{LEAGUE}/rounds", timeout=0.3)
    with pytest.raises(httpx.ReadTimeout):
        client.get("/unique-tournament/900001/seasons", timeout=0.1)
    assert client.get("/unique-tournament/900001/seasons").status_code == 200


def test_the_listing_names_the_competitions(client: httpx.Client) -> None:
    found = client.get("/config/unique-tournaments/EN/football").json()["uniqueTournaments"]
    assert [each["id"] for each in found] == [900_000 + number for number in range(1, 13)]
    assert all(each["name"].startswith("Simulated ") for each in found)


def test_cup_trees_lead_from_the_first_round_to_the_winner(
    client: httpx.Client, simulation: Simulation
) -> None:
    simulation.clock = simulation.clock.set(percent(100), 0)
    for number, sizes in ((4, [16, 8, 4, 2, 1]), (5, [8, 4, 2, 1]), (3, [8, 4, 2, 1])):
        path = f"/unique-tournament/{900_000 + number}/season/{identity.season_id(number, 3)}"
        (tree,) = client.get(f"{path}/cuptrees").json()["cupTrees"]
        assert [len(round_["blocks"]) for round_ in tree["rounds"]] == sizes
        survivors: set[int] = set()
        for round_ in tree["rounds"]:
            playing = {p["team"]["id"] for b in round_["blocks"] for p in b["participants"]}
            assert not survivors or playing == survivors
            survivors = {
                block["participants"][0 if block["result"] == "home won" else 1]["team"]["id"]
                for block in round_["blocks"]
            }
        assert len(survivors) == 1
