"""The logo of a tournament and the badges of its teams, stored where they can be shown.

Apart from the other domains: data never waits for a picture, and a picture that cannot be had takes
nothing away, neither data nor the picture stored before.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import anyio
import sqlalchemy as sa

from dp_pipeline.assets.materialization import raise_if_refused, record
from dp_pipeline.database import tables
from dp_pipeline.database.database import Database, tournament_lock
from dp_pipeline.database.rows import Row
from dp_pipeline.database.store import RowId, Stored, planned
from dp_pipeline.domains.apply import apply
from dp_pipeline.domains.data_version import digest_of
from dp_pipeline.domains.plan import Plan, not_stored
from dp_pipeline.http.request_log import Request
from dp_pipeline.http.response import Validators
from dp_pipeline.images.gallery import Gallery, Picture
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

_PLACES = (tables.tournament, tables.tournament_team)
_SHOWN = {tables.tournament.name: "logo", tables.tournament_team.name: "badge"}
"""The column of each table that says where its image is; `{column}_source` is the provider's."""


@dataclass(frozen=True, slots=True)
class Album:
    """What is stored of the images of a tournament: who shows which, and what they are."""

    key: str
    stored: Mapping[str, Mapping[RowId, Row]]

    @property
    def label(self) -> str | None:
        """The tournament's name; None while it is not stored."""
        return next((row["label"] for row in self.stored[tables.tournament.name].values()), None)

    @property
    def places(self) -> list[tuple[sa.Table, RowId, str, str]]:
        """Who shows an image: table, row, name, and the address at the provider."""
        return [
            (table, id_, row.get("label") or row["name"], row[f"{_SHOWN[table.name]}_source"])
            for table in _PLACES
            for id_, row in self.stored[table.name].items()
            if row[f"{_SHOWN[table.name]}_source"]
        ]

    @property
    def sources(self) -> dict[str, list[str]]:
        """Each address once, with the names of those who show it."""
        sources: dict[str, list[str]] = {}
        for _, _, name, source in self.places:
            sources.setdefault(source, []).append(name)
        return sources

    @property
    def pictures(self) -> dict[str, Picture]:
        """What was downloaded from addresses before."""
        return {
            row["source_url"]: Picture(
                row["object_key"],
                row["sha256"],
                row["content_type"],
                row["bytes"],
                Validators(row["etag"], row["last_modified"]),
            )
            for row in self.stored[tables.image.name].values()
            if row["object_key"] is not None
        }


@dataclass(slots=True)
class Downloads:
    """What came from the addresses, and what did not."""

    pictures: dict[str, Picture] = field(default_factory=dict)
    failures: dict[str, ProviderError | ObjectStoreError] = field(default_factory=dict)


async def ingest(gallery: Gallery, database: Database, execution: Execution) -> None:
    """Download what changed, store it, then say where it is: in one transaction, at the end.

    Raises:
        BlockedDependencyError: the tournament is not stored.
        ObjectStoreError: an image could not be stored; those that could are shown all the same.
    """
    provider = checked_key(execution.key).provider
    with execution.step("database", "read_sources") as data:
        album = await database.run(lambda c: read(c, execution.key, execution.tournament_id))
        data["images"] = len(album.sources)
    downloads = Downloads()
    if album.sources:
        with execution.step("scraping", "download_images") as data:
            await download(gallery, provider, album, downloads, execution)
            data.update(good=len(downloads.pictures), failed=len(downloads.failures))
    written = plan(album, downloads, gallery.objects.url)
    execution.note_changes(changes(album, written))
    if not execution.run.is_dry:
        raise_if_refused(written, execution)
        if album.sources:
            with execution.step("database", "write_addresses") as data:
                written = await database.run(lambda c: write(c, gallery, downloads, execution))
                data.update({one.table: one.counts() for one in shown(written)})
        execution.data_version = version(album, written)
    record(written, shown(written), execution)
    for error in downloads.failures.values():
        if isinstance(error, ObjectStoreError):
            raise error


