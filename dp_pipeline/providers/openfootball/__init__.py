"""openfootball: one public-domain file per season of a competition.

payload      what a file looks like, old and new form
competition  what the file's name says: repository, country, time zone, league or cup, years
files        where the file lies
names        what stands for no team, or in an address
teams        which spellings of a file are one team
identity     which club a name is
recognised   what is stored under another name
rounds       the text of a round: slug, stage, group, type, order
group_stages groups that are played after groups
results      score and status of a match, and what contradicts itself
kickoffs     date and time of a match
matches      fixtures to matches: identity, repeated fixtures
goal_lists   who scored, where a file lists it
season       a whole file to everything the domains ask for
seasons      which files there are, of a competition
source       the Source, the only part that requests
provider     the Provider
"""

from dp_pipeline.providers.openfootball.provider import OpenFootball

__all__ = ["OpenFootball"]
