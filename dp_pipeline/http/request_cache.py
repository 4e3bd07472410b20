"""One request per URL and run: the first caller makes it, the others get its result or error."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import anyio

from dp_pipeline.http.errors import ProviderError
from dp_pipeline.http.request_log import Request

T = TypeVar("T")


@dataclass(slots=True)
class CachedRequest:
    """Of one URL: `request` is None until somebody has a result or an error."""

    lock: anyio.Lock = field(default_factory=anyio.Lock)
    request: Request | None = None
    value: Any = None
    error: Exception | None = None

    async def get(
        self, fetch: Callable[[Request], Awaitable[T]], log: Callable[[Request], None]
    ) -> T:
        """The cached result, or that of `fetch`, which fills in its line; `log` gets the line."""
        # A lock rather than a shared task: when the caller that requests is cancelled, the next one
        # in the queue requests again, and nobody else is harmed.
        async with self.lock:
            if self.request is not None:
                log(self.request.again())
                if self.error is not None:
                    raise (
                        self.error.again() if isinstance(self.error, ProviderError) else self.error
                    )
                return self.value
            request = Request()
            try:
                self.value = await fetch(request)
            except Exception as error:
                # cached whatever it is: the next domain meets the same error, not a request
                request.error = (
                    error.kind if isinstance(error, ProviderError) else type(error).__name__
                )
                self.error = error
                self.request = request
                raise
            except BaseException:
                request.error = "cancelled"
                raise
            else:
                self.request = request
                return self.value
            finally:
                request.seconds = round(request.seconds, 4)
                log(request)
