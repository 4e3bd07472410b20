"""A season published: made and stored where its data changed, found where it did not."""

from dataclasses import dataclass

from dp_pipeline.publish.drawing.pictures import drawn
from dp_pipeline.publish.figures import charts_of
from dp_pipeline.publish.season import PublishedSeason
from dp_pipeline.publish.shelf import Contents, Shelf, version_of
from dp_pipeline.storage import ObjectStore


@dataclass(frozen=True, slots=True)
class Publication:
    """What stands in the store of a season now, and whether it was made just now."""

    shelf: Shelf
    contents: Contents
    made: bool


def publish(season: PublishedSeason, objects: ObjectStore) -> Publication:
    """Make and store charts, unless those of the same data stand there.

    Raises:
        ObjectStoreError: the store did not give or take something.
    """
    shelf, version = Shelf(objects, season), version_of(season)
    stored = shelf.contents()
    if stored is not None and stored.version == version:
        return Publication(shelf, stored, made=False)
    attribution = season.provenance.licence.attribution
    charts = [drawn(chart, attribution) for chart in charts_of(season)]
    return Publication(shelf, shelf.put(version, charts), made=True)
