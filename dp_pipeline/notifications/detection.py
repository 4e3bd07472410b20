"""One tick of the sensor that detects: the table of incidents is reconciled with what is wrong.

The sensor that delivers is examined as well, and what is wrong with it is delivered here: it would
not come to that itself.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import dagster as dg

from dp_pipeline.database.database import START_SECONDS, Database
from dp_pipeline.database.tables import incident
from dp_pipeline.http.health import read_health
from dp_pipeline.instance.health import installation_health
from dp_pipeline.notifications import incidents, undelivered
from dp_pipeline.notifications.delivery import Delivery, due_incidents
from dp_pipeline.notifications.detectors import automation, checks, jobs, providers
from dp_pipeline.notifications.duties import Duties
from dp_pipeline.notifications.earlier import adopted
from dp_pipeline.notifications.heartbeat import send
from dp_pipeline.notifications.incidents import Condition, Kind
from dp_pipeline.notifications.notes import DELIVERS, WATCHES
from dp_pipeline.notifications.slack.resource import SlackResource
from dp_pipeline.providers.registry import BY_NAME, roots
from dp_pipeline.resources import UNUSABLE, DatabaseResource
from dp_pipeline.settings import Settings

_OF_DELIVERY = (incident.c.kind == "delivery") | (
    (incident.c.kind == "sensor") & (incident.c.subject == DELIVERS)
)


def detect_incidents(
    context: dg.SensorEvaluationContext, database: DatabaseResource, slack: SlackResource
) -> str:
    """Run every detector, and deliver what is wrong with the delivery; what was posted, in words.

    Raises:
        Exception: a duty failed; the others were done.
    """
    duties = Duties(context.log)
    try:
        store = database.open_in_time(START_SECONDS)
    except UNUSABLE as error:
        # The sensor that delivers announces it.
        return f"The database cannot be used: {Settings.load().conceal(str(error))}"
    detection = _Detection(context, store, duties, Settings.load())
    posted: list[str] = []
    heartbeat: list[str] = []
    with duties.duty("taking over what an earlier version knew"):
        detection.adopt_earlier()
    with duties.duty("reading the settings of Slack"):
        channel = slack.open()
        with duties.duty("examining messages that wait"):
            detection.examine_delivery(on=channel is not None)
        delivery = Delivery(channel, Settings.load().messages, duties, context.log, store)
    with duties.duty("examining the providers"):
        detection.examine_providers()
    with duties.duty("examining sensors and schedules"):
        detection.examine_automation()
    if context.repository_def is not None:
        with duties.duty("examining the checks"):
            detection.examine_checks(context.repository_def)
        with duties.duty("examining the jobs"):
            detection.examine_jobs(context.repository_def)
    # Before what is posted, which may take most of the time of a tick.
    with duties.duty("sending the heartbeat"):
        heartbeat = detection.send_heartbeat()
    with duties.duty("delivering what is wrong with the delivery"):
        posted = delivery.deliver(lambda: due_incidents(store, duties, _OF_DELIVERY))
    duties.end()
    return "; ".join([*posted, *heartbeat]) or "Nothing new."


@dataclass(frozen=True, slots=True)
class _Detection:
    context: dg.SensorEvaluationContext
    store: Database
    duties: Duties
    settings: Settings

    def adopt_earlier(self) -> None:
        """What an earlier version announced is not announced again."""
        if earlier := adopted(self.context.cursor).incidents:
            with self.store.transaction() as connection:
                incidents.adopt(connection, earlier)

    def examine_delivery(self, *, on: bool) -> None:
        waiting = undelivered.read_undelivered(self.context.instance, self.store, on=on)
        checks.record(self.context.instance, waiting.evaluation())
        self._reconcile([waiting.condition()])

    def examine_providers(self) -> None:
        addresses = roots(self.settings.base_urls)
        with self.store.transaction() as connection:
            health = read_health(connection, addresses)
        for each in health:
            if each.name not in BY_NAME:
                continue  # a part with a base URL of its own: it has incidents, and no check
            checks.record(self.context.instance, providers.evaluation(each))
        self._reconcile(map(providers.judge, health), {"provider": addresses})

    def examine_automation(self) -> None:
        on = automation.running(self.context)
        # That one is examined by the sensor that delivers.
        others = [state for state in on if state.instigator_name != WATCHES]
        conditions = automation.detect(
            self.context.instance, others, self.settings, each=self.duties.duty
        )
        names = [state.instigator_name for state in on]
        self._reconcile(conditions, dict.fromkeys(automation.KINDS.values(), names))

    def examine_checks(self, repository: dg.RepositoryDefinition) -> None:
        """The checks that no other detector stands for."""
        others = {undelivered.CHECK, *map(providers.check_key, roots(self.settings.base_urls))}
        keys = set(repository.asset_graph.asset_check_keys) - others
        detected = checks.detect(
            self.context.instance, keys, self.settings, adopted(self.context.cursor).seen
        )
        self._reconcile(detected.conditions, {"check": [*map(checks.subject_of, keys)]})
        self.context.update_cursor(json.dumps({"seen": detected.newest}))

    def examine_jobs(self, repository: dg.RepositoryDefinition) -> None:
        """The jobs that leave nothing in the ledger."""
        names = repository.job_names
        automations = [
            sensor.name
            for sensor in repository.sensor_defs
            if isinstance(sensor, dg.AutomationConditionSensorDefinition)
        ]
        conditions = jobs.detect(
            self.context.instance,
            names,
            self.settings,
            automations=automations,
            each=self.duties.duty,
        )
        self._reconcile(conditions, {"job": [*names, *automations]})

    def send_heartbeat(self) -> list[str]:
        """Tell the monitor outside that daemon and delivery work, if they do; what came of it."""
        if self.settings.heartbeat_url is None:
            return []
        health = installation_health(
            lambda: self.store, lambda: self.context.instance, self.settings.conceal
        )
        if not health.works:
            return [f"No heartbeat is sent: {health.sentence}"]
        trouble = send(self.settings.heartbeat_url.get_secret_value())
        if trouble is None:
            return ["The heartbeat is sent."]
        self.context.log.warning(trouble)
        return [trouble]

    def _reconcile(
        self,
        conditions: Iterable[Condition],
        subjects: Mapping[Kind, Collection[str]] | None = None,
    ) -> None:
        detected = list(conditions)
        with self.store.transaction() as connection:
            incidents.reconcile(connection, detected, subjects)
