"""The channel as a resource of Dagster."""

import dagster as dg
from pydantic import Field

from dp_pipeline.notifications.slack.bot import SlackBot
from dp_pipeline.notifications.slack.webhook import SlackWebhook
from dp_pipeline.settings import Settings

OFF = "Slack is off: neither SLACK_JOB_EXECUTIONS_WEBHOOK nor SLACK_BOT_TOKEN is set"


class SlackResource(dg.ConfigurableResource):
    """The channel that messages are posted to, by a bot or through an incoming webhook."""

    webhook: str | None = Field(
        default=None,
        description="Not set: follows SLACK_BOT_TOKEN or SLACK_JOB_EXECUTIONS_WEBHOOK.",
    )

    def open(self) -> SlackBot | SlackWebhook | None:
        """The bot if there is one, else the webhook; None when Slack is off."""
        if self.webhook is not None:
            return SlackWebhook(self.webhook)
        settings = Settings.load()
        if settings.slack_bot_token is not None and settings.slack_channel is not None:
            token = settings.slack_bot_token.get_secret_value()
            return SlackBot(token, settings.slack_channel, api=settings.slack_api_url)
        configured = settings.slack_webhook
        return None if configured is None else SlackWebhook(configured.get_secret_value())
