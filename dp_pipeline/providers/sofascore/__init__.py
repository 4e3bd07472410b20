"""SofaScore: nearly every league and cup. Not open data; used only where somebody configures it.

payload     the JSON as typed models
parse       answers taken apart, entry by entry
status      codes and types to our words
score       the parts of a score that agree with one another
stages      stage and group by the name of a tournament
rounds      rounds by (round, slug, prefix)
teams       teams, and places in the draw
matches     events once per id, in their round
standings   tables, rankings, form
tournament  the tournament itself
season      all of it put together
addresses   paths, images and pages
page        a tournament's page for people
answers     the requests about one season
source      the Source: a season, or what is due of it
provider    the Provider
"""

from dp_pipeline.providers.sofascore.provider import SofaScore

__all__ = ["SofaScore"]
