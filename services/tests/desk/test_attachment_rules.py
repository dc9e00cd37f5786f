"""The rules of attachments and the remaking of pictures, without a desk."""

from __future__ import annotations

import io
import os
import struct
import time
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from desk.attachments import images, rules
from desk.attachments.files import LocalFiles
from desk.kernel import settings, wording
from desk.kernel.errors import DeskError, InvalidError
from PIL import Image

LIMITS = settings.load({}, require_secrets=False).attachments
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def encoded(form: str, size: tuple[int, int] = (60, 40), mode: str = "RGB", **options: object) -> bytes:
    """A picture in this format."""
    out = io.BytesIO()
    Image.new(mode, size, "red").save(out, form, **options)
    return out.getvalue()


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("破损照片.JPG", "破损照片.jpg"),
        ("../../etc/passwd", "passwd.jpg"),
        ("C:\\Users\\me\\photo.png", "photo.jpg"),
        ("invoice\u202egpj.exe", "invoicegpj.jpg"),
        ("a\u200bb\ufeffc\u2066d.jpg", "abcd.jpg"),
        ("line\r\nSet-Cookie: x=1.jpg", "lineSet-Cookie x1.jpg"),
        ("\x00\x1f", "image.jpg"),
        ("", "image.jpg"),
        ("...", "image.jpg"),
        ("=cmd|' /C calc'!A0.jpg", "C calc'!A0.jpg"),
        ("\ud800.jpg", "image.jpg"),
        ("名" * 300 + ".png", "名" * 80 + ".jpg"),
        ("ｆｕｌｌ．ｊｐｇ", "full.jpg"),
    ],
)
def test_a_name_is_only_words_and_ends_as_its_type(raw: str, shown: str) -> None:
    assert rules.clean_name(raw, "image/jpeg") == shown


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (encoded("JPEG"), "image/jpeg"),
        (encoded("PNG"), "image/png"),
        (encoded("WEBP"), "image/webp"),
        (encoded("GIF"), "image/gif"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0", "video/mp4"),
        (b"%PDF-1.7\n%....", "application/pdf"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", None),
        (b"<!doctype html><script>", None),
        (b"\0\0\0\x18ftypheic\0\0\0\0", None),
        (b"MZ\x90\0", None),
        (b" %PDF-1.7", None),
    ],
)
def test_what_a_file_is_shows_in_its_first_bytes(head: bytes, media_type: str | None) -> None:
    assert rules.sniff(head[: rules.HEAD_BYTES]) == media_type


def test_only_a_few_types_may_be_claimed() -> None:
    assert rules.claimed_type("Image/JPEG; charset=x") == "image/jpeg"
    for refused in (None, "", "image/svg+xml", "text/html", "application/octet-stream", "image/jpeg, text/html"):
        with pytest.raises(InvalidError, match="attachment_type_refused"):
            rules.claimed_type(refused)


def test_sizes_numbers_and_ids_have_limits() -> None:
    rules.check_size(LIMITS.image_bytes, "image/png", LIMITS)
    rules.check_count(LIMITS.an_hour - 1, LIMITS, 60)
    rules.check_ids(["a"] * 1, LIMITS)
    for broken in (
        lambda: rules.check_size(LIMITS.image_bytes + 1, "image/png", LIMITS),
        lambda: rules.check_count(LIMITS.an_hour, LIMITS, 60),
        lambda: rules.check_ids([str(n) for n in range(LIMITS.a_message + 1)], LIMITS),
        lambda: rules.check_ids(["a", "a"], LIMITS),
        lambda: rules.check_content(b"", "image/png"),
        lambda: rules.check_content(b"<svg", "image/png"),
    ):
        with pytest.raises(DeskError):
            broken()


def test_words_stand_for_files_where_only_words_fit() -> None:
    words = wording.load(settings.REPOSITORY / "playbook")
    assert rules.spoken(None, [{"kind": "image"}, {"kind": "document"}], words) == "[图片] [文件]"
    assert rules.spoken("杯子碎了", [{"kind": "image"}], words) == "杯子碎了 [图片]"
    assert rules.spoken("杯子碎了", None, words) == "杯子碎了"


