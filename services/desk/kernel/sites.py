"""Sites: which shops embed the widget, from which origins, and with which keys each signs who its customers are.

Without a file there is one site: BATON_IDENTITY_SECRET vouches for whatever site an identity names, and
BATON_WIDGET_FRAME_ANCESTORS says who may embed. With one, every site has its own keys and origins, and a key of one
shop cannot vouch for a customer of another. The first key of a list signs, all of them are accepted: a new key is put
first, later the old one is taken away.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta, Struct

from desk.kernel.private_files import PrivateFileError, read_private

if TYPE_CHECKING:
    from pathlib import Path

MIN_KEY_CHARACTERS = 16
_ORIGIN = re.compile(r"https?://(?:[a-z0-9-]+\.)*[a-z0-9-]+(?::[0-9]{1,5})?")

KeyText = Annotated[str, Meta(min_length=MIN_KEY_CHARACTERS)]


class SitesError(Exception):
    """The file cannot be used; the message is the end of a sentence about it."""


class Key(Struct, frozen=True):
    """One key for identities; `site` is the only one it vouches for, None for every one."""

    secret: str
    site: str | None = None


class Site(Struct, frozen=True, forbid_unknown_fields=True):
    """One shop: its name in identities and in `data-site`, its exact origins, its keys."""

    site: Annotated[str, Meta(min_length=1, max_length=64)]
    origins: list[str]
    identity_secrets: Annotated[list[KeyText], Meta(min_length=1)]


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    sites: Annotated[list[Site], Meta(min_length=1)]


def keys_of(secrets: str) -> tuple[Key, ...]:
    """Keys that vouch for every site, from a comma separated list; empty ones are none."""
    return tuple(Key(part.strip()) for part in secrets.split(",") if part.strip())


def keys_of_sites(sites: tuple[Site, ...]) -> tuple[Key, ...]:
    """The keys of all sites, each for its own only."""
    return tuple(Key(secret, one.site) for one in sites for secret in one.identity_secrets)


def load(path: Path) -> tuple[Site, ...]:
    """The sites of a YAML file that others cannot read. SitesError names what is wrong, never a key."""
    try:
        found = msgspec.yaml.decode(read_private(path), type=_File).sites
    except PrivateFileError as error:
        raise SitesError(str(error)) from error
    except msgspec.MsgspecError as error:
        raise SitesError(f"cannot be used: {error}") from error
    names = [one.site for one in found]
    if len(set(names)) != len(names):
        raise SitesError("names a site twice")
    for origin in (origin for one in found for origin in one.origins):
        if not _ORIGIN.fullmatch(origin):
            raise SitesError(f"has {origin!r} among its origins: write https://shop.example, with no path and no *")
    return tuple(found)


def ancestors_of(sites: tuple[Site, ...], name: str) -> list[str]:
    """Exactly the origins of one site; none for a site that is not listed."""
    return [origin for one in sites if one.site == name for origin in one.origins]
