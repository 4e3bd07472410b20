"""Messages as Slack shows them, and the webhook that takes them. Rendering is pure."""
