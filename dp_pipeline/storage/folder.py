"""Objects as files."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from dp_pipeline.storage.store import ObjectStoreError, border


class Folder:
    """Objects as files below a folder; a file appears whole or not at all.

    Args:
        root: the folder.
        served: the web address of a file:// address, where there is one now.
    """

    def __init__(self, root: Path, served: Callable[[str], str | None] = lambda _: None) -> None:
        self._root = root
        self._served = served

    def put(
        self,
        key: str,
        body: bytes,
        *,
        content_type: str,  # noqa: ARG002 - a file has its name for that
        cache_control: str | None = None,  # noqa: ARG002 - and is not served by us
    ) -> None:
        """Store an object as a file."""
        with border(f"The folder {self._root} did not take an object"):
            path = self._path(key)
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(body)
                Path(temporary).replace(path)
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise

    def has(self, key: str) -> bool:
        """Whether there is such a file."""
        with border(f"The folder {self._root} could not be searched for an object"):
            path = self._path(key)
            try:
                path.stat()
            except (FileNotFoundError, NotADirectoryError):
                return False
            return path.is_file()

    def get(self, key: str) -> bytes | None:
        """The content of the file, if there is one."""
        with border(f"The folder {self._root} did not give an object"):
            path = self._path(key)
            try:
                return path.read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                return None

    def delete(self, key: str) -> None:
        """Delete the file."""
        with border(f"The folder {self._root} did not delete an object"):
            self._path(key).unlink(missing_ok=True)

    def url(self, key: str) -> str:
        """A file:// address."""
        return self._path(key).as_uri()

    def link(self, key: str) -> str:
        """Where it is served to browsers of this machine, else the same file:// address."""
        url = self.url(key)
        return self._served(url) or url

    def _path(self, key: str) -> Path:
        parts = PurePosixPath(key).parts
        if not parts or key.startswith("/") or ".." in parts or "\0" in key:
            message = f"{key!r} is no object key."
            raise ObjectStoreError(message, retryable=False)
        return self._root.absolute().joinpath(*parts)
