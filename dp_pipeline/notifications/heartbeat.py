"""The heartbeat: a call that a monitor outside expects each minute, and reports when it lacks.

Of a dead daemon somebody else has to tell. The address is a secret: whoever knows it can pretend
that all is well.
"""

import importlib.metadata
from http import HTTPStatus
from urllib.parse import unquote, urlsplit

from dp_pipeline.instance.in_time import in_time
from dp_pipeline.notifications.slack.transport import plainly

ANSWER_SECONDS = 10.0
"""How long the monitor may take: a tick has 60 s, of which posts to Slack take 55."""
_STEP_SECONDS = 5.0


def send(url: str) -> str | None:
    """Call the monitor once; why it did not take the call, a sentence without the address.

    A redirect is not followed: whoever is at the other address was not given the secret.
    """
    host = urlsplit(url).hostname
    try:
        status = in_time(ANSWER_SECONDS, lambda: _status(url), "heartbeat")
    # The border to the network: what the monitor does harms nothing here.
    except Exception as error:  # noqa: BLE001
        return f"The heartbeat did not reach {host}: {plainly(error)}."
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return None
    return f"The heartbeat was not taken: {host} answered with status {status}."


def _status(url: str) -> int:
    import httpx

    from dp_pipeline.http.proxy import keep_target_from_proxies

    parts = urlsplit(url)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    version = importlib.metadata.version("dp-pipeline")
    with httpx.Client(timeout=_STEP_SECONDS) as client:
        keep_target_from_proxies(client)
        with client.stream(
            "GET",
            # httpx logs the address of each request; what is secret of this one is its target.
            f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}",
            headers={"User-Agent": f"dp_pipeline/{version}"},
            auth=(user, password) if user or password else None,
            extensions={"target": httpx.URL(url).raw_path},
        ) as answer:
            return answer.status_code