def read(connection: sa.Connection, key: str, tournament_id: UUID) -> Album:
    """What a tournament shows, and what is remembered of it."""
    tournament, plays, team = tables.tournament, tables.tournament_team, tables.team
    members = sa.select(plays.c.team_id).where(plays.c.tournament_id == tournament_id)
    stored = {
        table.name: _by_id(connection, table, where)
        for table, where in (
            (tournament, tournament.c.id == tournament_id),
            (plays, plays.c.tournament_id == tournament_id),
            (team, team.c.id.in_(members)),
        )
    }
    sources, image = Album(key, stored).sources, tables.image
    stored[image.name] = _by_id(connection, image, image.c.source_url.in_(sources))
    return Album(key, stored)


def _by_id(
    connection: sa.Connection, table: sa.Table, where: sa.ColumnElement[bool]
) -> dict[RowId, Row]:
    order = [table.c.name] if "name" in table.c else []
    selected = sa.select(table).where(where).order_by(*order, *table.primary_key)
    rows = [dict(row) for row in connection.execute(selected).mappings()]
    keys = [tuple(_key_of(table, row).values()) for row in rows]
    return {key[0] if len(key) == 1 else key: row for key, row in zip(keys, rows, strict=True)}


def _key_of(table: sa.Table, row: Row) -> dict[str, Any]:
    return {column.name: row[column.name] for column in table.primary_key}


async def download(
    gallery: Gallery, provider: str, album: Album, downloads: Downloads, execution: Execution
) -> None:
    """Bring every image of the album into the object store, or note why not."""
    requests: dict[str, Request] = {}
    before = album.pictures

    async def one(source: str) -> None:
        def note(request: Request) -> None:
            requests[source] = request

        try:
            downloads.pictures[source] = await gallery.picture(
                provider, source, before.get(source), note
            )
        except (ProviderError, ObjectStoreError) as error:
            downloads.failures[source] = error

    try:
        async with anyio.create_task_group() as group:
            for source in album.sources:
                group.start_soon(one, source)
    finally:
        execution.requests.extend(requests[s] for s in album.sources if s in requests)


def plan(album: Album, downloads: Downloads, url: Callable[[str], str]) -> Plan:
    """Remember the images and show them, where the provider still names the same address.

    Args:
        album: what is stored.
        downloads: what came.
        url: where an object is shown, by its key.
    """
    if album.label is None:
        return not_stored(album.key)
    if not album.places:
        return Plan(absent=_nothing_to_show(album), label=album.label)
    images, teams = album.stored[tables.image.name], album.stored[tables.team.name]
    addresses = {source: url(each.object_key) for source, each in downloads.pictures.items()}
    good = [_remembered(source, picture) for source, picture in downloads.pictures.items()]
    # What is remembered of the last good one stays.
    bad = [
        {"source_url": source, "error": str(error)[:500]}
        for source, error in downloads.failures.items()
        if not isinstance(error, UnsafeAddressError)  # of any length, and never requested
    ]
    writes = [planned(tables.image, rows, images, counted=False) for rows in (good, bad)]
    for table in _PLACES:
        column, stored = _SHOWN[table.name], album.stored[table.name]
        mine = [(id_, source) for of, id_, _, source in album.places if of is table]
        rows = [
            {**_key_of(table, stored[id_]), column: addresses[source]}
            for id_, source in mine
            if source in addresses
        ]
        kept = sum(
            source in downloads.failures and stored[id_][column] is not None for id_, source in mine
        )
        if mine:
            writes.append(planned(table, rows, stored, untouched=kept))
    # Those whose current badge is the one of this tournament.
    follow = [
        {"id": id_, "badge": addresses[row["badge_source"]]}
        for id_, row in teams.items()
        if row["badge_source"] in addresses
    ]
    writes.append(planned(tables.team, follow, teams, counted=False))
    return Plan(
        tuple(writes),
        tuple(_findings(album, downloads)),
        None,
        None,
        album.label,
        _preview(album, downloads),
    )


