"""What is published of a tournament taken away from the object store again."""

from dp_pipeline.football.key import MalformedKeyError, TournamentKey
from dp_pipeline.providers.registry import BY_NAME
from dp_pipeline.publish.exports import delete_export
from dp_pipeline.publish.shelf import Shelf
from dp_pipeline.storage import ObjectStore


def withdraw(text: str, objects: ObjectStore) -> None:
    """Delete page, charts and exported files of a tournament.

    Args:
        text: its key, or whatever a partition is called: nothing is published of what is no key.
        objects: where they are.

    Raises:
        ObjectStoreError: the store did not delete something; doing it again deletes the rest.
    """
    try:
        key = TournamentKey.parse(text)
    except MalformedKeyError:
        return
    provider = BY_NAME.get(key.provider)
    if provider is not None:
        Shelf(objects, key, provider.licence).clear()
        delete_export(key, objects)
