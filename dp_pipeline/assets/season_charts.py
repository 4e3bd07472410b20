"""The asset `season_charts`: what is published of a tournament, made again as its data changes."""

import base64
import re
from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg

from dp_pipeline.assets.catalogue import EXPORTS_GROUP, OWNERS
from dp_pipeline.assets.drive import DATA_VERSION_TAG
from dp_pipeline.assets.following import WHEN_DATA_CHANGES, keys_of, published
from dp_pipeline.assets.metadata import link
from dp_pipeline.assets.run_names import run_named
from dp_pipeline.database.database import RETRY_SECONDS, Database
from dp_pipeline.domains.registry import NAMES
from dp_pipeline.partitions import TOURNAMENTS
from dp_pipeline.publish.publishing import Publication, publish
from dp_pipeline.publish.reading import read_season
from dp_pipeline.publish.season import PublishedSeason
from dp_pipeline.publish.shelf import PAGE, embedded
from dp_pipeline.resources import DatabaseResource, LedgerResource
from dp_pipeline.settings import Settings
from dp_pipeline.storage import ObjectStore

CHARTS = "season_charts"
MOST_PARTITIONS_PER_RUN = 20
"""A season takes seconds to draw."""
MOST_EMBEDDED_BYTES = 40 * 1024
"""Dagster keeps the metadata of every materialization; a season of match days has a hundred."""


@dg.multi_asset(
    name="publish_seasons",
    specs=[
        dg.AssetSpec(
            CHARTS,
            deps=NAMES,
            description=(
                "Charts of a tournament and its page, season.html, in the object store: table, "
                "matches, places and points by matchday, goals by round, results, knockout ties. "
                "Made again when what they show has changed."
            ),
            group_name=EXPORTS_GROUP,
            owners=OWNERS,
            kinds={"python", "postgres", "matplotlib"},
            skippable=True,
            automation_condition=WHEN_DATA_CHANGES,
        )
    ],
    partitions_def=TOURNAMENTS,
    pool="publish_seasons",  # one at a time: a later run must not be overwritten by an earlier one
    backfill_policy=dg.BackfillPolicy.multi_run(max_partitions_per_run=MOST_PARTITIONS_PER_RUN),
)
def season_charts(
    context: dg.AssetExecutionContext, database: DatabaseResource, ledger: LedgerResource
) -> Iterator[dg.MaterializeResult]:
    """Publish the selected tournaments, each for itself."""
    store, objects = database.open(seconds=RETRY_SECONDS), ledger.objects()
    keys, zone = keys_of(context), Settings.load().timezone
    with run_named(context, store, keys):
        published(context, keys, lambda key: _materialization(key, store, objects, zone))
    yield from ()


def _materialization(
    key: str, store: Database, objects: ObjectStore, zone: ZoneInfo
) -> dg.AssetMaterialization:
    season = store.run_here(lambda connection: read_season(connection, key))
    publication = publish(season, objects, zone)
    made = "made" if publication.made else "unchanged"
    return dg.AssetMaterialization(
        CHARTS,
        description=f"Charts and page of {season.label}: {made}",
        partition=key,
        metadata=publication_metadata(season, publication),
        tags={DATA_VERSION_TAG: publication.contents.version},
    )


def publication_metadata(season: PublishedSeason, publication: Publication) -> dict[str, Any]:
    """The page, some of the charts as small pictures, then all by their addresses."""
    licence = season.provenance.licence
    metadata: dict[str, Any] = {
        "tournament": season.label,
        "page": link(publication.shelf.url(PAGE)),
    }
    shelf, charts = publication.shelf, publication.contents.charts
    pictures = embedded(shelf, charts, MOST_EMBEDDED_BYTES)
    shown = [
        f"![{_plain(f'{chart.title}. {chart.description}')}]"
        f"(data:image/png;base64,{base64.b64encode(pictures[chart.slug]).decode()})"
        for chart in charts
        if chart.slug in pictures
    ]
    if shown:
        metadata["charts"] = dg.MetadataValue.md("\n\n".join([*shown, _plain(licence.attribution)]))
    metadata |= {chart.title: link(shelf.url(f"{chart.slug}.svg")) for chart in charts}
    if not charts:
        metadata["no charts"] = "Nothing has been played yet: there is nothing to draw."
    if lacking := "".join(sorted({*"".join(chart.without_font for chart in charts)})):
        metadata["not embedded"] = (
            f"No font of this machine has {lacking}: charts with these characters are not embedded "
            "here. In their files the reader's own fonts draw them."
        )
    return {**metadata, "licence": licence.name, "attribution": licence.attribution}


def _plain(text: str) -> str:
    """Text in which Markdown sees nothing of its own."""
    return re.sub(r"([\\`*_{}\[\]()#+!|<>~-])", r"\\\1", text)
