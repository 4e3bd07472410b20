"""When a provider is left alone by one run: it asked us to wait, or nothing works there.

What a run learns is told to `health`, which keeps all processes from asking.
"""

import anyio

from dp_pipeline.providers.answers import Asked
from dp_pipeline.providers.breaker import UNANSWERED
from dp_pipeline.providers.errors import ProviderError, RateLimitedError
from dp_pipeline.providers.limits import Limits


class Rest:
    """When a provider is left alone by this run: it asked us to wait, or nothing works there."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._until = 0.0
        self._failures = 0
        self._last: ProviderError | None = None
        self._last_at = 0.0

    def told(self, seconds: float) -> None:
        """429 concerns all our requests, not only the one that met it."""
        self._until = max(self._until, anyio.current_time() + seconds)

    def answered(self) -> None:
        """A request got through: the count of failures starts anew."""
        self._failures = 0

    def failed(self, error: ProviderError) -> None:
        """A request ended in this error; a 404 or an odd form counts as an answer."""
        if not isinstance(error, UNANSWERED):
            self.answered()
            return
        self._failures += 1
        self._last, self._last_at = error, anyio.current_time()

    def many(self, error: ProviderError | None) -> bool:
        """Whether a request that ends in this error is one of many in a row."""
        unanswered = isinstance(error, UNANSWERED)
        return unanswered and self._failures + 1 >= self._limits.failures_in_a_row

    async def over(self, asked: Asked) -> None:
        """Wait for the end of a short rest; a long one is an error at once, without a request.

        Raises:
            RateLimitedError: the provider asked to wait longer than we do.
            ProviderError: of the kind of the last failure, after many in a row.
        """
        while (wait := self._until - anyio.current_time()) > 0:
            if wait > self._limits.max_retry_after_seconds:
                sentence = (
                    f"{asked.provider} asked us to wait another {wait:.0f} s; {asked.path} was not "
                    "requested. Run it again later."
                )
                raise asked.error(RateLimitedError, sentence)
            await anyio.sleep(wait)
        rested = anyio.current_time() - self._last_at >= self._limits.rest_seconds
        if self._last and self._failures >= self._limits.failures_in_a_row and not rested:
            sentence = (
                f"The last {self._failures} requests to {asked.provider} failed "
                f"({self._last.kind}); {asked.path} was not requested. Run it again later."
            )
            raise asked.error(type(self._last), sentence)
