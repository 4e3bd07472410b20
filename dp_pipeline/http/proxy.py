"""What a proxy of the environment is sent of a request that goes through it."""

from typing import Any

import httpx
from httpcore import Request


def keep_target_from_proxies(client: httpx.AsyncClient | httpx.Client) -> None:
    """Have the extension `target` of requests reach their server, and no proxy in between.

    httpcore 1.0 gives the request that opens the tunnel the extensions of the request that is to
    go through it: a proxy was sent `CONNECT /getmatchdata/bl1/2024`, which is no host, and nothing
    could be read through any.
    """
    # httpx has no place between its own request and that of httpcore, where the target is applied
    for transport in (client._transport, *client._mounts.values()):  # noqa: SLF001
        pool = getattr(transport, "_pool", None)  # None where no proxy is to be used
        if pool is not None:
            _applied_once(pool)


def _applied_once(pool: Any) -> None:
    name = next(n for n in ("handle_async_request", "handle_request") if hasattr(pool, n))
    handle = getattr(pool, name)

    def handle_applied(request: Request) -> Any:
        # its URL has the target since it was made
        request.extensions.pop("target", None)
        return handle(request)

    setattr(pool, name, handle_applied)
