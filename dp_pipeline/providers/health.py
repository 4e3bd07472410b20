"""Whether a provider is asked at all: of all processes, not of one run.

What is remembered over all processes is kept in Postgres, elsewhere: providers know no database,
they only ask for leave and tell how it went. The decisions are in `breaker`.
"""

from typing import Protocol

from anyio.lowlevel import checkpoint

from dp_pipeline.providers.answers import Asked
from dp_pipeline.providers.breaker import Ending, Ticket


class Health(Protocol):
    """Keeps requests from a provider that refuses or fails, and learns from those it gets."""

    async def admit(self, asked: Asked, root: str, *, aside: bool = False) -> Ticket:
        """Return when the request may be made; `note` or `give_up` must follow if it is a probe.

        Args:
            asked: whom, and for what.
            root: the provider's base URL without secrets; each has a health of its own.
            aside: whether this request is no sample: refused, it says nothing about others.

        Raises:
            ProviderRestingError: it is not to be made.
        """
        ...

    async def note(self, ticket: Ticket, ending: Ending) -> None:
        """Hear how a request ended."""
        ...

    async def give_up(self, ticket: Ticket) -> None:
        """Hear that a request was cancelled: nothing is known of it."""
        ...

    async def flush(self) -> None:
        """Write down what is only remembered, even if cancelled: the client is about to close."""
        ...


class NoHealth:
    """Every request may be made, and nothing is remembered."""

    async def admit(self, asked: Asked, root: str, *, aside: bool = False) -> Ticket:
        """Let it pass."""
        await checkpoint()
        return Ticket(asked.provider, root, aside=aside)

    async def note(self, ticket: Ticket, ending: Ending) -> None:
        """Forget it."""

    async def give_up(self, ticket: Ticket) -> None:
        """Forget it."""

    async def flush(self) -> None:
        """Nothing is remembered."""
