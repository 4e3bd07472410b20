"""The views of the database as assets: where each column comes from. Nothing of them is run."""

import dagster as dg

from dp_pipeline.assets.catalogue import KEPT_CURRENT, VIEWS_GROUP, described
from dp_pipeline.assets.metadata import POSTGRES
from dp_pipeline.database.tables.views import VIEWS, DatabaseView
from dp_pipeline.domains.registry import DOMAINS

EXECUTIONS = "executions"
LIVE = "It is a live view: it shows what is stored when it is read, and needs no automation."
_FIRST = {domain.tables[0].name: domain.name for domain in DOMAINS}
_ASSETS = {
    **{table.name: domain.name for domain in DOMAINS for table in domain.tables},
    **_FIRST,
    "matchday_standing": "standings",
    "data_provider_executions": EXECUTIONS,
}
"""Which asset has the rows of a table."""
_SHOWN = {*_FIRST, "data_provider_executions"}
"""The tables whose columns are those of an asset in Dagster."""


def assets_of(view: DatabaseView) -> list[str]:
    """The assets whose tables a view reads by a column, in their order."""
    found = {_ASSETS[view.table.name]} if view.table.name in _ASSETS else set()
    for name in view.column_types():
        column = view.source_of(name)
        if column is not None and column.table.name in _ASSETS:
            found.add(_ASSETS[column.table.name])
    return [asset for asset in dict.fromkeys(_ASSETS.values()) if asset in found]


def lineage(view: DatabaseView) -> dg.TableColumnLineage:
    """For each column that shows a stored one, which column of which asset that is."""
    sources = {name: view.source_of(name) for name in view.column_types()}
    return dg.TableColumnLineage(
        {
            name: [dg.TableColumnDep(dg.AssetKey(_ASSETS[column.table.name]), column.name)]
            for name, column in sources.items()
            if column is not None and column.table.name in _SHOWN
        }
    )


def _columns(view: DatabaseView) -> list[dg.TableColumn]:
    columns = []
    for name, computed in view.column_types().items():
        source = view.source_of(name)
        if source is None:
            columns.append(dg.TableColumn(name, computed or "", "Computed by the view."))
        else:
            kind = source.type.compile(dialect=POSTGRES).lower()
            columns.append(dg.TableColumn(name, kind, source.comment))
    return columns


VIEW_SPECS = [
    described(
        view.name,
        group=VIEWS_GROUP,
        kinds={"postgres", "view"},
        description=f"{view.description} {LIVE}",
        deps=assets_of(view),
        metadata={
            KEPT_CURRENT: "nothing",
            "dagster/table_name": view.name,
            "dagster/column_schema": dg.TableSchema(columns=_columns(view)),
            "dagster/column_lineage": lineage(view),
        },
        module=DatabaseView.__module__,
    )
    for view in VIEWS
]
