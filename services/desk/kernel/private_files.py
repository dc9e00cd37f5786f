"""Files that hold secrets: read only when nobody but their owner (and group) can."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_OTHERS = stat.S_IRWXO


class PrivateFileError(Exception):
    """The file cannot be used; the message is the end of a sentence about it."""


def read_private(path: Path) -> str:
    """The file's text. PrivateFileError when it cannot be read, or when everybody on the machine can."""
    try:
        if stat.S_IMODE(path.stat().st_mode) & _OTHERS:
            raise PrivateFileError("may be read by everybody on this machine: chmod 600")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PrivateFileError(f"cannot be read: {getattr(error, 'strerror', None) or 'not UTF-8'}") from error
