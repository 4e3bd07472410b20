"""What data providers say, as frozen models. Nothing here imports Dagster.

contract        what a provider and its source offer; registry: which there are
errors          what can go wrong between us and a provider
fetched         entities, findings and absence, as a source gives them
fitting         entities that no column can hold, left out by name
polling         what sources of polled providers request, and how a refusal ends it
reading         lists in answers, entry by entry
score, fixtures, goal_lists, tables
                what is decided alike of scores, matches, goals and tables
refresh_window  the hours in which tournaments are read again

Each package is one provider.
"""
