"""An execution as Dagster metadata: what a person sees on the asset page."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import dagster as dg
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from dp_pipeline.domains.change_words import fields_by_row, fields_in_words
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.instance.address import served_address
from dp_pipeline.ledger.execution import Execution
from dp_pipeline.ledger.reading_reports import command
from dp_pipeline.ledger.report_files import page_key
from dp_pipeline.ledger.vocabulary import SUSPICIOUS, how_settled, ways_to_settle
from dp_pipeline.pages.words import in_zone
from dp_pipeline.providers.errors import NOT_THERE, OtherSportError
from dp_pipeline.providers.fetched import Finding
from dp_pipeline.providers.registry import BY_NAME
from dp_pipeline.settings import Settings
from dp_pipeline.storage import place_of

# A cup has 64 teams; more rows than this belong in SQL.
MOST_PREVIEW_ROWS = 40
LONGEST_CELL = 300
POSTGRES = postgresql.dialect()


def definition_metadata(table: sa.Table) -> dict[str, Any]:
    """What is true of an asset before any run: its table and columns."""
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
                type=column.type.compile(dialect=POSTGRES).lower(),
                description=column.comment,
                constraints=dg.TableColumnConstraints(
                    nullable=bool(column.nullable), unique=column.primary_key
                ),
            )
            for column in table.columns
        ]
    )


def materialization_description(execution: Execution) -> str:
    """The line of the run's log: which domain of what, and what it came to."""
    counted = ", ".join(f"{count} {what}" for what, count in _by_fate(execution).items() if count)
    because = execution.absent.because if execution.absent else "nothing to do"
    subject = f"{execution.domain} of {execution.label or execution.key}"
    return f"{subject[0].upper()}{subject[1:]}: {counted or because}"


def materialization_metadata(execution: Execution) -> dict[str, Any]:
    """What one materialization came to: the tournament and its data first, ids last.

    Dagster shows it in this order.
    """
    metadata: dict[str, Any] = {}
    if execution.label:
        metadata["tournament"] = execution.label
    if execution.absent is not None:
        metadata["because"] = execution.absent.because
    if execution.preview:
        rows = execution.preview[:MOST_PREVIEW_ROWS]
        metadata["preview"] = preview_table(
            [
                {n: in_zone(v, execution.zone) if isinstance(v, str) else v for n, v in row.items()}
                for row in rows
            ]
        )
    if execution.news:
        metadata["news"] = "\n".join(execution.news)
    if execution.coverage is not None:
        metadata["coverage"] = execution.coverage.sentence
        metadata["coverage by part"] = dg.MetadataValue.md(execution.coverage.markdown)
    if execution.changed:
        metadata["would change" if execution.run.is_dry else "changed"] = preview_table(
            [
                {"table": table, "row": row, "changed": fields_in_words(fields, execution.zone)}
                for (table, row), fields in islice(
                    fields_by_row(execution.changed).items(), MOST_PREVIEW_ROWS
                )
            ]
        )
    if execution.findings:
        # A table, because Dagster shows Markdown only on demand, behind a link.
        metadata["findings"] = findings_table(execution.findings)
    metadata |= {"outcome": execution.outcome, "status": execution.status, **_counts(execution)}
    provider = BY_NAME[TournamentKey.parse(execution.key).provider]
    metadata |= {"provider": provider.title, "licence": provider.licence.name}
    metadata |= _report(execution)
    if execution.run.url:
        metadata["run"] = dg.MetadataValue.url(execution.run.url)
    metadata["execution_id"] = str(execution.id)
    return metadata


def observation_metadata(execution: Execution) -> dict[str, Any]:
    """What a dry run would come to.

    Under names of its own: Dagster shows an observation's entries in the place of equally named
    ones of the materialization, and "created: 0" would stand where rows were written.
    """
    return {
        f"dry run: {name}": value
        for name, value in materialization_metadata(execution).items()
        if not name.startswith("dagster/")
    }


def failure_in_words(execution: Execution) -> str:
    """Why an execution failed; of what is no tournament of football, how its partition goes."""
    assert execution.failure is not None  # noqa: S101 - it failed
    said, run = execution.failure.message, execution.run
    if run.at_terminal:  # no partition was added
        return said
    if execution.failure.error_class == OtherSportError.__name__:
        return f"{said} `dp remove {execution.key}` takes its partition away."
    if execution.failure.error_class not in NOT_THERE or run.is_dry:  # which takes nothing away
        return said
    return (
        f"{said} So {execution.key} is no tournament: its partition is taken away by itself once "
        f"no run or backfill works on it, and at once by `dp remove {execution.key}`."
    )


