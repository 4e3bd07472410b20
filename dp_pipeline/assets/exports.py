"""The asset `exports`: the files of a tournament, made again when its data has changed."""

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg
from pydantic import Field

from dp_pipeline.assets.catalogue import EXPORTS_GROUP, OWNERS
from dp_pipeline.assets.drive import DATA_VERSION_TAG
from dp_pipeline.assets.following import WHEN_DATA_CHANGES, keys_of, published
from dp_pipeline.assets.metadata import preview_table
from dp_pipeline.assets.run_names import run_named
from dp_pipeline.database.database import RETRY_SECONDS, Database
from dp_pipeline.domains.registry import NAMES
from dp_pipeline.partitions import TOURNAMENTS
from dp_pipeline.publish.exports import (
    EXPORTED,
    FORMATS,
    Export,
    ExportedFile,
    Format,
    formats_there,
    read_export,
    write_export,
)
from dp_pipeline.resources import DatabaseResource, LedgerResource
from dp_pipeline.storage import ObjectStore, place_of

EXPORTS = "exports"
MOST_PARTITIONS_PER_RUN = 50


class ExportConfig(dg.Config):
    """Which files are written."""

    formats: list[str] = Field(
        default=["parquet"],
        description=(
            f"Any of {', '.join(FORMATS)}; Parquet if not given. Those that a tournament has "
            "already are written as well."
        ),
    )


@dg.multi_asset(
    name="export",
    specs=[
        dg.AssetSpec(
            EXPORTS,
            deps=NAMES,
            description=(
                f"Files of a tournament in the object store: {', '.join(EXPORTED)} as Parquet, on "
                "request as CSV or JSON. Each says its provider, source and licence."
            ),
            group_name=EXPORTS_GROUP,
            owners=OWNERS,
            kinds={"python", "postgres", "polars", "parquet"},
            skippable=True,
            automation_condition=WHEN_DATA_CHANGES,
        )
    ],
    partitions_def=TOURNAMENTS,
    pool=EXPORTS,  # one at a time: a later run must not be overwritten by an earlier one
    backfill_policy=dg.BackfillPolicy.multi_run(max_partitions_per_run=MOST_PARTITIONS_PER_RUN),
)
def exports(
    context: dg.AssetExecutionContext,
    config: ExportConfig,
    database: DatabaseResource,
    ledger: LedgerResource,
) -> Iterator[dg.MaterializeResult]:
    """Write the files of the selected tournaments; those that cannot be written fail alone."""
    formats = [each for each in FORMATS if each in config.formats]
    if unknown := sorted(set(config.formats) - set(formats)):
        message = f"There is no format {', '.join(unknown)}; there are {', '.join(FORMATS)}."
        raise dg.Failure(message, allow_retries=False)
    store, objects = database.open(seconds=RETRY_SECONDS), ledger.objects()

    def publish(text: str) -> dg.AssetMaterialization:
        return _materialization(text, store, objects, formats)

    keys = keys_of(context)
    with run_named(context, store, keys):
        published(context, keys, publish)
    yield from ()


def _materialization(
    text: str, store: Database, objects: ObjectStore, formats: Sequence[Format]
) -> dg.AssetMaterialization:
    export = store.run_here(lambda connection: read_export(connection, text))
    # CSV that was requested once would else show for ever what was stored then.
    written = write_export(export, objects, {*formats, *formats_there(export, objects)})
    return dg.AssetMaterialization(
        EXPORTS,
        description=f"{export.label}: {len(written)} files",
        partition=text,
        metadata=export_metadata(export, written, objects),
        tags={DATA_VERSION_TAG: export.version},
    )


def export_metadata(
    export: Export, written: Sequence[ExportedFile], objects: ObjectStore
) -> dict[str, Any]:
    """What was written, where it is, and under which terms it may be used."""
    files = [
        {
            "table": each.table,
            "rows": each.rows,
            "bytes": each.size,
            "file": place_of(objects.url(each.key)),
        }
        for each in written
    ]
    return {
        "tournament": export.label,
        "files": preview_table(files),
        "licence": export.licence.name,
        "attribution": export.licence.attribution,
        "data changed (UTC)": f"{export.changed_at:%Y-%m-%d %H:%M}" if export.changed_at else "",
    }
