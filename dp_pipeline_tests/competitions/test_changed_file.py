"""The sensor that notices that the file has changed."""

import json

from dp_pipeline.sensors.follow import read_cursor, watch_competitions
from dp_pipeline_tests.competitions.place import BL1, EN1, Place


def test_a_changed_file_asks_for_seasons_once(place: Place) -> None:
    assert not place.tick(watch_competitions).run_requests
    place.follow(BL1)
    (request,) = list(place.tick(watch_competitions).run_requests or ())
    assert request.tags == {"dagster/priority": "-5"}
    assert not place.tick(watch_competitions).run_requests
    place.follow(BL1, EN1)
    waits = place.tick(watch_competitions)
    assert not waits.run_requests, "the run that goes on may have read the file before"
    (run,) = place.instance.get_runs()
    place.instance.report_run_failed(run)
    assert len(place.tick(watch_competitions).run_requests or ()) == 1


def test_what_was_followed_before_is_asked_for_when_it_comes_back(place: Place) -> None:
    for entries in ([BL1], [], [BL1]):
        place.follow(*entries)
        result = place.tick(watch_competitions)
        assert bool(result.run_requests) == bool(entries)
        for run in place.instance.get_runs():
            place.instance.report_run_failed(run)


def test_a_competition_without_seasons_is_asked_for_again_an_hour_later(place: Place) -> None:
    place.follow(BL1)
    place.tick(watch_competitions)
    (run,) = place.instance.get_runs()
    place.instance.report_run_failed(run)
    assert not place.tick(watch_competitions).run_requests
    digest, read_at = read_cursor(place.cursors[watch_competitions.name])
    place.cursors[watch_competitions.name] = json.dumps(
        {"digest": digest, "read_at": read_at - 3_601}
    )
    assert place.tick(watch_competitions).run_requests
    place.list_seasons("openligadb:bl1", "2026")
    place.cursors[watch_competitions.name] = json.dumps({"digest": digest, "read_at": 0})
    place.instance.report_run_failed(place.instance.get_runs(limit=1)[0])
    assert not place.tick(watch_competitions).run_requests
