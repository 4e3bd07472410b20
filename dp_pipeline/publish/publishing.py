"""A season published: made and stored where its data changed, found where it did not."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from dp_pipeline.publish.drawing.pictures import drawn
from dp_pipeline.publish.drawing.sheet import DrawnChart
from dp_pipeline.publish.figures import charts_of
from dp_pipeline.publish.page import page_of
from dp_pipeline.publish.season import PublishedSeason
from dp_pipeline.publish.shelf import Contents, Shelf, version_of
from dp_pipeline.storage import ObjectStore


@dataclass(frozen=True, slots=True)
class Publication:
    """What stands in the store of a season now, and whether it was made just now."""

    shelf: Shelf
    contents: Contents
    made: bool


def publish(season: PublishedSeason, objects: ObjectStore, zone: ZoneInfo) -> Publication:
    """Make and store charts and page, unless those of the same data stand there.

    Args:
        season: what they show.
        objects: where they are stored.
        zone: in which the page shows times.

    Raises:
        ObjectStoreError: the store did not give or take something.
    """
    shelf = Shelf(objects, season.key, season.provenance.licence)
    version = version_of(season, zone=zone.key)
    stored = shelf.contents()
    if stored is not None and stored.version == version:
        return Publication(shelf, stored, made=False)
    charts, page = made_of(season, zone)
    return Publication(shelf, shelf.put(version, charts, page, stored), made=True)


def made_of(season: PublishedSeason, zone: ZoneInfo) -> tuple[list[DrawnChart], str]:
    """Charts and page of a season."""
    attribution = season.provenance.licence.attribution
    charts = [drawn(chart, attribution) for chart in charts_of(season)]
    return charts, page_of(season, charts, zone)
