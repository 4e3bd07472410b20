"""Mutated payloads of many seasons, read over good data: see `mutated_reads`.

DP_MUTATIONS says how many of each season, DP_MUTATIONS_SEED which.
"""

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import anyio
import pytest

from dp_pipeline.football.key import TournamentKey
from dp_pipeline_tests.end_to_end.mutated_reads import OneTransaction, Soak, payloads_of

TIMES = int(os.environ.get("DP_MUTATIONS", "60"))
SEED = int(os.environ.get("DP_MUTATIONS_SEED", "1"))
_FEW, _FEWER = 6, 4
"""Teams: a league of so many is complete, with rounds of its own, and read ten times as fast; of
fewer where they meet four times."""
WHOLE = {
    "openligadb:bl1:2024": "recordings/openligadb/openliga_bl2425.json",
    "openligadb:dfb:2025": "recordings/openligadb/openliga_dfb2526.json",
    "openligadb:c129:2025": "cases/openligadb/c129.state-b.2026.json",
    "openligadb:cabd:2025": "cases/openligadb/cabd.2026.json",
    "openfootball:de.cup:2018-19": "recordings/openfootball/2018-19/de.cup.json",
    "openfootball:en.1:2025-26": "recordings/openfootball/2025-26/en.1.json",
    "openfootball:uefa.cl:2024-25": "recordings/openfootball/2024-25/uefa.cl.json",
    "openfootball:uefa.cl:2016-17": "more_seasons/football.json/2016-17/uefa.cl.json",
    "openfootball:at.cup:2020-21": "more_seasons/football.json/2020-21/at.cup.json",
    "openfootball:worldcup:1954": "more_seasons/worldcup.json/1954/worldcup.json",
    "openfootball:worldcup:2018": "more_seasons/worldcup.json/2018/worldcup.json",
    "openfootball:worldcup:2022": "more_seasons/worldcup.json/2022/worldcup.json",
    "openfootball:euro:2020": "more_seasons/euro.json/2020/euro.json",
}
_CUT = "more_seasons/football.json"
AMONG_FEW = {
    "openligadb:bl1:2024": "recordings/openligadb/openliga_bl2425.json",
    "openligadb:bl1:2025": "recordings/openligadb/openliga_bl2526_20260321.json",
    "openfootball:mls:2025": "recordings/openfootball/2025/mls.json",
    "openfootball:en.1:2024-25": "recordings/openfootball/2024-25/en.1.json",
    "openfootball:at.1:2018-19": f"{_CUT}/2018-19/at.1.json",
    "openfootball:at.2:2024-25": f"{_CUT}/2024-25/at.2.json",
    "openfootball:au.1:2018-19": f"{_CUT}/2018-19/au.1.json",
    "openfootball:be.1:2020-21": f"{_CUT}/2020-21/be.1.json",
    "openfootball:br.1:2020": f"{_CUT}/2020/br.1.json",
    "openfootball:cn.1:2020": f"{_CUT}/2020/cn.1.json",
    "openfootball:cz.1:2018-19": f"{_CUT}/2018-19/cz.1.json",
    "openfootball:de.1:2010-11": f"{_CUT}/2010-11/de.1.json",
    "openfootball:de.3:2016-17": f"{_CUT}/2016-17/de.3.json",
    "openfootball:dz.1:2024-25": f"{_CUT}/2024-25/dz.1.json",
    "openfootball:en.2:2012-13": f"{_CUT}/2012-13/en.2.json",
    "openfootball:en.4:2018-19": f"{_CUT}/2018-19/en.4.json",
    "openfootball:es.1:2012-13": f"{_CUT}/2012-13/es.1.json",
    "openfootball:es.2:2024-25": f"{_CUT}/2024-25/es.2.json",
    "openfootball:fr.1:2014-15": f"{_CUT}/2014-15/fr.1.json",
    "openfootball:gr.1:2020-21": f"{_CUT}/2020-21/gr.1.json",
    "openfootball:it.1:2016-17": f"{_CUT}/2016-17/it.1.json",
    "openfootball:jp.1:2020": f"{_CUT}/2020/jp.1.json",
    "openfootball:mx.1:2018-19": f"{_CUT}/2018-19/mx.1.json",
    "openfootball:nl.1:2022-23": f"{_CUT}/2022-23/nl.1.json",
    "openfootball:pt.1:2024-25": f"{_CUT}/2024-25/pt.1.json",
    "openfootball:ru.1:2018-19": f"{_CUT}/2018-19/ru.1.json",
    "openfootball:tr.1:2020-21": f"{_CUT}/2020-21/tr.1.json",
}
AMONG_FEWER = {
    "openfootball:ch.1:2014-15": f"{_CUT}/2014-15/ch.1.json",
    "openfootball:ch.2:2020-21": f"{_CUT}/2020-21/ch.2.json",
    "openfootball:at.1:2012-13": f"{_CUT}/2012-13/at.1.json",
    "openfootball:sco.1:2020-21": f"{_CUT}/2020-21/sco.1.json",
}
SEASONS: list[tuple[str, str, int | None]] = [
    *((key, file, None) for key, file in WHOLE.items()),
    *((key, file, _FEW) for key, file in AMONG_FEW.items()),
    *((key, file, _FEWER) for key, file in AMONG_FEWER.items()),
]


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("season", SEASONS, ids=lambda season: f"{season[0]} {season[2] or ''}")
def test_mutated_reads_are_caught_and_make_no_more_worse_than_the_rule_allows(
    new_database: Callable[..., str],
    migrated_template: str,
    recordings: Path,
    season: tuple[str, str, int | None],
) -> None:
    key, file, teams = season
    if not (recordings.parent / file).is_file():
        pytest.skip(f"{file} is not there")
    parsed = TournamentKey.parse(key)
    payloads = payloads_of(recordings.parent / file, parsed, teams)
    with closing(OneTransaction(new_database(migrated_template))) as database:
        database.connection = database.engine.connect()
        with database.connection, database.connection.begin() as transaction:
            soak = Soak(database, parsed, payloads, SEED)
            anyio.run(soak.run, TIMES)
            transaction.rollback()
    assert min(soak.outcomes["unchanged"], soak.outcomes["suspicious_payload"]) > 0
