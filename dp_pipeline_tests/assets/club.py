"""Teams with badges, the server of those images, and the folder in which they are stored."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import anyio
import sqlalchemy as sa

from dp_pipeline.assets.runner import RunContext, collect_logos
from dp_pipeline.database import rows, tables
from dp_pipeline.database.backoff import Backoff
from dp_pipeline.database.database import Database
from dp_pipeline.database.store import store
from dp_pipeline.football.key import TournamentKey
from dp_pipeline.football.models import Team, Tournament
from dp_pipeline.images.client import LIMITS, Images, Root
from dp_pipeline.images.gallery import Gallery
from dp_pipeline.ledger.execution import Execution, Run
from dp_pipeline.ledger.ledger import Ledger
from dp_pipeline.providers.registry import Providers
from dp_pipeline.storage import Folder, ObjectStore, ObjectStoreError, Storing
from dp_pipeline_tests.http.rate_limits import NoRateLimit
from dp_pipeline_tests.images.gallery_server import SVG, ImageServer, png

KEY = TournamentKey("openligadb", "bl1", "2024")
OTHER = TournamentKey("openligadb", "bl1", "2023")
TOURNAMENT = Tournament(
    KEY, "bl1", "Bundesliga", "2024/25", "bl1", "regular-season-only", "unique-group", "active"
)
IMPATIENT = replace(LIMITS, read_seconds=0.5, deadline_seconds=2, backoff=Backoff(0.01, 10))


class Shelf(Folder):
    """A folder that counts what is put into it, and can be taken away."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.puts: list[str] = []
        self.down = False

    def put(
        self, key: str, body: bytes, *, content_type: str, cache_control: str | None = None
    ) -> None:
        if self.down:
            message = "The bucket is away."
            raise ObjectStoreError(message)
        self.puts.append(key)
        super().put(key, body, content_type=content_type, cache_control=cache_control)


@dataclass
class Club:
    """A tournament of three teams whose images one server has."""

    database: Database
    home: Path
    base: str
    server: ImageServer
    shelf: Shelf

    def stored(self, sources: Mapping[str, str | None], key: TournamentKey = KEY) -> None:
        """Store tournament and teams as their domains do; `sources` are paths by name."""
        urls = {n: None if path is None else f"{self.base}{path}" for n, path in sources.items()}
        tournament = replace(TOURNAMENT, key=key, logo_url=urls.pop("logo", None))
        names = ("one", "two", "three")
        teams = [Team(name, name.capitalize(), badge_url=urls.get(name)) for name in names]
        keep = frozenset({"badge_source", "logo_source"})
        with self.database.transaction() as connection:
            store(connection, tables.tournament, [rows.tournament_row(tournament)], keep=keep)
            store(connection, tables.team, [rows.team_row(key, team) for team in teams], keep=keep)
            members = [rows.membership_row(key, team) for team in teams]
            store(connection, tables.tournament_team, members)

    def collect(
        self,
        *keys: TournamentKey,
        objects: ObjectStore | None = None,
        scope: Literal["whole", "dry_run"] = "whole",
    ) -> list[Execution]:
        """Collect the images of tournaments in one run."""
        ended: list[Execution] = []
        with Ledger(self.database, Folder(self.home / "reports")).working() as ledger:
            providers = Providers({}, NoRateLimit())
            run = Run(uuid4(), scope=scope)
            context = RunContext(providers, self.database, ledger, run, ended.append)
            images = Images({"openligadb": Root(self.base, 0)}, NoRateLimit(), IMPATIENT)
            gallery = Gallery(images, Storing(objects or self.shelf), stores=not context.run.is_dry)
            anyio.run(collect_logos, [str(key) for key in keys or (KEY,)], gallery, context)
        return ended

    def once(self, **more: Any) -> Execution:
        """Collect those of the one tournament."""
        (execution,) = self.collect(**more)
        return execution

    def shown(self) -> dict[str, str | None]:
        """Name to address shown."""
        with self.database.transaction() as connection:
            found = {
                row.external_id: row.badge for row in connection.execute(sa.select(tables.team))
            }
            logo = connection.scalar(
                sa.select(tables.tournament.c.logo).where(tables.tournament.c.key == str(KEY))
            )
            return {"logo": logo, **found}

    def versions(self) -> list[tuple[Any, ...]]:
        """Every row of what is written here, with the version Postgres gives it."""
        with self.database.transaction() as connection:
            return [
                tuple(row)
                for table in ("tournament", "team", "tournament_team", "image")
                for row in connection.execute(
                    sa.text(f"SELECT ctid::text, xmin::text FROM {table} ORDER BY 1")  # noqa: S608 - our own names
                )
            ]

    def address(self, body: bytes, extension: str = "png") -> str:
        """Where a content is shown."""
        return self.shelf.url(f"images/{hashlib.sha256(body).hexdigest()}.{extension}")


ALL: dict[str, str | None] = {"logo": "/l", "one": "/1", "two": "/2", "three": "/3"}
IMAGES = {"/l": SVG, "/1": png(shade=1), "/2": png(shade=2), "/3": png(shade=3)}