def remade(tmp_path: Path, raw: bytes, media_type: str, **options: int) -> tuple[images.Picture, Path, Path]:
    """The picture and its two files."""
    source, picture, thumbnail = tmp_path / "in", tmp_path / "out", tmp_path / "small"
    source.write_bytes(raw)
    limits = {"max_pixels": 50_000_000, "max_side": 2560, **options}
    return images.remake(source, media_type, picture, thumbnail, **limits), picture, thumbnail


def test_a_photo_loses_what_the_camera_wrote_and_stands_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010F] = "SECRETCAM"
    exif.get_ifd(0x8825).update({1: "N", 2: (31.0, 12.0, 30.0), 3: "E", 4: (121.0, 28.0, 6.0)})
    raw = encoded("JPEG", (4000, 3000), exif=exif, comment=b"SECRETCOMMENT") + b"SECRETTAIL<script>"
    assert b"SECRETCAM" in raw
    made, picture, thumbnail = remade(tmp_path, raw, "image/jpeg")
    assert (made.media_type, made.width, made.height) == ("image/jpeg", 1920, 2560)
    for path in (picture, thumbnail):
        assert b"SECRET" not in path.read_bytes()
        with Image.open(path) as shown:
            assert not dict(shown.getexif())
            assert shown.height > shown.width
    with Image.open(thumbnail) as small:
        assert max(small.size) == images.THUMBNAIL_SIDE


def test_a_large_picture_is_bounded_and_a_transparent_one_stays_so(tmp_path: Path) -> None:
    made, picture, _ = remade(tmp_path, encoded("PNG", (3000, 1000), "RGBA"), "image/png", max_side=600)
    assert (made.media_type, made.width, made.height) == ("image/png", 600, 200)
    with Image.open(picture) as shown:
        assert (shown.mode, shown.format) == ("RGBA", "PNG")


def test_of_an_animation_the_first_picture_stays(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (30, 30), colour) for colour in ("red", "blue", "green")]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    made, picture, _ = remade(tmp_path, out.getvalue(), "image/gif")
    assert made.media_type == "image/png"
    with Image.open(picture) as shown:
        assert getattr(shown, "n_frames", 1) == 1


def png_bomb(width: int, height: int) -> bytes:
    """A PNG of a few hundred bytes that claims to be enormous."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 4096))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("side", [8_000, 30_000, 60_000])
def test_a_bomb_is_refused_before_it_is_decoded(tmp_path: Path, side: int) -> None:
    with pytest.raises(InvalidError, match=r"attachment_(picture_too_large|damaged)"):
        remade(tmp_path, png_bomb(side, side), "image/png")


@pytest.mark.parametrize(
    ("raw", "media_type"),
    [
        (encoded("JPEG", (900, 900))[:800], "image/jpeg"),
        (encoded("PNG")[:40], "image/png"),
        (encoded("GIF")[:20], "image/gif"),
        (encoded("WEBP")[:30], "image/webp"),
        (b"\xff\xd8\xff" + os.urandom(2_000), "image/jpeg"),
        (encoded("PNG"), "image/jpeg"),
    ],
)
def test_a_broken_picture_is_refused(tmp_path: Path, raw: bytes, media_type: str) -> None:
    with pytest.raises(InvalidError, match="attachment_damaged"):
        remade(tmp_path, raw, media_type)


def test_files_are_kept_whole_or_not_at_all(tmp_path: Path) -> None:
    files = LocalFiles(tmp_path / "attachments")
    files.prepare()
    with files.draft() as draft:
        draft.write_bytes(b"whole")
        key = files.keep(draft)
    with files.draft() as lost:
        lost.write_bytes(b"half")
    assert files.path(key).read_bytes() == b"whole"
    assert not lost.exists()
    assert oct((tmp_path / "attachments").stat().st_mode)[-3:] == "700"
    assert list(files.keys_older_than(3_600)) == []
    os.utime(files.path(key), (time.time() - 7_200,) * 2)
    assert list(files.keys_older_than(3_600)) == [key]
    files.remove(key)
    files.remove(key)
    for bad in ("", "../../etc/passwd", "a" * 39, "A" * 40):
        with pytest.raises(ValueError, match="not a key"):
            files.path(bad)
