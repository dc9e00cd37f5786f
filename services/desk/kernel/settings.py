"""Settings of the desk: one row (name, default, help) each, read from the environment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

_MIN_SECRET_CHARACTERS = 16
_MEGABYTE = 1024 * 1024
REPOSITORY = Path(__file__).resolve().parents[3]


class SettingsError(Exception):
    """A setting is missing or cannot be read; the message is one sentence for the person starting the desk."""


class Row(NamedTuple):
    """One setting: environment variable, default as written in the environment (None: required), help."""

    name: str
    default: str | None
    help: str


ROWS: tuple[Row, ...] = (
    Row("BATON_DATA_DIR", "var", "folder of databases and generated files, relative to the repository"),
    Row("BATON_DESK_HOST", "0.0.0.0", "address the desk listens on"),  # noqa: S104 - the desk is the public edge
    Row("BATON_DESK_PORT", "8000", "port the desk listens on"),
    Row("BATON_DESK_DATABASE_URL", "", "sqlite:///file or postgresql://…; empty: desk.db in the data folder"),
    Row("BATON_REDIS_URL", "", "redis://… that joins several desk processes on one PostgreSQL; empty: they poll it"),
    Row("BATON_RASA_PORT", "5005", "port of Rasa, used when BATON_RASA_URL is empty"),
    Row("BATON_RASA_URL", "", "base address of Rasa; empty: this machine"),
    Row("BATON_SHOP_PORT", "8001", "port of the shop, used when BATON_SHOP_URL is empty"),
    Row("BATON_SHOP_URL", "", "base address of the shop API; empty: this machine"),
    Row("BATON_SHOP_TOKEN", None, "secret the shop expects from the desk"),
    Row("BATON_BOT_TOKEN", None, "secret Rasa's desk channel expects"),
    Row("BATON_IDENTITY_SECRET", None, "secret with which the shop signs who its customer is"),
    Row("BATON_DEMO", "0", "1: show the demo shop's customers on the demo page"),
    Row(
        "BATON_PLAYBOOK_DIR",
        "playbook",
        "folder of what a supervisor edits, relative to the repository",
    ),
    Row("BATON_CONTRACTS_DIR", "contracts", "folder with the JSON Schemas, relative to the repository"),
    Row("BATON_WEB_DIR", "web", "folder with the built front ends, relative to the repository"),
    Row("BATON_WIDGET_FRAME_ANCESTORS", "'self'", "CSP sources of the shop pages that may embed the widget"),
    Row("BATON_CONSOLE_ORIGINS", "", "origins besides the desk's own that may open the agent socket by cookie"),
    Row("BATON_TRUSTED_PROXIES", "", "addresses of proxies whose X-Forwarded-For is believed, comma separated"),
    Row("BATON_COOKIE_SECURE", "0", "1: the console's cookie travels over HTTPS only"),
    Row("BATON_LOG_LEVEL", "info", "debug, info, warning or error"),
    Row("BATON_BOT_TIMEOUT_SECONDS", "20", "longest wait for one answer of Rasa"),
    Row("BATON_BOT_CONCURRENCY", "16", "messages at Rasa at the same time"),
    Row("BATON_BOT_NOTICE_AFTER_SECONDS", "8", "Rasa unreachable so long: tell the customer once"),
    Row("BATON_BOT_HANDOFF_AFTER_SECONDS", "45", "Rasa unreachable so long: queue for a person"),
    Row("BATON_BOT_RESCAN_SECONDS", "20", "how often the database is searched for work nobody is doing"),
    Row("BATON_SHOP_TIMEOUT_SECONDS", "4", "longest wait for one answer of the shop"),
    Row("BATON_SESSION_HOURS", "12", "how long an agent stays logged in"),
    Row("BATON_LOGIN_ATTEMPTS", "5", "failed logins of one username in the window before it is throttled"),
    Row("BATON_LOGIN_ATTEMPTS_ADDRESS", "30", "failed logins from one address in the window"),
    Row("BATON_LOGIN_WINDOW_SECONDS", "900", "the window of the two settings above"),
    Row("BATON_PRESENCE_GRACE_SECONDS", "60", "a console without a socket goes offline after so long"),
    Row("BATON_PRESENCE_API_SECONDS", "900", "an agent who only calls the HTTP API goes offline after so long"),
    Row("BATON_AWAY_NOTICE_SECONDS", "120", "nobody on duty for so long: waiting customers are told"),
    Row("BATON_HANDLING_FALLBACK_SECONDS", "240", "assumed handling time while there is no history"),
    Row("BATON_PICKUP_SECONDS", "40", "usual time until a free agent picks a customer up"),
    Row("BATON_MESSAGE_RATE_PER_SECOND", "10", "messages a second one connection may send on average"),
    Row("BATON_MESSAGE_BURST", "20", "messages one connection may send at once"),
    Row("BATON_SEND_QUEUE", "500", "frames that may wait for a slow reader before the desk hangs up"),
    Row("BATON_SLOW_READER_SECONDS", "15", "a reader that takes no frame for so long is hung up on"),
    Row("BATON_WEBHOOK_URL", "", "http(s) addresses that are told what happens to handoffs, comma separated"),
    Row("BATON_WEBHOOK_SECRET_FILE", "", "file with the secret that signs webhooks, relative to the repository"),
    Row(
        "BATON_ATTACHMENTS_DIR",
        "",
        "folder of uploaded files, shared by all desks; empty: attachments in the data folder",
    ),
    Row("BATON_ATTACHMENT_IMAGE_MB", "10", "largest picture that may be uploaded"),
    Row("BATON_ATTACHMENT_VIDEO_MB", "50", "largest video"),
    Row("BATON_ATTACHMENT_DOCUMENT_MB", "10", "largest document"),
    Row("BATON_ATTACHMENT_IMAGE_MEGAPIXELS", "50", "a picture with more is refused before it is decoded"),
    Row("BATON_ATTACHMENT_IMAGE_SIDE", "2560", "longest side of a stored picture, in pixels"),
    Row("BATON_ATTACHMENTS_A_MESSAGE", "6", "files one message may carry"),
    Row("BATON_ATTACHMENTS_AN_HOUR", "40", "files one person may upload to a conversation in an hour"),
    Row("BATON_ATTACHMENTS_AT_ONCE", "32", "uploads one desk takes at the same time"),
    Row("BATON_ATTACHMENT_UPLOAD_SECONDS", "300", "longest time one upload may take"),
    Row("BATON_ATTACHMENT_UNSENT_HOURS", "24", "an uploaded file that was never sent is removed after so long"),
    Row("BATON_ATTACHMENT_SWEEP_SECONDS", "3600", "how often unsent and orphaned files are looked for"),
    Row("BATON_ATTACHMENT_MIN_FREE_MB", "512", "with less room on the disk no file is taken"),
    Row("BATON_DEFAULT_SKILL_GROUP", "after_sales", "group of a handoff whose summary names none"),
)


@dataclass(frozen=True)
class AttachmentLimits:
    """What people may upload; sizes in bytes, `image_pixels` width times height, durations in seconds."""

    image_bytes: int
    video_bytes: int
    document_bytes: int
    image_pixels: int
    image_side: int
    a_message: int
    an_hour: int
    at_once: int
    upload_seconds: float
    unsent_seconds: float
    sweep_seconds: float
    min_free_bytes: int


@dataclass(frozen=True)
class Settings:
    """Values of ROWS in their types; durations in seconds."""

    data_dir: Path
    host: str
    port: int
    database_url: str
    redis_url: str
    rasa_url: str
    shop_url: str
    shop_token: str
    bot_token: str
    identity_secret: str
    demo: bool
    playbook_dir: Path
    contracts_dir: Path
    web_dir: Path
    frame_ancestors: str
    console_origins: tuple[str, ...]
    trusted_proxies: tuple[str, ...]
    cookie_secure: bool
    log_level: str
    bot_timeout_seconds: float
    bot_concurrency: int
    bot_notice_after_seconds: float
    bot_handoff_after_seconds: float
    bot_rescan_seconds: float
    shop_timeout_seconds: float
    session_hours: float
    login_attempts: int
    login_attempts_address: int
    login_window_seconds: float
    presence_grace_seconds: float
    presence_api_seconds: float
    away_notice_seconds: float
    handling_fallback_seconds: float
    pickup_seconds: float
    message_rate_per_second: float
    message_burst: int
    send_queue: int
    slow_reader_seconds: float
    default_skill_group: str
    webhook_urls: tuple[str, ...]
    webhook_secret: str
    attachments_dir: Path
    attachments: AttachmentLimits


class _Reader:
    """Reads typed values out of the environment, with the defaults of ROWS."""

    def __init__(self, environment: Mapping[str, str], require_secrets: bool) -> None:
        self._environment = environment
        self._rows = {row.name: row for row in ROWS}
        self._require_secrets = require_secrets

    def text(self, name: str) -> str:
        value = self._environment.get(name, "").strip()
        if value:
            return value
        default = self._rows[name].default
        if default is None:
            if self._require_secrets:
                raise SettingsError(f"{name} is not set: start everything with `make run`, or set this secret.")
            return ""
        return default

    def number(self, name: str) -> float:
        try:
            value = float(self.text(name))
        except ValueError as error:
            raise SettingsError(f"{name} must be a number, not {self.text(name)!r}.") from error
        if value < 0:
            raise SettingsError(f"{name} must not be negative.")
        return value

    def whole(self, name: str) -> int:
        return int(self.number(name))

    def megabytes(self, name: str) -> int:
        return int(self.number(name) * _MEGABYTE)

    def path(self, name: str) -> Path:
        return REPOSITORY / self.text(name)

    def words(self, name: str) -> tuple[str, ...]:
        return tuple(word.strip() for word in self.text(name).split(",") if word.strip())

    def addresses(self, name: str) -> tuple[str, ...]:
        """http(s) only, and no name or password in them: they would show in lists and logs."""
        found = tuple(dict.fromkeys(self.words(name)))
        for address in found:
            parts = urlsplit(address)
            if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.password:
                raise SettingsError(f"{name} takes http:// or https:// addresses without a name in them.")
        return found

    def secret_file(self, name: str, *, wanted: bool) -> str:
        """The file's content; nothing while it is not wanted."""
        if not wanted or not self._require_secrets:
            return ""
        if not self.text(name):
            raise SettingsError(f"{name} is not set: webhooks are always signed.")
        try:
            secret = self.path(name).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SettingsError(f"{name} cannot be read: {error.strerror}.") from error
        if len(secret) < _MIN_SECRET_CHARACTERS:
            raise SettingsError(f"{name} must hold at least {_MIN_SECRET_CHARACTERS} characters.")
        return secret

    def flag(self, name: str) -> bool:
        return self.text(name) in {"1", "true", "yes", "on"}


