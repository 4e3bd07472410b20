"""Whether what is told of a tournament can be football, and whether it is all of it. Pure."""

import re

_OTHER_SPORT = re.compile(
    r"\b(?:\w*hand-?ball\w*|hbl|\w*basket-?ball\w*|bbl|nba|\w*volley-?ball\w*|\w*eis-?hockey\w*"
    r"|ice[ -]hockey|nhl|del2?(?= \d)|\w*hockey|american[ -]football|aussie[ -]rules|nfl|gfl|tennis"
    r"|atp|wta|darts?|rugby|baseball|mlb|cricket|futsal|mini-?football|beach[ -]soccer|e-?sports?"
    r"|formel ?1|formula ?1)\b",
    re.IGNORECASE,
)
_FOOTBALL = re.compile(r"football|soccer|fu(?:ss|\u00df)ball|f\u00fatbol|futebol", re.IGNORECASE)


def other_sport_of(text: str) -> str | None:
    """The other sport that a name speaks of ("Handball Bundesliga"); None where it names none."""
    found = _OTHER_SPORT.search(text)
    return found[0] if found else None


def is_football(sport: str) -> bool:
    """Whether a sport is football by the name that a provider gives it."""
    return bool(_FOOTBALL.search(sport)) and other_sport_of(sport) is None
