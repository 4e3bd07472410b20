"""Answers: what is said to a path at a moment; a page for people."""

import html

from dp_pipeline.sandbox.api import competitions, shapes
from dp_pipeline.sandbox.api.images import ServedImage
from dp_pipeline.sandbox.api.reply import HTML, JSON, Reply, encoded
from dp_pipeline.sandbox.api.routes import NothingThereError, find
from dp_pipeline.sandbox.world import identity
from dp_pipeline.sandbox.world.worlds import World

_NOT_FOUND_AGE = 3600
_PAGE_AGE = 60
_MOST_DIGITS = 15
NOT_FOUND = {"error": {"code": 404, "message": "Not Found"}}


def answer(world: World, path: str, at: int) -> Reply:
    """What the API says to a path below its root at a moment, in Unix seconds."""
    try:
        answered, max_age = find(world, path, at)
    except NothingThereError:
        return Reply(404, encoded(NOT_FOUND), JSON, _NOT_FOUND_AGE)
    if isinstance(answered, ServedImage):
        return Reply(200, answered.body, answered.content_type, max_age)
    return Reply(200, encoded(answered), JSON, max_age)


def public_page(world: World, competition: str, at: int) -> Reply:
    """The page of a competition, with its data embedded as on the provider's site."""
    readable = competition.isdecimal() and len(competition) <= _MOST_DIGITS
    number = identity.competition_number(int(competition) if readable else 0)
    if number not in world:
        return Reply(404, b"<!doctype html><title>Not found</title>", HTML, _NOT_FOUND_AGE)
    props = {
        "uniqueTournament": competitions.competition(world, number, at),
        "seasons": competitions.seasons(world, number, at),
    }
    data = {"props": {"pageProps": {"initialProps": props}}, "page": "/tournament", "query": {}}
    # "<" would end the script element early
    embedded = encoded(data).decode().replace("<", "\\u003c")
    name = html.escape(world.name(number))
    text = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{name}</title></head>'
        f"<body><h1>{name}</h1><p>A simulated competition.</p>"
        f'<script id="__NEXT_DATA__" type="application/json">{embedded}</script></body></html>'
    )
    return Reply(200, text.encode(), HTML, _PAGE_AGE)


def page_path(world: World, number: int) -> str:
    """Where the page of a competition is."""
    place = shapes.category(number)["slug"]
    slug = shapes.unique_tournament(world, number)["slug"]
    return f"/football/tournament/{place}/{slug}/{identity.competition_id(number)}"
