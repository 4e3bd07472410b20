"""The values of an examination: the installation that is examined, and what a check says of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dp_pipeline.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    import dagster as dg

    from dp_pipeline.database.database import Database
    from dp_pipeline.storage import ObjectStore

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What one check says.

    Args:
        state: ok; warn: something works that may not for long, or was not tried; fail.
        said: what was found, in a sentence.
        cure: what to do about it, whole; empty where nothing is to be done.
    """

    state: State
    said: str
    cure: str = ""


@dataclass(frozen=True, slots=True)
class Installation:
    """What is examined; each part is opened by the check that needs it, and may fail there.

    Args:
        settings: of the environment.
        database: opens the database, an embedded server included; its tables may be of any version.
        objects: opens the object store.
        dagster: opens Dagster's instance.
        read_competitions: reads a file of followed competitions, or raises with what is wrong.
    """

    settings: Settings
    database: "Callable[[], Database]"
    objects: "Callable[[], ObjectStore]"
    dagster: "Callable[[], dg.DagsterInstance]"
    read_competitions: "Callable[[Path], object]"


Check = Callable[[Installation], Diagnosis]
