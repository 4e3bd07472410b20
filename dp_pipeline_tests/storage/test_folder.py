"""A folder that cannot take an object says why in one sentence."""

import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from dp_pipeline.settings import Settings
from dp_pipeline.storage import Folder, ObjectStoreError

KEY = "images/abc.png"


@pytest.mark.parametrize("name", ["100%", "what?", "a b", "ü", "#1", "%2F..%2F", "-rf", "'\"$(x)"])
def test_a_home_of_any_name_keeps_objects(tmp_path: Path, name: str) -> None:
    # Dagster's SQLite files cannot be below every name: they are elsewhere
    environment = {"DP_HOME": str(tmp_path / name), "DAGSTER_POSTGRES_URL": "postgresql://x/y"}
    home = Settings.load(environment).home
    folder = Folder(home / "objects")
    assert not folder.has(KEY)
    folder.put(KEY, b"x", content_type="image/png")
    assert folder.has(KEY)
    assert (tmp_path / name / "objects" / KEY).read_bytes() == b"x"
    assert folder.url(KEY).startswith("file:///")


@pytest.mark.parametrize("key", ["", "/", "/etc/passwd", "../x", "a/../../x", "a\0b", "."])
def test_a_key_that_is_none_is_refused_and_trying_again_does_not_help(
    tmp_path: Path, key: str
) -> None:
    with pytest.raises(ObjectStoreError, match="no object key") as caught:
        Folder(tmp_path).put(key, b"", content_type="text/plain")
    assert not caught.value.retryable


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("a/" + "x" * 300, "File name too long"),
        ("file/b", "a file is where a folder is needed"),
        ("folder", "Is a directory"),
        ("\udce4", "UnicodeEncodeError|strict|encode|Invalid"),
    ],
)
def test_a_key_that_cannot_be_a_file_is_an_error_of_the_store(
    tmp_path: Path, key: str, says: str
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    folder = Folder(tmp_path)
    try:
        folder.put(key, b"", content_type="text/plain")
    except ObjectStoreError as error:
        assert str(error).startswith(f"The folder {tmp_path} did not take an object: ")  # noqa: PT017
        assert any(each in str(error) for each in says.split("|"))  # noqa: PT017
    else:
        assert key == "\udce4", "a file system of bytes keeps it"
    assert not list(tmp_path.rglob("*.part"))


def test_objects_that_is_a_file_is_an_error_of_the_store(tmp_path: Path) -> None:
    (tmp_path / "objects").touch()
    folder = Folder(tmp_path / "objects")
    assert not folder.has(KEY)
    with pytest.raises(ObjectStoreError, match="a file is where a folder is needed"):
        folder.put(KEY, b"", content_type="image/png")


def test_a_link_to_itself_is_an_error_of_the_store(tmp_path: Path) -> None:
    (tmp_path / "objects").symlink_to(tmp_path / "objects")
    folder = Folder(tmp_path / "objects")
    with pytest.raises(ObjectStoreError):
        folder.put(KEY, b"", content_type="image/png")
    with pytest.raises(ObjectStoreError, match="Too many levels"):
        folder.has(KEY)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 KiB."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip("this machine does not let a small disk be mounted")
    yield tmp_path
    subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_full_disk_is_an_error_of_the_store_and_leaves_no_half_a_file(small: Path) -> None:
    folder = Folder(small / "objects")
    folder.put("images/small.png", b"x" * 4_000, content_type="image/png")
    with pytest.raises(ObjectStoreError, match="No space left on device"):
        folder.put(KEY, b"x" * 200_000, content_type="image/png")
    assert [path.name for path in small.rglob("*") if path.is_file()] == ["small.png"]


def test_a_disk_that_may_only_be_read_is_an_error_of_the_store(small: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small)], check=True)
    with pytest.raises(ObjectStoreError, match=os.strerror(errno.EROFS)):
        Folder(small / "objects").put(KEY, b"x", content_type="image/png")