def load(environment: Mapping[str, str], *, require_secrets: bool = True) -> Settings:
    """Settings from `environment`; SettingsError with one sentence when one is missing or malformed."""
    read = _Reader(environment, require_secrets)
    data_dir = read.path("BATON_DATA_DIR")
    return Settings(
        data_dir=data_dir,
        host=read.text("BATON_DESK_HOST"),
        port=read.whole("BATON_DESK_PORT"),
        database_url=read.text("BATON_DESK_DATABASE_URL") or f"sqlite:///{data_dir / 'desk.db'}",
        redis_url=read.text("BATON_REDIS_URL"),
        rasa_url=read.text("BATON_RASA_URL") or f"http://127.0.0.1:{read.whole('BATON_RASA_PORT')}",
        shop_url=read.text("BATON_SHOP_URL") or f"http://127.0.0.1:{read.whole('BATON_SHOP_PORT')}",
        shop_token=read.text("BATON_SHOP_TOKEN"),
        bot_token=read.text("BATON_BOT_TOKEN"),
        identity_secret=read.text("BATON_IDENTITY_SECRET"),
        demo=read.flag("BATON_DEMO"),
        playbook_dir=read.path("BATON_PLAYBOOK_DIR"),
        contracts_dir=read.path("BATON_CONTRACTS_DIR"),
        web_dir=read.path("BATON_WEB_DIR"),
        frame_ancestors=read.text("BATON_WIDGET_FRAME_ANCESTORS"),
        console_origins=read.words("BATON_CONSOLE_ORIGINS"),
        trusted_proxies=read.words("BATON_TRUSTED_PROXIES"),
        cookie_secure=read.flag("BATON_COOKIE_SECURE"),
        log_level=read.text("BATON_LOG_LEVEL").lower(),
        bot_timeout_seconds=read.number("BATON_BOT_TIMEOUT_SECONDS"),
        bot_concurrency=max(1, read.whole("BATON_BOT_CONCURRENCY")),
        bot_notice_after_seconds=read.number("BATON_BOT_NOTICE_AFTER_SECONDS"),
        bot_handoff_after_seconds=read.number("BATON_BOT_HANDOFF_AFTER_SECONDS"),
        bot_rescan_seconds=read.number("BATON_BOT_RESCAN_SECONDS"),
        shop_timeout_seconds=read.number("BATON_SHOP_TIMEOUT_SECONDS"),
        session_hours=read.number("BATON_SESSION_HOURS"),
        login_attempts=read.whole("BATON_LOGIN_ATTEMPTS"),
        login_attempts_address=read.whole("BATON_LOGIN_ATTEMPTS_ADDRESS"),
        login_window_seconds=read.number("BATON_LOGIN_WINDOW_SECONDS"),
        presence_grace_seconds=read.number("BATON_PRESENCE_GRACE_SECONDS"),
        presence_api_seconds=read.number("BATON_PRESENCE_API_SECONDS"),
        away_notice_seconds=read.number("BATON_AWAY_NOTICE_SECONDS"),
        handling_fallback_seconds=read.number("BATON_HANDLING_FALLBACK_SECONDS"),
        pickup_seconds=read.number("BATON_PICKUP_SECONDS"),
        message_rate_per_second=read.number("BATON_MESSAGE_RATE_PER_SECOND"),
        message_burst=read.whole("BATON_MESSAGE_BURST"),
        send_queue=max(1, read.whole("BATON_SEND_QUEUE")),
        slow_reader_seconds=read.number("BATON_SLOW_READER_SECONDS"),
        default_skill_group=read.text("BATON_DEFAULT_SKILL_GROUP"),
        webhook_urls=read.addresses("BATON_WEBHOOK_URL"),
        webhook_secret=read.secret_file("BATON_WEBHOOK_SECRET_FILE", wanted=bool(read.text("BATON_WEBHOOK_URL"))),
        attachments_dir=REPOSITORY / (read.text("BATON_ATTACHMENTS_DIR") or data_dir / "attachments"),
        attachments=_attachment_limits(read),
    )


