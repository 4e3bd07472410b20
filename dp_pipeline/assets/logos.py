"""The logo of a tournament and the badges of its teams, stored where they can be shown.

Apart from the other domains: data never waits for a picture, and a picture that cannot be had takes
nothing away, neither data nor the picture stored before.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import anyio
import sqlalchemy as sa

from dp_pipeline.database import tables
from dp_pipeline.database.database import Database, tournament_lock
from dp_pipeline.database.store import Change, RowId, Stored, store
from dp_pipeline.http.request_log import Request
from dp_pipeline.images.client import Validators
from dp_pipeline.images.gallery import Gallery, Picture
from dp_pipeline.ledger.errors import BlockedDependencyError
from dp_pipeline.ledger.execution import Execution
from dp_pipeline.providers.errors import (
    InvalidShapeError,
    NotFoundError,
    ProviderError,
    UnsafeAddressError,
)
from dp_pipeline.providers.fetched import Absence, Finding
from dp_pipeline.providers.registry import checked_key
from dp_pipeline.storage import ObjectStoreError


@dataclass(frozen=True, slots=True)
class Place:
    """Where an image is shown: a row, the column with its source and the column with its address.

    `name` is for people.
    """

    table: sa.Table
    id: RowId
    name: str
    source: str
    shown: str | None

    @property
    def column(self) -> str:
        """The column that is written."""
        return "logo" if self.table is tables.tournament else "badge"

    def row(self, address: str) -> dict[str, Any]:
        """What is written of the row."""
        ids = self.id if isinstance(self.id, tuple) else (self.id,)
        key = (column.name for column in self.table.primary_key)
        return {**dict(zip(key, ids, strict=True)), self.column: address}


@dataclass(slots=True)
class Album:
    """What of a tournament is to be shown, and what of it came."""

    label: str
    teams: int
    places: Sequence[Place]
    known: Mapping[str, Picture]
    pictures: dict[str, Picture] = field(default_factory=dict)
    failures: dict[str, ProviderError | ObjectStoreError] = field(default_factory=dict)

    @property
    def sources(self) -> dict[str, list[str]]:
        """Each address once, with the names of those who show it."""
        sources: dict[str, list[str]] = {}
        for place in self.places:
            sources.setdefault(place.source, []).append(place.name)
        return sources


async def ingest(gallery: Gallery, database: Database, execution: Execution) -> None:
    """Download what changed, store it, then say where it is: in one transaction, at the end.

    Raises:
        BlockedDependencyError: the tournament is not stored.
        ObjectStoreError: an image could not be stored; those that could are shown all the same.
    """
    provider = checked_key(execution.key).provider
    with execution.step("database", "read_sources") as data:
        album = await database.run(lambda connection: read(connection, execution))
        data["images"] = len(album.sources)
    execution.label = album.label
    if not album.places:
        execution.nothing(nothing_to_show(provider, album.teams))
        return
    with execution.step("scraping", "download_images") as data:
        await download(gallery, provider, album, execution)
        data.update(good=len(album.pictures), failed=len(album.failures))
    execution.remark(*findings(album))
    with execution.step("database", "write_addresses") as data:
        stored = await database.run(lambda connection: write(connection, gallery, album, execution))
        data.update({one.table: one.counts() for one in stored})
    for one in stored:
        execution.wrote(one)
    execution.preview = preview(album)
    for error in album.failures.values():
        if isinstance(error, ObjectStoreError):
            raise error


def read(connection: sa.Connection, execution: Execution) -> Album:
    """What a tournament shows, and what is remembered of it; raises BlockedDependencyError."""
    tournament_lock(connection, execution.tournament_id)
    row = connection.execute(
        sa.select(tables.tournament).where(tables.tournament.c.id == execution.tournament_id)
    ).one_or_none()
    if row is None:
        message = (
            f"The tournament {execution.key} is not stored yet. Materialize `tournaments` for it "
            "first, or all domains together."
        )
        raise BlockedDependencyError(message)
    teams = connection.execute(_teams(execution)).all()
    rows = [
        Place(tables.tournament, row.id, row.label, row.logo_source, row.logo),
        *(
            Place(tables.tournament_team, (row.id, t.team_id), t.name, t.badge_source, t.badge)
            for t in teams
        ),
    ]
    places = [place for place in rows if place.source]
    image = tables.image
    known = connection.execute(
        sa.select(image).where(image.c.source_url.in_({place.source for place in places}))
    )
    return Album(
        row.label,
        len(teams),
        places,
        {
            image.source_url: Picture(
                image.object_key,
                image.sha256,
                image.content_type,
                image.bytes,
                Validators(image.etag, image.last_modified),
            )
            for image in known
            if image.object_key is not None
        },
    )


def _teams(execution: Execution) -> sa.Select[Any]:
    plays = tables.tournament_team
    return (
        sa.select(plays)
        .where(plays.c.tournament_id == execution.tournament_id)
        .order_by(plays.c.name, plays.c.team_id)
    )


def nothing_to_show(provider: str, teams: int) -> Absence:
    """Why a tournament has no images: nobody has named one yet, or the provider has none."""
    if not teams:
        return Absence(
            "nothing_yet", "No team of this tournament is stored yet, and no address of a logo."
        )
    return Absence("not_applicable", f"{provider} names no logo and no badges for this tournament.")


async def download(gallery: Gallery, provider: str, album: Album, execution: Execution) -> None:
    """Bring every image of the album into the object store, or note why not."""
    requests: dict[str, Request] = {}

    async def one(source: str) -> None:
        def note(request: Request) -> None:
            requests[source] = request

        try:
            album.pictures[source] = await gallery.picture(
                provider, source, album.known.get(source), note
            )
        except (ProviderError, ObjectStoreError) as error:
            album.failures[source] = error

    try:
        async with anyio.create_task_group() as group:
            for source in album.sources:
                group.start_soon(one, source)
    finally:
        execution.requests.extend(requests[s] for s in album.sources if s in requests)


def findings(album: Album) -> list[Finding]:
    """What a person may want to know: images that are not there, and those that cannot be had."""
    return [
        _finding(error, names, kept=source in album.known)
        for source, names in album.sources.items()
        if isinstance(error := album.failures.get(source), ProviderError)
    ]


def _finding(error: ProviderError, names: Iterable[str], *, kept: bool) -> Finding:
    subject = ", ".join(names)
    detail = f"{error} The image stored before is kept." if kept else str(error)
    match error:
        case NotFoundError():
            return Finding("image_not_found", subject, detail)
        case InvalidShapeError() | UnsafeAddressError():
            return Finding("image_unusable", subject, detail, left_out=True)
        case _:
            return Finding("image_not_downloaded", subject, detail, left_out=True)


def write(
    connection: sa.Connection, gallery: Gallery, album: Album, execution: Execution
) -> list[Stored]:
    """Remember the images and show them, where the provider still names the same address."""
    tournament_lock(connection, execution.tournament_id)
    _remember(connection, album)
    places = [
        place for place in read(connection, execution).places if place.source in album.sources
    ]
    shown = []
    addresses = {
        source: gallery.objects.url(picture.object_key)
        for source, picture in album.pictures.items()
    }
    for table in (tables.tournament, tables.tournament_team):
        mine = [place for place in places if place.table is table]
        good = [place for place in mine if place.source in addresses]
        if mine:
            stored = store(connection, table, [p.row(addresses[p.source]) for p in good])
            left = sum(place.shown is not None for place in mine if place not in good)
            shown.append(as_images(stored, mine[0].column, left))
    _follow(connection, execution.tournament_id, addresses)
    return shown


def _follow(connection: sa.Connection, tournament: UUID, addresses: Mapping[str, str]) -> None:
    """Give the teams the badges of this tournament that are their current ones."""
    team, plays = tables.team.c, tables.tournament_team.c
    current = connection.execute(
        sa.select(team.id, team.badge_source)
        .join(tables.tournament_team, plays.team_id == team.id)
        .where(plays.tournament_id == tournament, team.badge_source.in_(addresses))
    )
    store(
        connection,
        tables.team,
        [{"id": row.id, "badge": addresses[row.badge_source]} for row in current],
    )


def _remember(connection: sa.Connection, album: Album) -> None:
    store(
        connection,
        tables.image,
        [
            {
                "source_url": source,
                "object_key": picture.object_key,
                "sha256": picture.sha256,
                "content_type": picture.content_type,
                "bytes": picture.bytes,
                "etag": picture.validators.etag,
                "last_modified": picture.validators.last_modified,
                "error": None,
            }
            for source, picture in album.pictures.items()
        ],
    )
    # What is remembered of the last good one stays.
    store(
        connection,
        tables.image,
        [
            {"source_url": source, "error": str(error)[:500]}
            for source, error in album.failures.items()
            if not isinstance(error, UnsafeAddressError)  # of any length, and never asked
        ],
    )


def as_images(stored: Stored, column: str, kept: int) -> Stored:
    """What writing addresses to rows came to, counted in images: a first one is created.

    `kept` images are shown still and could not be looked at again.
    """
    first = [change for change in stored.updated if change.fields[column][0] is None]
    again: list[Change] = [change for change in stored.updated if change not in first]
    return Stored(
        f"{stored.table}.{column}",
        tuple(change.id for change in first),
        tuple(again),
        stored.unchanged + kept,
    )


def preview(album: Album) -> list[dict[str, Any]]:
    """A line per place: who shows what."""
    return [
        {
            "of": place.name,
            "type": picture.content_type,
            "bytes": picture.bytes,
            "object": picture.object_key,
        }
        for place in album.places
        if (picture := album.pictures.get(place.source)) is not None
    ]
