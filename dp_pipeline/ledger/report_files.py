"""The files of a report in the object store: one for programs, and beside it a page for people."""

import json
import logging
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from dp_pipeline.ledger.report_view.page import report_page

JSON, HTML = "application/json", "text/html; charset=utf-8"
PAGE = "reportPage"
"""In the summary of an execution: that the page of its report is in the object store, too."""

_log = logging.getLogger(__name__)


def page_key(report_key: str) -> str:
    """Where the page of a report is: the same key or address, but for its end."""
    return f"{report_key.removesuffix('.json')}.html"


def json_body(report: Mapping[str, Any]) -> bytes:
    """The report for programs; on one line, as indenting it takes ten times as long."""
    text = json.dumps(report, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "replace")


def page_body(report: Mapping[str, Any], zone: ZoneInfo, report_key: str, url: str) -> bytes | None:
    """The report for people; None where it cannot be made.

    Args:
        report: what is stored for programs.
        zone: in which times are shown.
        report_key: of that in the object store.
        url: of that; the page links it where a link leads there without being signed.
    """
    json_name = None if url.startswith("s3://") else report_key.rpartition("/")[2]
    try:
        return report_page(report, zone, json_name).encode("utf-8", "replace")
    # The border to a template over whatever was noted: a report without its page is still one.
    except Exception:  # noqa: BLE001
        _log.exception("The page of the report %s cannot be made.", report_key)
        return None
