"""A page from a template that extends `base.html`: everything it shows is escaped."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dp_pipeline.pages.palette import variables

if TYPE_CHECKING:
    from jinja2 import Environment

_HERE = Path(__file__).parent


def page(template: Path, values: Mapping[str, Any]) -> str:
    """The page that a template makes of these values.

    Args:
        template: a file that extends `base.html`.
        values: what it shows; text that is no `Markup` is escaped.
    """
    from markupsafe import Markup

    whole = {**values, "style": Markup(style())}  # noqa: S704 - our own file
    # A browser reads the page no further than NUL, or shows it as something else.
    return _environment(template.parent).get_template(template.name).render(whole).replace("\0", "")


@cache
def style() -> str:
    """The style of all pages, with the colours of light and of dark paper."""
    rest = (_HERE / "style.css").read_text(encoding="utf-8")
    dark = f"@media (prefers-color-scheme: dark){{:root{{{variables(dark=True)}}}}}"
    return f":root{{{variables(dark=False)}}}\n{dark}\n{rest}"


@cache
def _environment(folder: Path) -> "Environment":
    # 0.1 s to import: only for who makes a page.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader((folder, _HERE)),
        autoescape=True,
        auto_reload=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
