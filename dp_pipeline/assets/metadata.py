"""An execution as Dagster metadata: what a person sees on the asset page."""

from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import dagster as dg
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from dp_pipeline.database import tables
from dp_pipeline.executions.execution import Execution
from dp_pipeline.executions.vocabulary import Domain

# A cup has 64 teams; more rows than this belong in SQL.
MOST_PREVIEW_ROWS = 40
_POSTGRES = postgresql.dialect()

TABLES: dict[Domain, sa.Table] = {
    "tournaments": tables.tournament,
    "teams": tables.team,
    "rounds": tables.tournament_round,
    "matches": tables.match,
    "standings": tables.tournament_standing,
    "logos": tables.image,
}


def definition_metadata(domain: Domain) -> dict[str, Any]:
    """What is true of an asset before any run: its table and columns."""
    table = TABLES[domain]
    return {
        "dagster/table_name": table.name,
        "dagster/column_schema": column_schema(table),
    }


def column_schema(table: sa.Table) -> dg.TableSchema:
    """The columns of a table as Dagster shows them."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column.name,
                type=column.type.compile(dialect=_POSTGRES).lower(),
                description=column.comment,
                constraints=dg.TableColumnConstraints(
                    nullable=bool(column.nullable), unique=column.primary_key
                ),
            )
            for column in table.columns
        ]
    )


def materialization_metadata(execution: Execution) -> dict[str, Any]:
    """What one materialization came to: outcome, counts, links, a look at the data."""
    metadata: dict[str, Any] = {"outcome": execution.outcome, "status": execution.status}
    if execution.label:
        metadata["tournament"] = execution.label
    if execution.absent is not None:
        metadata["because"] = execution.absent.because
    if execution.preview:
        metadata["preview"] = preview_table(execution.preview[:MOST_PREVIEW_ROWS])
    metadata |= {
        "created": execution.created,
        "updated": execution.updated,
        "unchanged": execution.unchanged,
        "left_out": len(execution.left_out),
        "dagster/partition_row_count": execution.created + execution.updated + execution.unchanged,
        "duration_ms": execution.duration_ms or 0,
        "requests": sum(not request.reused for request in execution.requests),
        "execution_id": str(execution.id),
    }
    if execution.report_url is None:
        metadata["report"] = (
            f"kept in the database until the store takes it: {execution.report_error}"
        )
    elif execution.report_url.startswith("file://"):
        # the URL quotes spaces; a person opens the path
        metadata["report"] = dg.MetadataValue.path(
            url2pathname(urlsplit(execution.report_url).path)
        )
    elif execution.report_url.startswith("http"):
        metadata["report"] = dg.MetadataValue.url(execution.report_url)
    else:
        metadata["report"] = execution.report_url
    if execution.run.url:
        metadata["run"] = dg.MetadataValue.url(execution.run.url)
    if execution.issues:
        metadata["remarks"] = dg.MetadataValue.md(
            "\n".join(
                f"- **{issue.reason}** {_plain(issue.subject)}: {_plain(issue.detail)}"
                for issue in execution.issues[:MOST_PREVIEW_ROWS]
            )
        )
    return metadata


def preview_table(preview: list[dict[str, Any]]) -> dg.TableMetadataValue:
    """Rows as a table whose cells are whole numbers or text."""
    return dg.MetadataValue.table(
        records=[dg.TableRecord(data=row) for row in preview],
        schema=dg.TableSchema(
            columns=[
                dg.TableColumn(name, "int" if isinstance(value, int) else "string")
                for name, value in preview[0].items()
            ]
        ),
    )


def _plain(text: str) -> str:
    """Untrusted text inside Markdown: shown, never interpreted."""
    for special in "\\`*_{}[]<>()#+-!|":
        text = text.replace(special, f"\\{special}")
    return text.replace("\n", " ")[:300]
