"""Run by another Python, one that has ScraperFC: reads a simulated league with its reader.

Arguments: the API's root, a competition's id, a season's year as the API writes it. Prints one JSON
list. Nothing of ours is imported, and of theirs two values are changed: the API's root and the list
of competitions. It starts a Chromium of the machine anew for each address, which is its own way.
"""

import importlib
import json
import os
import sys
from contextlib import redirect_stdout
from typing import Any


def main(root: str, competition: str, year: str) -> None:
    # Its library of requests loads a native part from the network, which this reader does not use;
    # and a failure waits for a person to press a key.
    os.environ |= {"BOTASAURUS_REQUESTS_MODULE": "1", "ENV": "production"}
    with redirect_stdout(sys.stderr):
        sofascore: Any = importlib.import_module("ScraperFC.sofascore")
        sofascore.API_PREFIX = root
        sofascore.comps["SIM-League"] = {"SOFASCORE": competition}
        matches = sofascore.Sofascore().get_match_dicts(year, "SIM-League")
    sys.stdout.write(json.dumps(matches))


if __name__ == "__main__":
    main(*sys.argv[1:])
