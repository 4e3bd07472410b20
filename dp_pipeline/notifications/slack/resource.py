"""The channel as a resource of Dagster."""

import dagster as dg
from pydantic import Field

from dp_pipeline.notifications.slack.webhook import SlackWebhook
from dp_pipeline.settings import Settings


class SlackResource(dg.ConfigurableResource):
    """The channel that messages are posted to."""

    webhook: str | None = Field(
        default=None, description="Not set: follows SLACK_JOB_EXECUTIONS_WEBHOOK."
    )

    def open(self) -> SlackWebhook | None:
        """The webhook, or None when Slack is off."""
        if self.webhook is not None:
            return SlackWebhook(self.webhook)
        configured = Settings.load().slack_webhook
        return None if configured is None else SlackWebhook(configured.get_secret_value())
