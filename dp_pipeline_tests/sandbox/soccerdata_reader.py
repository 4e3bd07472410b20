"""Run by another Python, one that has soccerdata: reads a simulated league with its reader.

Arguments: the API's root with a slash at the end, an empty folder, a competition's name, a season's
code. Prints one JSON object. Nothing of ours is imported.
"""

import importlib
import json
import os
import sys
import urllib.request
from pathlib import Path
from typing import Any


class Answer:
    """What the reader looks at of an answer."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def raise_for_status(self) -> None:
        """urllib has raised already."""


class Session:
    """Plain HTTP: the reader's own session loads a native library from the network."""

    def get(self, url: str) -> Answer:
        with urllib.request.urlopen(url, timeout=30) as response:  # noqa: S310 - loopback
            return Answer(response.read())


def main(root: str, folder: str, competition: str, season: str) -> None:
    config = Path(folder) / "config"
    config.mkdir(parents=True)
    league = {"Sofascore": competition, "season_start": "Aug", "season_end": "May"}
    (config / "league_dict.json").write_text(json.dumps({"SIM-League": league}))
    os.environ |= {"SOCCERDATA_DIR": folder, "SOCCERDATA_LOGLEVEL": "ERROR"}
    sofascore: Any = importlib.import_module("soccerdata.sofascore")
    sofascore.SOFASCORE_API = root
    sofascore.Sofascore._init_session = lambda _self, _headers=None: Session()
    reader = sofascore.Sofascore(leagues="SIM-League", seasons=season, no_store=True)
    found = {
        "leagues": reader.read_leagues(),
        "seasons": reader.read_seasons(),
        "table": reader.read_league_table(),
        "schedule": reader.read_schedule(),
    }
    tables = {
        name: json.loads(frame.reset_index().to_json(orient="records", date_format="epoch"))
        for name, frame in found.items()
    }
    sys.stdout.write(json.dumps(tables))


if __name__ == "__main__":
    main(*sys.argv[1:])