def failure_metadata(execution: Execution) -> dict[str, Any]:
    """Why an execution failed, and where more is; under names of its own, as of a dry run."""
    assert execution.failure is not None  # noqa: S101 - it failed
    if execution.outcome == SUSPICIOUS:
        return _refusal_metadata(execution)
    metadata = {
        "failed: because": execution.failure.message,
        **{f"failed: reason of {name}": because for name, because in execution.causes.items()},
        **({"failed: tournament": execution.label} if execution.label else {}),
        **{f"failed: {name}": said for name, said in _report(execution).items()},
        "failed: execution_id": str(execution.id),
    }
    return {name: said for name, said in metadata.items() if said is not None}


def _refusal_metadata(execution: Execution) -> dict[str, Any]:
    """What was refused, how it differs from what is stored, and what a person may do about it."""
    assert execution.failure is not None  # noqa: S101 - it was refused
    ways = ways_to_settle(execution.id, execution.noted)
    metadata: dict[str, Any] = {
        "because": execution.failure.message,
        **({"difference": findings_table(execution.findings)} if execution.findings else {}),
        **{what[0].lower() + what[1:]: typed for what, typed in ways.items()},
        "settled": how_settled(execution.noted),
        **_report(execution),
        "execution_id": str(execution.id),
    }
    return {f"refused: {name}": said for name, said in metadata.items() if said is not None}


def _report(execution: Execution) -> dict[str, Any]:
    """Where the report is, and what to type where that can be no link."""
    typed = command(execution.id)
    url = execution.report_url
    if url is None:
        waits = f"kept in the database until the store takes it: {execution.report_error}"
        return {"report": waits, "to read it": typed}
    address = page_key(url) if execution.has_page else url
    # An address of S3 opens nothing, and one that is signed would be stored with the metadata.
    if address.startswith("s3://"):
        return {"report": typed}
    # What is served on this machine is so only as long as `dp dev` runs.
    return {"report": link(address), **({"to read it": typed} if "file:" in address else {})}


def link(url: str) -> Any:
    """The address of an object, as a person opens it.

    Browsers follow no link from a page of Dagster's to a file: where that is not served, it is
    shown as a path.
    """
    shown = (served_address(Settings.load(), url) or url) if url.startswith("file://") else url
    if shown.startswith("file://"):
        return dg.MetadataValue.path(place_of(shown))
    return dg.MetadataValue.url(shown) if shown.startswith("http") else shown


def _counts(execution: Execution) -> dict[str, Any]:
    """What is worth a plot as numbers, of which Dagster makes one each; what is not as words."""
    looked_at = execution.created + execution.updated + execution.unchanged
    requests = sum(not request.reused for request in execution.requests)
    # One request serves several domains; a zero beside the others would only raise the question.
    asked = [f"{requests} request{'' if requests == 1 else 's'}"] if requests else []
    return {
        **execution.figures,
        "number of findings": len(execution.findings),
        "dagster/partition_row_count": looked_at if execution.rows is None else execution.rows,
        "rows": ", ".join(f"{count} {what}" for what, count in _by_fate(execution).items()),
        "work": ", ".join([f"{(execution.duration_ms or 0) / 1000:.1f} s", *asked]),
    }


def _by_fate(execution: Execution) -> dict[str, int]:
    return {
        "created": execution.created,
        "updated": execution.updated,
        "unchanged": execution.unchanged,
        "left out": len(execution.left_out),
    }


def preview_table(preview: Sequence[Mapping[str, Any]]) -> dg.TableMetadataValue:
    """Rows as a table whose cells are whole numbers or text; columns empty in all rows go."""
    names = [name for name in preview[0] if any(row[name] not in ("", None) for row in preview)]
    return dg.MetadataValue.table(
        records=[
            dg.TableRecord(data={name: _cell(row[name]) for name in names}) for row in preview
        ],
        schema=dg.TableSchema(
            columns=[
                dg.TableColumn(name, "int" if isinstance(preview[0][name], int) else "string")
                for name in names
            ]
        ),
    )


def findings_table(findings: Sequence[Finding]) -> dg.TableMetadataValue:
    """What was left out, then what was only noticed, as far as a page can show."""
    ordered = sorted(findings, key=lambda finding: not finding.left_out)
    rows = [
        {
            "left out": "yes" if finding.left_out else "",
            "reason": finding.kind,
            "subject": finding.subject,
            "detail": finding.detail,
        }
        for finding in ordered[:MOST_PREVIEW_ROWS]
    ]
    if more := len(ordered) - len(rows):
        detail = f"{more} more are in the report."
        rows.append({"left out": "", "reason": "", "subject": "", "detail": detail})
    return preview_table(rows)


def _cell(value: Any) -> Any:
    """A cell as Dagster takes it; text of providers on one line and not without end."""
    return value if isinstance(value, int) else " ".join(str(value).split())[:LONGEST_CELL]
