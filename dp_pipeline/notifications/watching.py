"""One tick of the sensor that watches: detectors look, and the table of incidents is reconciled.

The sensor that delivers is watched as well. What is wrong with it is delivered here: it would not
come to that itself.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import dagster as dg

from dp_pipeline.database.database import START_SECONDS, Database
from dp_pipeline.database.tables import incident
from dp_pipeline.http.health import read_health
from dp_pipeline.jobs import planned_work
from dp_pipeline.notifications import incidents, undelivered
from dp_pipeline.notifications.delivery import Post, due_incidents
from dp_pipeline.notifications.detectors import automation, checks, jobs, providers
from dp_pipeline.notifications.duties import Duties
from dp_pipeline.notifications.earlier import adopted
from dp_pipeline.notifications.incidents import Condition, Kind
from dp_pipeline.notifications.opening import UNUSABLE, opened
from dp_pipeline.notifications.slack.resource import SlackResource
from dp_pipeline.notifications.state import DELIVERS, WATCHES
from dp_pipeline.providers.registry import roots
from dp_pipeline.resources import DatabaseResource
from dp_pipeline.settings import Settings

_OF_DELIVERY = (incident.c.kind == "delivery") | (
    (incident.c.kind == "sensor") & (incident.c.subject == DELIVERS)
)


def watch(
    context: dg.SensorEvaluationContext, database: DatabaseResource, slack: SlackResource
) -> str:
    """Look at everything and note what has changed; what was delivered, in words.

    Raises:
        Exception: a duty failed; the others were done.
    """
    duties = Duties(context.log)
    try:
        store = opened(database, seconds=START_SECONDS)
    except UNUSABLE as error:
        # The sensor that delivers announces it.
        return f"The database cannot be used: {Settings.load().conceal(str(error))}"
    look = _Look(context, store, duties, Settings.load())
    look.at_earlier()
    said: list[str] = []
    with duties.duty("reading the settings of Slack"):
        webhook = slack.open()
        look.at_delivery(on=webhook is not None)
        post = Post(webhook, slack.classes(), duties, context.log, store)
    look.at_providers()
    look.at_automation()
    look.at_checks()
    look.at_jobs()
    with duties.duty("delivering what is wrong with the delivery"):
        said = post.deliver(lambda: due_incidents(store, duties, _OF_DELIVERY))
    duties.end()
    return "; ".join(said) or "Nothing new."


@dataclass(frozen=True, slots=True)
class _Look:
    """The looks of one tick, each for itself."""

    context: dg.SensorEvaluationContext
    store: Database
    duties: Duties
    settings: Settings

    def at_earlier(self) -> None:
        """What an earlier version announced is not announced again."""
        earlier = adopted(self.context.cursor).incidents
        if earlier:
            duty = self.duties.duty("taking over what is known")
            with duty, self.store.transaction() as connection:
                incidents.adopt(connection, earlier)

    def at_delivery(self, *, on: bool) -> None:
        """Whether messages wait for long."""
        with self.duties.duty("looking for messages that wait"):
            instance = self.context.instance
            found = undelivered.look_for(instance, self.store, on=on)
            checks.record(instance, found.evaluation())
            self._reconcile([found.condition()])

    def at_providers(self) -> None:
        """Whether providers answer."""
        with self.duties.duty("looking at the providers"):
            addresses = roots(self.settings.base_urls)
            with self.store.transaction() as connection:
                found = read_health(connection, addresses)
            for each in found:
                checks.record(self.context.instance, providers.evaluation(each))
            self._reconcile(map(providers.judge, found), {"provider": addresses})

    def at_automation(self) -> None:
        """Whether sensors and schedules keep failing."""
        with self.duties.duty("looking at sensors and schedules"):
            on = automation.running(self.context)
            others = [state for state in on if state.instigator_name != WATCHES]
            each = self.duties.duty
            found = automation.detect(self.context.instance, others, self.settings, each=each)
            names = [state.instigator_name for state in on]
            self._reconcile(found, dict.fromkeys(automation.KINDS.values(), names))

    def at_checks(self) -> None:
        """Whether checks fail that no other detector stands for."""
        with self.duties.duty("looking at the checks"):
            instance, repository = self.context.instance, self.context.repository_def
            if repository is None:
                return
            others = {undelivered.CHECK, *map(providers.check_key, roots(self.settings.base_urls))}
            keys = set(repository.asset_graph.asset_check_keys) - others
            seen = adopted(self.context.cursor).seen
            found = checks.detect(instance, keys, self.settings, seen)
            self._reconcile(found.conditions, {"check": [*map(checks.subject_of, keys)]})
            self.context.update_cursor(json.dumps({"seen": found.newest}))

    def at_jobs(self) -> None:
        """Whether jobs fail that leave nothing in the ledger."""
        with self.duties.duty("looking at the jobs"):
            repository = self.context.repository_def
            if repository is None:
                return
            names = repository.job_names
            found = jobs.detect(
                self.context.instance,
                names,
                self.settings,
                planned=planned_work,
                each=self.duties.duty,
            )
            self._reconcile(found, {"job": names})

    def _reconcile(
        self, found: Iterable[Condition], subjects: Mapping[Kind, Collection[str]] | None = None
    ) -> None:
        conditions = list(found)
        with self.store.transaction() as connection:
            incidents.reconcile(connection, conditions, subjects)
