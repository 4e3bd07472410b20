"""Reports, pages and files of DP_HOME, served to the browsers of this machine by `dp dev`.

A browser follows no link from a page of Dagster's, or from Slack, to a file.
"""

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dp_pipeline.instance.address import OBJECTS, SERVED, announced, last_port
from dp_pipeline.settings import Settings

if TYPE_CHECKING:
    from starlette.applications import Starlette

_OURS = ("127.0.0.1", "localhost", "::1")
_HEADERS = {
    # They are text and pictures; what a provider may have slipped in runs nowhere.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


@contextmanager
def objects_served(settings: Settings, host: str) -> Generator[None]:
    """Serve them until the block ends, at the port that earlier links lead to.

    Not to other machines, nor where people of other machines are given links.

    Args:
        settings: whose objects.
        host: where Dagster's pages are.
    """
    if host not in _OURS or settings.dagster_base_url is not None or settings.s3 is not None:
        yield
        return
    import uvicorn

    from dp_pipeline.sandbox.serving import listen, serving

    quiet: dict[str, Any] = {"log_level": "critical", "access_log": False, "lifespan": "off"}
    server = uvicorn.Server(uvicorn.Config(_app(settings), timeout_graceful_shutdown=1, **quiet))
    listener = listen(last_port(settings.home, OBJECTS))
    with serving(server, listener) as address, announced(settings.home, address, OBJECTS):
        yield


def _app(settings: Settings) -> "Starlette":
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware
    from starlette.responses import Response
    from starlette.routing import Mount
    from starlette.staticfiles import StaticFiles
    from starlette.types import Scope

    class Objects(StaticFiles):
        async def get_response(self, path: str, scope: Scope) -> Response:
            response = await super().get_response(path, scope)
            response.headers.update(_HEADERS)
            return response

    folder = settings.objects_folder
    return Starlette(
        routes=[
            Mount(f"/{each}", Objects(directory=folder / each, check_dir=False)) for each in SERVED
        ],
        # Under another name it is a page of somebody else that asks.
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])],
    )
