"""Checks of what answers over the network: object store, Slack, providers."""

import secrets

import httpx
import sqlalchemy as sa

from dp_pipeline.database import migrations, tables
from dp_pipeline.http.health import ServiceHealth, read_health
from dp_pipeline.instance.doctor.diagnosis import Diagnosis, Installation, State
from dp_pipeline.providers.registry import PROVIDERS, roots

ANSWER_SECONDS = 8.0
_NO_SLACK = (
    "It is not set up: failures are in Dagster, `dp executions` and `dp checks`, unannounced."
)
_SLACK = "https://slack.com/api"
_REFUSED_EMPTY = frozenset(
    {"no_text", "invalid_payload", "missing_text_or_fallback_or_attachments"}
)
"""What Slack says to a message without text: the webhook is good, and nothing was posted."""


def object_store(installation: Installation) -> Diagnosis:
    """Whether an object can be stored, read again and deleted."""
    store, body = installation.objects(), secrets.token_bytes(16)
    key = f"doctor/{body.hex()}"
    store.put(key, body, content_type="application/octet-stream")
    try:
        read = store.get(key)
    finally:
        store.delete(key)
    s3 = installation.settings.s3
    where = "The folder objects in DP_HOME" if s3 is None else f"The bucket {s3.bucket}"
    if read != body:
        said = f"{where} gave back something else than was stored."
        return Diagnosis("fail", said, "Look at what stands between here and the store.")
    return Diagnosis("ok", f"{where} took an object of 16 bytes, gave it back and deleted it.")


def slack(installation: Installation) -> Diagnosis:
    """Whether Slack would take a message; none is posted."""
    settings = installation.settings
    if settings.slack_bot_token is not None:
        token = settings.slack_bot_token.get_secret_value()
        url = f"{settings.slack_api_url or _SLACK}/auth.test"
        answer = _post(url, {}, {"Authorization": f"Bearer {token}"})
        said = _json(answer)
        if said.get("ok") is True:
            return Diagnosis(
                "ok",
                f"The bot token is {said.get('user')}'s of {said.get('team')}: auth.test says so, "
                f"which posts nothing. Whether it may post to {settings.slack_channel} shows with "
                "the first message.",
            )
        error = said.get("error") or f"HTTP {answer.status_code}"
        cure = "Copy the token again from the app's page, OAuth & Permissions, to SLACK_BOT_TOKEN."
        return Diagnosis("fail", f"Slack refuses the bot token: {error}.", cure)
    if settings.slack_webhook is None:
        cure = "To be told of failures, set SLACK_JOB_EXECUTIONS_WEBHOOK (docs/configuration.md)."
        return Diagnosis("ok", _NO_SLACK, cure)
    answer = _post(settings.slack_webhook.get_secret_value(), {}, {})
    word = answer.text.strip()[:60]
    if answer.is_success or word in _REFUSED_EMPTY:
        tried = "a message without text, which is not posted, was sent to it"
        return Diagnosis("ok", f"The webhook answers ({tried}: {word or answer.status_code}).")
    return Diagnosis(
        "fail",
        f"The webhook does not take messages: HTTP {answer.status_code} {word}.",
        "Make a new incoming webhook for the channel and set it in SLACK_JOB_EXECUTIONS_WEBHOOK.",
    )


def providers(installation: Installation) -> Diagnosis:
    """Whether the providers of stored tournaments answer at all."""
    addresses = roots(installation.settings.base_urls)
    used, health = _used_and_health(installation, addresses)
    said, cures, state = [], [], "ok"
    for provider in PROVIDERS:
        name = provider.name
        in_use = name in used or name in installation.settings.base_urls
        if name not in addresses or not in_use:
            continue
        resting = health.get(name)
        if resting is not None and resting.state == "open":
            said.append(f"{name} is {resting.in_words}")
            cures.append(f"`dp health --reset {name}` lets requests through at once")
            state = _worse(state, "warn")
            continue
        try:
            httpx.head(addresses[name], timeout=ANSWER_SECONDS)
        except httpx.HTTPError as error:
            if provider.simulated and name not in installation.settings.base_urls:
                said.append(f"{name}, the simulated world, is not running")
                continue
            said.append(f"{name} cannot be reached ({type(error).__name__})")
            cures.append(
                f"look at this machine's network and proxy, and at {provider.base_url_setting}"
                if not provider.simulated
                else "start the simulated world: `dp sandbox serve` or `make run`"
            )
            state = _worse(state, "warn" if provider.simulated else "fail")
        else:
            said.append(f"{name} answers")
    if not said:
        return Diagnosis("ok", "No tournament is stored, so none was asked.")
    cure = "; ".join(dict.fromkeys(cures))
    return Diagnosis(state, f"{'; '.join(said)}.", f"{cure[:1].upper()}{cure[1:]}." if cure else "")


def _used_and_health(
    installation: Installation, addresses: dict[str, str]
) -> tuple[set[str], dict[str, ServiceHealth]]:
    """The providers that have tournaments stored, and how each has answered."""
    with installation.database().transaction() as connection:
        if migrations.version(connection) != migrations.HEAD:
            return set(), {}
        used = set(connection.scalars(sa.select(tables.tournament.c.provider).distinct()))
        health = {each.name: each for each in read_health(connection, addresses)}
    return used, health


def _worse(one: State, other: State) -> State:
    return max(one, other, key=("ok", "warn", "fail").index)


def _post(url: str, body: dict[str, object], headers: dict[str, str]) -> httpx.Response:
    try:
        return httpx.post(url, json=body, headers=headers, timeout=ANSWER_SECONDS)
    except httpx.HTTPError as error:
        # From None: the error's own words, and its request, have the address, which is a secret.
        message = f"Slack cannot be reached ({type(error).__name__})."
        raise ConnectionError(message) from None


def _json(answer: httpx.Response) -> dict[str, object]:
    try:
        said = answer.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
