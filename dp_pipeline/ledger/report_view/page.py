"""A report as a page that stands alone."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from dp_pipeline.ledger.report_view.view import view_of
from dp_pipeline.pages.frame import page

_TEMPLATE = Path(__file__).parent / "report.html"


def report_page(report: Mapping[str, Any], zone: ZoneInfo, json_name: str | None = None) -> str:
    """The page of a stored report.

    Args:
        report: as it is stored, by any version of this code.
        zone: in which times are shown.
        json_name: of the report's file beside the page; None where a link cannot lead to it.
    """
    values = {"view": view_of(report, zone), "json_name": json_name}
    return page(_TEMPLATE, values)