def _attachment_limits(read: _Reader) -> AttachmentLimits:
    return AttachmentLimits(
        image_bytes=read.megabytes("BATON_ATTACHMENT_IMAGE_MB"),
        video_bytes=read.megabytes("BATON_ATTACHMENT_VIDEO_MB"),
        document_bytes=read.megabytes("BATON_ATTACHMENT_DOCUMENT_MB"),
        image_pixels=int(read.number("BATON_ATTACHMENT_IMAGE_MEGAPIXELS") * 1_000_000),
        image_side=max(64, read.whole("BATON_ATTACHMENT_IMAGE_SIDE")),
        a_message=max(1, read.whole("BATON_ATTACHMENTS_A_MESSAGE")),
        an_hour=read.whole("BATON_ATTACHMENTS_AN_HOUR"),
        at_once=max(1, read.whole("BATON_ATTACHMENTS_AT_ONCE")),
        upload_seconds=read.number("BATON_ATTACHMENT_UPLOAD_SECONDS"),
        unsent_seconds=read.number("BATON_ATTACHMENT_UNSENT_HOURS") * 3600,
        sweep_seconds=max(1.0, read.number("BATON_ATTACHMENT_SWEEP_SECONDS")),
        min_free_bytes=read.megabytes("BATON_ATTACHMENT_MIN_FREE_MB"),
    )
