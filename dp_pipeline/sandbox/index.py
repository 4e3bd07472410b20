"""The page a newcomer opens first: which competitions there are and how to read them."""

import html

from dp_pipeline.sandbox.api.answers import page_path
from dp_pipeline.sandbox.api.reply import HTML, Reply
from dp_pipeline.sandbox.world import calendar, identity
from dp_pipeline.sandbox.world.formats import RULED
from dp_pipeline.sandbox.world.worlds import World

_PER_PAGE = 100
_STYLE = (
    "body{font:1rem/1.5 system-ui;margin:2rem auto;max-width:60rem;padding:0 1rem;"
    "overflow-wrap:anywhere}td,th{padding:.2rem .6rem .2rem 0;text-align:left}"
    # a key is typed as a whole, and a word is read as one
    "code{font-size:.85em}td code,.keys code{white-space:nowrap}td,th{overflow-wrap:normal}"
    "@media(max-width:30rem){table{font-size:.8rem}td,th{padding-right:.3rem}}"
)


def tournament_key(number: int, at: int) -> str:
    """The key of the newest season of a competition: sandbox:900001:9000014."""
    index = calendar.announced_seasons(at)[-1]
    return f"sandbox:{identity.competition_id(number)}:{identity.season_id(number, index)}"


def index_page(world: World, root: str, at: int, page: int) -> Reply:
    """A hundred competitions with their keys; `root` is this server's address."""
    pages = -(-world.size // _PER_PAGE)
    page = min(max(page, 1), pages)
    numbers = world.numbers[(page - 1) * _PER_PAGE : page * _PER_PAGE]
    rows = "".join(
        f"<tr><td><a href='{page_path(world, number)}'>{html.escape(world.name(number))}</a></td>"
        f"<td>{world.format(number).kind}</td><td><code>{tournament_key(number, at)}</code></td>"
        "</tr>"
        for number in numbers
    )
    ruled = ", ".join(
        f"<a href='{page_path(world, number)}'>{html.escape(world.name(number))}</a> "
        f"<code>{tournament_key(number, at)}</code>"
        for number in RULED
    )
    links = " ".join(
        f"<a href='/?page={other}'>{other}</a>" if other != page else str(other)
        for other in range(1, pages + 1)
    )
    root = html.escape(root)
    text = (
        "<!doctype html><html lang='en'><meta charset='utf-8'><title>Simulated football</title>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<style>{_STYLE}</style><main><h1>Simulated football world {world.seed}</h1>"
        f"<p>It is {calendar.iso(at)} here. Nothing on these pages happened.</p>"
        f"<p>Read a season of it with <code>dp ingest {tournament_key(numbers[0], at)}</code>. "
        "The world of a running <code>make run</code> is found by itself; for that of "
        f"<code>dp sandbox serve</code> set <code>SANDBOX_BASE_URL={root}</code> first.</p>"
        f"<table><tr><th scope='col'>Competition<th scope='col'>Kind"
        f"<th scope='col'>Key of its newest season</tr>{rows}</table>"
        f"<p>{links if pages > 1 else ''}</p>"
        f"<p class='keys'>Beside these every world has {ruled}.</p>"
        "<p>Clock: <a href='/admin/clock'>/admin/clock</a>. Faults: "
        "<a href='/admin/faults'>/admin/faults</a>.</p></main></html>"
    )
    return Reply(200, text.encode(), HTML)