def _remembered(source: str, picture: Picture) -> dict[str, Any]:
    return {
        "source_url": source,
        "object_key": picture.object_key,
        "sha256": picture.sha256,
        "content_type": picture.content_type,
        "bytes": picture.bytes,
        "etag": picture.validators.etag,
        "last_modified": picture.validators.last_modified,
        "error": None,
    }


def _nothing_to_show(album: Album) -> Absence:
    """Why a tournament has no images: nobody has named one yet, or the provider has none."""
    if not album.stored[tables.tournament_team.name]:
        return Absence(
            "nothing_yet", "No team of this tournament is stored yet, and no address of a logo."
        )
    provider = checked_key(album.key).provider
    return Absence("not_applicable", f"{provider} names no logo and no badges for this tournament.")


def _findings(album: Album, downloads: Downloads) -> Iterable[Finding]:
    """What a person may want to know: images that are not there, and those that cannot be had."""
    for source, names in album.sources.items():
        error = downloads.failures.get(source)
        if isinstance(error, ProviderError):
            kept = " The image stored before is kept." if source in album.pictures else ""
            subject, detail = ", ".join(names), f"{error}{kept}"
            match error:
                case NotFoundError():
                    yield Finding("image_not_found", subject, detail)
                case InvalidShapeError() | UnsafeAddressError():
                    yield Finding("image_unusable", subject, detail, left_out=True)
                case _:
                    yield Finding("image_not_downloaded", subject, detail, left_out=True)


def _preview(album: Album, downloads: Downloads) -> list[dict[str, Any]]:
    """A line per place: who shows what."""
    return [
        {
            "of": name,
            "type": picture.content_type,
            "bytes": picture.bytes,
            "object": picture.object_key,
        }
        for _, _, name, source in album.places
        if (picture := downloads.pictures.get(source)) is not None
    ]


def write(
    connection: sa.Connection, gallery: Gallery, downloads: Downloads, execution: Execution
) -> Plan:
    """Plan against what is stored now, and do it; what was done in the end."""
    tournament_lock(connection, execution.tournament_id)
    done = Plan()

    def again() -> Plan:
        nonlocal done
        album = read(connection, execution.key, execution.tournament_id)
        done = plan(album, downloads, gallery.objects.url)
        raise_if_refused(done, execution)
        return done

    apply(
        connection,
        again(),
        again,
        tournament_id=execution.tournament_id,
        execution_id=execution.id,
    )
    return done


def shown(written: Plan) -> list[Stored]:
    """What writing addresses to rows came to, counted in images: a first one is created."""
    return [
        Stored(
            f"{one.table}.{column}",
            tuple(change.id for change in one.updated if change.fields[column][0] is None),
            tuple(change for change in one.updated if change.fields[column][0] is not None),
            one.unchanged,
        )
        for one in written.stored
        if (column := _SHOWN.get(one.table))
    ]


def version(album: Album, written: Plan) -> str:
    """The data version of what is shown once the plan has been done."""
    rows = {name: dict(album.stored[name]) for name in _SHOWN}
    for each in written.writes:
        if each.table.name in _SHOWN:
            rows[each.table.name] |= each.rows
    return digest_of(
        {
            name: {id_: {_SHOWN[name]: row[_SHOWN[name]]} for id_, row in by_id.items()}
            for name, by_id in rows.items()
        }
    )


def changes(album: Album, written: Plan) -> Sequence[Mapping[str, Any]]:
    """The addresses that a plan changes, with the names of those who show them."""
    names = {(table.name, id_): name for table, id_, name, _ in album.places}
    return [
        {"table": one.table, "row": names[one.table, change.id], "field": field, "from": a, "to": b}
        for one in written.stored
        if one.table in _SHOWN
        for change in one.updated
        for field, (a, b) in change.fields.items()
    ]
