"""Where what is published of a season stands in the object store: at the same key for ever.

A list of what stands there is written last. It has the version of the season that was shown, so
nothing is made again of the same data, and nothing that is half written counts.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from dp_pipeline.football.key import TournamentKey
from dp_pipeline.providers.contract import Licence
from dp_pipeline.publish.drawing.sheet import DrawnChart
from dp_pipeline.publish.season import PublishedSeason
from dp_pipeline.storage import ANSWER_SECONDS, ASK_AGAIN, PRIVATE, ObjectStore, within

LOOK = 6
"""Raised by whoever changes how charts or page look: all are made again with the next change."""
_LIST = "contents.json"
PAGE = "season.html"
_SVG, _PNG, _JSON = "image/svg+xml", "image/png", "application/json"
_HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class ShelvedChart:
    """A chart as it stands in the store; see `DrawnChart`."""

    slug: str
    title: str
    description: str
    has_png: bool
    without_font: str = ""


@dataclass(frozen=True, slots=True)
class Contents:
    """What stands in the store of a season.

    Args:
        version: of what is shown.
        charts: in order.
    """

    version: str
    charts: tuple[ShelvedChart, ...]

    @property
    def files(self) -> frozenset[str]:
        """The names of all files, but for that of the list."""
        drawn = {f"{each.slug}.svg" for each in self.charts}
        return frozenset({PAGE, *drawn, *(f"{c.slug}.png" for c in self.charts if c.has_png)})

    @classmethod
    def read(cls, text: bytes) -> "Contents | None":
        """The list as it was written; None of one that another version of this code wrote."""
        try:
            listed = json.loads(text)
            charts = tuple(ShelvedChart(**each) for each in listed["charts"])
            return cls(str(listed["version"]), charts)
        except (ValueError, KeyError, TypeError):
            return None


def folder_of(key: TournamentKey, licence: Licence) -> str:
    """Where files of a season stand: apart, where nobody may be given their addresses."""
    place = "" if licence.redistributable else PRIVATE
    return f"{place}seasons/{key.provider}/{key.competition}/{key.season}"


def version_of(season: PublishedSeason, **more: str) -> str:
    """A digest of what is shown: equal for equal data, whenever it was read.

    Args:
        season: what is shown.
        more: what else it depends on.
    """
    shown = replace(season, provenance=replace(season.provenance, read_at=None, there_at=None))
    text = json.dumps([LOOK, asdict(shown), more], default=str, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


class Shelf:
    """The place of one season in an object store; each call raises ObjectStoreError.

    Args:
        objects: the store.
        key: of the season whose place it is.
        licence: of its provider.
    """

    def __init__(self, objects: ObjectStore, key: TournamentKey, licence: Licence) -> None:
        self._objects = objects
        self._folder = folder_of(key, licence)
        self._is_shared = licence.redistributable

    def url(self, name: str) -> str:
        """The address of a file."""
        return self._objects.url(f"{self._folder}/{name}")

    def link(self, name: str) -> str:
        """An address for a browser, see `ObjectStore.link`; of what is private only its place."""
        return self._objects.link(f"{self._folder}/{name}") if self._is_shared else self.url(name)

    def contents(self) -> Contents | None:
        """What stands there; None for nothing, or for what was not written to its end."""
        text = self.get(_LIST)
        return None if text is None else Contents.read(text)

    def get(self, name: str) -> bytes | None:
        """A file, if it is there."""
        return within(ANSWER_SECONDS, partial(self._objects.get, f"{self._folder}/{name}"))

    def put(
        self, version: str, charts: Sequence[DrawnChart], page: str, before: Contents | None = None
    ) -> Contents:
        """Store the files, then the list of them, and delete those that only `before` lists."""
        self._put(PAGE, page.encode(), _HTML)
        for chart in charts:
            self._put(f"{chart.about.slug}.svg", chart.svg.encode(), _SVG)
            if chart.png is not None:
                self._put(f"{chart.about.slug}.png", chart.png, _PNG)
        contents = Contents(version, tuple(map(_shelved, charts)))
        listed: Mapping[str, Any] = asdict(contents)
        self._put(_LIST, json.dumps(listed, ensure_ascii=False, indent=1).encode(), _JSON)
        self._delete(before.files - contents.files if before else ())
        return contents

    def clear(self) -> None:
        """Delete all that is listed, and the list last: what is cut short can be done again."""
        contents = self.contents()
        self._delete({PAGE} if contents is None else contents.files)
        self._delete([_LIST])

    def _delete(self, names: Iterable[str]) -> None:
        for name in names:
            within(ANSWER_SECONDS, partial(self._objects.delete, f"{self._folder}/{name}"))

    def _put(self, name: str, body: bytes, content_type: str) -> None:
        put = partial(
            self._objects.put,
            f"{self._folder}/{name}",
            body,
            content_type=content_type,
            cache_control=ASK_AGAIN,
        )
        within(ANSWER_SECONDS, put)


def _shelved(chart: DrawnChart) -> ShelvedChart:
    about = chart.about
    return ShelvedChart(
        about.slug, about.title, about.description, chart.png is not None, chart.without_font
    )


def embedded(shelf: Shelf, charts: Iterable[ShelvedChart], most_bytes: int) -> dict[str, bytes]:
    """The small pictures of the first charts by slug, so many that they are not too large."""
    pictures: dict[str, bytes] = {}
    for chart in charts:
        picture = shelf.get(f"{chart.slug}.png") if chart.has_png else None
        if picture is not None and sum(map(len, pictures.values())) + len(picture) <= most_bytes:
            pictures[chart.slug] = picture
    return pictures
