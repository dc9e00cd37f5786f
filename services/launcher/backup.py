"""Backup and restore of everything Baton keeps: desk, Rasa's memory, demo shop, uploaded files; while it runs.

In this order, so that whatever is later names nothing that an earlier part lacks: a file is durable before its row is,
and a bot or shop that knows more than the desk answers a repeated message or request as it did the first time.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from desk.kernel import settings as desk_settings
from shop.kernel.settings import Settings as ShopSettings

from launcher import databases
from launcher.output import say
from launcher.settings import LauncherError

FORMAT = 1
MANIFEST, ATTACHMENTS, UNFINISHED = "manifest.json", "attachments", "incoming"
REQUIRED = "desk"


@dataclass(frozen=True)
class Places:
    """Where what is kept lies: database URLs by name, in the order in which they are copied, and the files' folder."""

    databases: dict[str, str]
    attachments: Path


def places(environment: Mapping[str, str]) -> Places:
    """As desk and shop read their settings."""
    try:
        desk = desk_settings.load(environment, require_secrets=False)
    except desk_settings.SettingsError as error:
        raise LauncherError(str(error)) from error
    shop = ShopSettings.from_environment(environment)
    urls = {"desk": desk.database_url, "tracker": desk.tracker_database_url, "shop": shop.database_url}
    return Places(urls, desk.attachments_dir)


def backup(kept: Places, into: Path, now: datetime) -> Path:
    """A new folder below `into` with everything; it has its name only once it is complete. LauncherError."""
    target = into / f"baton-{now:%Y%m%dT%H%M%SZ}"
    unfinished = target.with_name(f"{target.name}.unfinished")
    if databases.is_empty(kept.databases[REQUIRED]):
        raise LauncherError("there is no desk database to back up: look at BATON_DATA_DIR or BATON_DESK_DATABASE_URL.")
    if target.exists():
        raise LauncherError(f"{target} is there already.")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    parts = [_save(name, url, unfinished) for name, url in kept.databases.items() if databases.is_there(url)]
    files, size = _copy_files(kept.attachments, unfinished / ATTACHMENTS)
    manifest = {
        "format": FORMAT,
        "made_at": now.isoformat(),
        "databases": parts,
        "attachments": {"files": files, "bytes": size},
    }
    (unfinished / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    os.sync()
    unfinished.rename(target)
    say("backup", f"{', '.join(part['name'] for part in parts)} and {files} files in {target}")
    return target


def restore(source: Path, kept: Places) -> None:
    """Put a backup into empty places; LauncherError, before anything is written, for a full place or a damaged part."""
    manifest = _read_manifest(source)
    for part in manifest["databases"]:
        _check(part, source, kept)
    if _holds_files(kept.attachments):
        raise LauncherError(f"{kept.attachments} holds files already: restore only into an empty place.")
    for part in manifest["databases"]:
        databases.restore(source / part["file"], kept.databases[part["name"]])
        say("restore", f"{part['name']} ({part['kind']}, {part['bytes']} bytes)")
    files, _ = _copy_files(source / ATTACHMENTS, kept.attachments)
    say("restore", f"{files} files; made at {manifest['made_at']}")
    if files != manifest["attachments"]["files"]:
        raise LauncherError(f"{files} files restored, but {manifest['attachments']['files']} were backed up.")


def _save(name: str, url: str, folder: Path) -> dict[str, Any]:
    kind = databases.kind_of(url)
    target = folder / f"{name}.{databases.SUFFIX[kind]}"
    databases.save(url, target)
    return {"name": name, "kind": kind, "file": target.name, "bytes": target.stat().st_size, "sha256": _digest(target)}


def _read_manifest(source: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((source / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LauncherError(f"{source} is no complete backup: {MANIFEST} cannot be read.") from error
    if manifest.get("format") != FORMAT:
        raise LauncherError(f"{source} has format {manifest.get('format')}, this program reads {FORMAT}.")
    return manifest


def _check(part: Mapping[str, Any], source: Path, kept: Places) -> None:
    file, url = source / part["file"], kept.databases[part["name"]]
    if not file.is_file() or _digest(file) != part["sha256"]:
        raise LauncherError(f"{file} is missing or is not what was backed up.")
    if databases.kind_of(url) != part["kind"]:
        raise LauncherError(f"{part['name']} was backed up from {part['kind']}, its place is {databases.kind_of(url)}.")
    if not databases.is_empty(url):
        raise LauncherError(f"the place of {part['name']} is not empty: restore only into an empty place.")


def _holds_files(folder: Path) -> bool:
    return any(path.is_file() for path in folder.rglob("*"))


def _copy_files(source: Path, target: Path) -> tuple[int, int]:
    """(files, bytes) copied; what is erased meanwhile is left out, unfinished uploads are, too."""
    files = size = 0
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    for folder in sorted(source.iterdir()) if source.is_dir() else []:
        if not folder.is_dir() or folder.name == UNFINISHED:
            continue
        (target / folder.name).mkdir(mode=0o700, exist_ok=True)
        for file in folder.iterdir():
            copy = target / folder.name / file.name
            try:
                shutil.copyfile(file, copy)
            except FileNotFoundError:
                continue
            files, size = files + 1, size + copy.stat().st_size
    return files, size


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
