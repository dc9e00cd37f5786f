"""Pictures made anew: only the pixels of what was uploaded survive, upright and of a bounded size."""

from __future__ import annotations

import struct
import warnings
from typing import TYPE_CHECKING

from msgspec import Struct
from PIL import Image, ImageOps

from desk.kernel.errors import InvalidError

if TYPE_CHECKING:
    from pathlib import Path

THUMBNAIL_SIDE = 480
_QUALITY = 85
_THUMBNAIL_QUALITY = 78
_FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP", "image/gif": "GIF"}
_KEPT_SHARP = {"image/png", "image/gif"}  # screenshots and drawings: JPEG would smear their letters

# A bomb is an error; Pillow by itself only warns up to twice its limit.
warnings.simplefilter("error", Image.DecompressionBombWarning)

# Whatever Pillow's decoders raise on purpose-made files.
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    TypeError,
    IndexError,
    KeyError,
    OverflowError,
    MemoryError,
    struct.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


class Picture(Struct, frozen=True):
    """What became of an uploaded picture."""

    media_type: str
    width: int
    height: int


def remake(source: Path, media_type: str, picture: Path, thumbnail: Path, *, max_pixels: int, max_side: int) -> Picture:
    """Write `picture` and `thumbnail` from `source`; of an animation the first picture.

    InvalidError `attachment_picture_too_large` (more pixels than allowed), `attachment_damaged`.
    """
    try:
        with Image.open(source, formats=[_FORMATS[media_type]]) as opened:
            if opened.width * opened.height > max_pixels:
                raise InvalidError("attachment_picture_too_large", limit=max_pixels // 1_000_000)
            opened.draft("RGB", (max_side, max_side))  # JPEG: decode no more than is needed
            upright = ImageOps.exif_transpose(opened)
            pixels = _plain(upright)
        pixels.thumbnail((max_side, max_side), Image.Resampling.LANCZOS)
        sharp = media_type in _KEPT_SHARP or pixels.mode == "RGBA"
        _save(pixels, picture, sharp=sharp, quality=_QUALITY)
        small = pixels.copy()
        small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS)
        _save(small, thumbnail, sharp=sharp, quality=_THUMBNAIL_QUALITY)
    except _BROKEN as error:
        raise InvalidError("attachment_damaged") from error
    return Picture("image/png" if sharp else "image/jpeg", pixels.width, pixels.height)


def _plain(image: Image.Image) -> Image.Image:
    """Eight bits a channel, with transparency only where there is some, and nothing besides the pixels."""
    transparent = image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info
    pixels = image.convert("RGBA" if transparent else "RGB")
    pixels.info.clear()
    return pixels


def _save(pixels: Image.Image, target: Path, *, sharp: bool, quality: int) -> None:
    if sharp:
        pixels.save(target, format="PNG")
    else:
        pixels.save(target, format="JPEG", quality=quality, progressive=True)
