"""OpenLigaDB: leagues, cups and big tournaments kept by a German-speaking community, open data.

payload      the JSON as typed models
goals        what the list of goals proves
score        the score of a match out of results and goals
rounds       groups to rounds: type by name, slugs, order
teams        teams, and places in the draw
team_groups  which match is of which group
matches      status, kick-off, duplicates
goal_lists   the goals themselves: order, side, minute, scorer
standings    the provider's table or a computed one
tournament   the tournament itself
answers      where they are, and those that may be missing
gathered     a season, or some matches and what is stored, put together
source       the Source: a season, or what is due of it
provider     the Provider

Only source requests.
"""

from dp_pipeline.providers.openligadb.provider import OpenLigaDB

__all__ = ["OpenLigaDB"]
