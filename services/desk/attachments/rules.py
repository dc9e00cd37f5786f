"""Rules of attachments without I/O: which files, how large, what they are called, who sees them."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from desk.kernel.errors import InvalidError, TooLargeError, TooManyError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desk.kernel.settings import AttachmentLimits
    from desk.kernel.wording import Wording

Kind = Literal["image", "video", "document"]
Uploader = Literal["customer", "agent"]

HEAD_BYTES = 16  # enough of a file's beginning for `sniff`
MAX_NAME_CHARACTERS = 80
KINDS: dict[str, Kind] = {
    "image/jpeg": "image",
    "image/png": "image",
    "image/webp": "image",
    "image/gif": "image",
    "video/mp4": "video",
    "application/pdf": "document",
}
EXTENSIONS = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "video/mp4": ".mp4",
    "application/pdf": ".pdf",
}
_MP4_BRANDS = {b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"MSNV", b"dash"}
_FORBIDDEN_IN_NAMES = set('<>:"/\\|?*%;=+@')  # paths, headers, shells and spreadsheets read something into these


class Attachment(Struct, frozen=True, kw_only=True):
    """One row of `attachments`: a stored file; `message_id` once it was sent."""

    id: str
    conversation_id: str
    uploader: Uploader
    agent_id: str | None
    kind: Kind
    media_type: str
    name: str
    bytes: int
    width: int | None
    height: int | None
    file_key: str
    thumbnail_key: str | None
    message_id: str | None
    created_at: datetime


class Author(Struct, frozen=True):
    """Who uploads or looks: the conversation's customer, or an agent."""

    kind: Uploader
    agent_id: str | None = None


CUSTOMER = Author("customer")


def claimed_type(header: str | None) -> str:
    """The media type a client claims, without parameters; InvalidError `attachment_type_refused`."""
    media_type = (header or "").partition(";")[0].strip().lower()
    if media_type not in KINDS:
        raise InvalidError("attachment_type_refused")
    return media_type


def limits_view(limits: AttachmentLimits) -> dict[str, Any]:
    """What a front end may hand over, so that it need not upload in vain: {types, a_message, image_bytes, …}."""
    return {
        "types": list(KINDS),
        "a_message": limits.a_message,
        "image_bytes": limits.image_bytes,
        "video_bytes": limits.video_bytes,
        "document_bytes": limits.document_bytes,
    }


def limit_bytes(media_type: str, limits: AttachmentLimits) -> int:
    """The largest file of this type."""
    return {"image": limits.image_bytes, "video": limits.video_bytes, "document": limits.document_bytes}[
        KINDS[media_type]
    ]


def check_size(size: int, media_type: str, limits: AttachmentLimits) -> None:
    """TooLargeError `attachment_too_large` with the limit in MB."""
    limit = limit_bytes(media_type, limits)
    if size > limit:
        raise TooLargeError("attachment_too_large", limit=limit // (1024 * 1024))


def check_count(uploaded_last_hour: int, limits: AttachmentLimits, wait_seconds: float) -> None:
    """TooManyError `too_many_attachments` when one more in this hour is too many; in `wait_seconds` there is room."""
    if uploaded_last_hour >= limits.an_hour:
        raise TooManyError("too_many_attachments", retry_after_seconds=wait_seconds, limit=limits.an_hour)


def check_ids(ids: Sequence[str], limits: AttachmentLimits) -> None:
    """InvalidError `attachments_too_many`, or `attachment_unknown` when one is named twice."""
    if len(ids) > limits.a_message:
        raise InvalidError("attachments_too_many", limit=limits.a_message)
    if len(set(ids)) != len(ids):
        raise InvalidError("attachment_unknown")


def sniff(head: bytes) -> str | None:
    """The media type that a file's first bytes speak of, or None."""
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp" and head[8:12] in _MP4_BRANDS:
        return "video/mp4"
    return "application/pdf" if head.startswith(b"%PDF-") else None


def check_content(head: bytes, media_type: str) -> None:
    """InvalidError `attachment_empty`, or `attachment_mismatch` when the content is not what was claimed."""
    if not head:
        raise InvalidError("attachment_empty")
    if sniff(head) != media_type:
        raise InvalidError("attachment_mismatch")


def check_beginning(head: bytes, media_type: str) -> None:
    """The same as soon as enough has come, so that a wrong file is not taken in to its end."""
    if len(head) == HEAD_BYTES:
        check_content(head, media_type)


def clean_name(raw: str, media_type: str) -> str:
    """A name that is nothing but words: no paths, control or direction characters, always the type's own extension."""
    text = unicodedata.normalize("NFKC", raw.encode("utf-8", "replace").decode())
    text = text.replace("\\", "/").rpartition("/")[2]
    stem = text.rpartition(".")[0] or text
    kept = (character for character in stem if _is_plain(character))
    words = " ".join("".join(kept).split()).strip(" .-_")
    return (words[:MAX_NAME_CHARACTERS] or KINDS[media_type]) + EXTENSIONS[media_type]


def _is_plain(character: str) -> bool:
    if character in _FORBIDDEN_IN_NAMES:
        return False
    return character == " " or unicodedata.category(character)[0] not in {"C", "Z"}


def may_see(attachment: Attachment, viewer: Author) -> bool:
    """What was sent everybody of the conversation sees; what was only uploaded, its uploader."""
    if attachment.message_id is not None:
        return True
    return attachment.uploader == viewer.kind and attachment.agent_id == viewer.agent_id


def view(attachment: Attachment) -> dict[str, Any]:
    """The contract's Attachment: {id, kind, name, bytes, width?, height?, url, thumbnail_url?}."""
    url = f"/api/v1/conversations/{attachment.conversation_id}/attachments/{attachment.id}"
    shown: dict[str, Any] = {
        "id": attachment.id,
        "kind": attachment.kind,
        "name": attachment.name,
        "bytes": attachment.bytes,
    }
    if attachment.width is not None:
        shown |= {"width": attachment.width, "height": attachment.height}
    shown["url"] = url
    if attachment.thumbnail_key is not None:
        shown["thumbnail_url"] = f"{url}/thumbnail"
    return shown


def spoken(text: str | None, attachments: Sequence[dict[str, Any]] | None, wording: Wording) -> str:
    """The words of a message where only words fit: its text, and one word in brackets for each attachment."""
    words = [wording.name("attachments", str(one.get("kind"))) for one in attachments or []]
    return " ".join([*([text] if text else []), *words])
