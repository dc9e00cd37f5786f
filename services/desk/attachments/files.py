"""Where attachments lie: a folder outside of every web root, written so that a crash leaves no half file."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FOLDER_MODE = 0o700
_KEY_BYTES = 20


class LocalFiles:
    """Files by random key below one folder, `ab/abcd…`; what is not finished yet lies in `incoming/`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._incoming = folder / "incoming"

    def prepare(self) -> None:
        """Make the folders, for the desk's user only; OSError."""
        for folder in (self._folder, self._incoming):
            folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)

    def free_bytes(self) -> int:
        """Room left on the disk."""
        return shutil.disk_usage(self._folder).free

    @contextmanager
    def draft(self) -> Iterator[Path]:
        """A place for an unfinished file; whatever was not kept is gone afterwards."""
        path = self._incoming / secrets.token_hex(_KEY_BYTES)
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def keep(self, draft: Path) -> str:
        """Make a draft durable under a new key."""
        key = secrets.token_hex(_KEY_BYTES)
        target = self.path(key)
        target.parent.mkdir(mode=_FOLDER_MODE, exist_ok=True)
        _sync(draft)
        draft.rename(target)
        _sync(target.parent)
        return key

    def path(self, key: str) -> Path:
        """Where the file of a key lies; ValueError for what is no key."""
        if len(key) != 2 * _KEY_BYTES or not set(key) <= set("0123456789abcdef"):
            raise ValueError("not a key")
        return self._folder / key[:2] / key

    def remove(self, key: str) -> None:
        """Forget a file; nothing happens when it is gone already."""
        self.path(key).unlink(missing_ok=True)

    def keys_older_than(self, seconds: float) -> Iterator[str]:
        """Keys of finished files that were written longer ago."""
        before = time.time() - seconds
        for folder in self._folder.iterdir():
            if len(folder.name) == 2 and folder.is_dir():
                yield from (path.name for path in folder.iterdir() if _written(path) < before)

    def drop_drafts_older_than(self, seconds: float) -> int:
        """Remove unfinished files of a process that died; how many there were."""
        before = time.time() - seconds
        old = [path for path in self._incoming.iterdir() if _written(path) < before]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)


def _written(path: Path) -> float:
    """When, in Unix seconds; a file that has just been removed counts as new."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return time.time()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
