"""The object store: a folder or an S3 bucket, the same to callers.

Belongs here: how objects are put and found, and that a store that fails ends nothing but the call.
Not here: what the objects are.
"""

from dp_pipeline.storage.deadline import ANSWER_SECONDS, PAUSE_SECONDS, Storing, within
from dp_pipeline.storage.folder import Folder
from dp_pipeline.storage.s3 import S3
from dp_pipeline.storage.store import ASK_AGAIN, PRIVATE, ObjectStore, ObjectStoreError, place_of

__all__ = [
    "ANSWER_SECONDS",
    "ASK_AGAIN",
    "PAUSE_SECONDS",
    "PRIVATE",
    "S3",
    "Folder",
    "ObjectStore",
    "ObjectStoreError",
    "Storing",
    "place_of",
    "within",
]
