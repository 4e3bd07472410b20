"""What a run asked already: the first caller asks, the others get its result, error or not."""

import copy
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn, TypeVar

import anyio

from dp_pipeline.providers.errors import ProviderError
from dp_pipeline.providers.journal import Line, Request

T = TypeVar("T")


@dataclass(slots=True)
class Memory:
    """Of one address: `request` is None until somebody has an answer or an error."""

    lock: anyio.Lock = field(default_factory=anyio.Lock)
    request: Request | None = None
    value: Any = None
    error: Exception | None = None

    async def recall(
        self, fetch: Callable[[Line], Awaitable[T]], note: Callable[[Request], None]
    ) -> T:
        """The remembered result, or that of `fetch`; `note` is told which request it took."""
        # A lock rather than a shared task: when the caller that asks is cancelled, the next one
        # in the queue asks again, and nobody else is harmed.
        async with self.lock:
            if self.request is not None:
                note(self.request)
                if self.error is not None:
                    _raise_again(self.error)
                return self.value
            line = Line()
            try:
                self.value = await fetch(line)
            except Exception as error:
                # remembered whatever it is: the next domain meets the same error, not a request
                line.error = (
                    error.kind if isinstance(error, ProviderError) else type(error).__name__
                )
                self.error = error
                self.request = line.remembered()
                raise
            except BaseException:
                line.error = "cancelled"
                raise
            else:
                self.request = line.remembered()
                return self.value
            finally:
                note(line.request())


def _raise_again(error: Exception) -> NoReturn:
    """Raise a remembered error: a copy, for each raise lengthens the traceback of a shared one."""
    if isinstance(error, ProviderError):
        raise copy.copy(error) from error.__cause__
    raise error
