"""Settings of the desk: one row (name, default, help) each, read from the environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from desk.kernel.environment import REPOSITORY, Network, Reader, Row, SettingsError
from desk.kernel.sites import Key, Site, SitesError, keys_of, keys_of_sites
from desk.kernel.sites import load as load_sites

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["MIN_AUDIT_DAYS", "REPOSITORY", "ROWS", "Row", "Settings", "SettingsError", "load"]

MIN_AUDIT_DAYS = 184  # six months: the Cybersecurity Law of China, article 21


ROWS: tuple[Row, ...] = (
    Row("BATON_DATA_DIR", "var", "folder of databases and generated files, relative to the repository"),
    Row("BATON_DESK_HOST", "0.0.0.0", "address the desk listens on"),  # noqa: S104 - the desk is the public edge
    Row("BATON_DESK_PORT", "8000", "port the desk listens on"),
    Row("BATON_DESK_DATABASE_URL", "", "sqlite:///file or postgresql://…; empty: desk.db in the data folder"),
    Row("BATON_REDIS_URL", "", "redis://… that joins several desk processes on one PostgreSQL; empty: they poll it"),
    Row("BATON_RASA_PORT", "5005", "port of Rasa, used when BATON_RASA_URL is empty"),
    Row("BATON_RASA_URL", "", "base address of Rasa, or of several workers, comma separated; empty: this machine"),
    Row("BATON_SHOP_PORT", "8001", "port of the shop, used when BATON_SHOP_URL is empty"),
    Row("BATON_SHOP_URL", "", "base address of the shop API; empty: this machine"),
    Row("BATON_SHOP_TOKEN", None, "secret the shop expects from the desk"),
    Row("BATON_SHOP_TOKEN_FILE", "", "file with it instead, mode 600, relative to the repository"),
    Row("BATON_BOT_TOKEN", None, "secret Rasa's desk channel expects"),
    Row("BATON_BOT_TOKEN_FILE", "", "file with it instead, mode 600"),
    Row(
        "BATON_IDENTITY_SECRET",
        None,
        "secret with which the shop signs who its customer is; several, comma separated, while it is changed",
    ),
    Row("BATON_IDENTITY_SECRET_FILE", "", "file with it instead, mode 600"),
    Row("BATON_IDENTITY_ONCE", "0", "1: each signed identity opens one conversation only, by its nonce"),
    Row("BATON_SITES_FILE", "", "YAML file, mode 600: the shops, each with its origins and its own identity secrets"),
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
    Row(
        "BATON_METRICS_FROM", "", "addresses and networks besides this machine that may read /metrics, comma separated"
    ),
    Row("BATON_COOKIE_SECURE", "0", "1: the console's cookie travels over HTTPS only"),
    Row("BATON_LOG_LEVEL", "info", "debug, info, warning or error"),
    Row("BATON_LOG_JSON", "0", "1: one JSON object a line instead of lines for people"),
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
    Row("BATON_OPENINGS_A_MINUTE_ADDRESS", "120", "conversations one address may open in a minute; 0: no limit"),
    Row("BATON_SEND_QUEUE", "500", "frames that may wait for a slow reader before the desk hangs up"),
    Row("BATON_SLOW_READER_SECONDS", "15", "a reader that takes no frame for so long is hung up on"),
    Row("BATON_WEBHOOK_URL", "", "http(s) addresses that are told what happens to handoffs, comma separated"),
    Row("BATON_WEBHOOK_SECRET_FILE", "", "file with the secret that signs webhooks, mode 600"),
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
    Row("BATON_ATTACHMENTS_AN_HOUR_ADDRESS", "400", "files one address may upload in an hour; 0: no limit"),
    Row("BATON_ATTACHMENTS_AT_ONCE", "32", "uploads one desk takes at the same time"),
    Row("BATON_ATTACHMENT_UPLOAD_SECONDS", "300", "longest time one upload may take"),
    Row("BATON_ATTACHMENT_UNSENT_HOURS", "24", "an uploaded file that was never sent is removed after so long"),
    Row("BATON_ATTACHMENT_SWEEP_SECONDS", "3600", "how often unsent and orphaned files are looked for"),
    Row("BATON_ATTACHMENT_MIN_FREE_MB", "512", "with less room on the disk no file is taken"),
    Row("BATON_KEEP_CONVERSATIONS_DAYS", "0", "what was said is erased so long after a conversation rests; 0: never"),
    Row("BATON_KEEP_ATTACHMENTS_DAYS", "0", "files of a resting conversation are erased after so long; 0: never"),
    Row("BATON_KEEP_TRACKER_DAYS", "0", "Rasa's memory of a resting conversation is erased after so long; 0: never"),
    Row("BATON_KEEP_AUDIT_DAYS", "0", "the audit trail is kept so long, at least 184; 0: for ever"),
    Row("BATON_RETENTION_SECONDS", "3600", "how often it is looked for what has been kept long enough"),
    Row("BATON_AUDIT_VIEW_MINUTES", "60", "views of the same thing by the same person within this time count once"),
    Row(
        "BATON_TRACKER_DATABASE_URL",
        "",
        "Rasa's SQL tracker store, read by the desk (erasure) and by Rasa; empty: tracker.db in the data folder",
    ),
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
class Retention:
    """How long what is kept, in days, 0 for ever; `every_seconds` between two looks."""

    conversation_days: float
    attachment_days: float
    tracker_days: float
    audit_days: float
    every_seconds: float


@dataclass(frozen=True)
class Settings:
    """Values of ROWS in their types; durations in seconds."""

    data_dir: Path
    host: str
    port: int
    database_url: str
    redis_url: str
    rasa_urls: tuple[str, ...]
    shop_url: str
    shop_token: str
    bot_token: str
    identity_keys: tuple[Key, ...]
    identity_once: bool
    sites: tuple[Site, ...]
    demo: bool
    playbook_dir: Path
    contracts_dir: Path
    web_dir: Path
    frame_ancestors: str
    console_origins: tuple[str, ...]
    trusted_proxies: tuple[str, ...]
    metrics_from: tuple[Network, ...]
    cookie_secure: bool
    log_level: str
    log_json: bool
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
    openings_a_minute: int
    uploads_an_hour: int
    send_queue: int
    slow_reader_seconds: float
    default_skill_group: str
    webhook_urls: tuple[str, ...]
    webhook_secret: str
    attachments_dir: Path
    attachments: AttachmentLimits
    retention: Retention
    audit_view_minutes: float
    tracker_database_url: str


def load(environment: Mapping[str, str], *, require_secrets: bool = True) -> Settings:
    """Settings from `environment`; SettingsError with one sentence when one is missing or malformed."""
    read = Reader(ROWS, environment, require_secrets=require_secrets)
    data_dir = read.path("BATON_DATA_DIR")
    sites = _sites(read)
    return Settings(
        data_dir=data_dir,
        host=read.text("BATON_DESK_HOST"),
        port=read.whole("BATON_DESK_PORT"),
        database_url=read.text("BATON_DESK_DATABASE_URL") or f"sqlite:///{data_dir / 'desk.db'}",
        redis_url=read.text("BATON_REDIS_URL"),
        rasa_urls=read.addresses("BATON_RASA_URL") or (f"http://127.0.0.1:{read.whole('BATON_RASA_PORT')}",),
        shop_url=read.text("BATON_SHOP_URL") or f"http://127.0.0.1:{read.whole('BATON_SHOP_PORT')}",
        shop_token=read.secret("BATON_SHOP_TOKEN"),
        bot_token=read.secret("BATON_BOT_TOKEN"),
        identity_keys=keys_of_sites(sites) or keys_of(read.secret("BATON_IDENTITY_SECRET")),
        identity_once=read.flag("BATON_IDENTITY_ONCE"),
        sites=sites,
        demo=read.flag("BATON_DEMO"),
        playbook_dir=read.path("BATON_PLAYBOOK_DIR"),
        contracts_dir=read.path("BATON_CONTRACTS_DIR"),
        web_dir=read.path("BATON_WEB_DIR"),
        frame_ancestors=read.text("BATON_WIDGET_FRAME_ANCESTORS"),
        console_origins=read.words("BATON_CONSOLE_ORIGINS"),
        trusted_proxies=read.words("BATON_TRUSTED_PROXIES"),
        metrics_from=read.networks("BATON_METRICS_FROM"),
        cookie_secure=read.flag("BATON_COOKIE_SECURE"),
        log_level=read.text("BATON_LOG_LEVEL").lower(),
        log_json=read.flag("BATON_LOG_JSON"),
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
        openings_a_minute=read.whole("BATON_OPENINGS_A_MINUTE_ADDRESS"),
        uploads_an_hour=read.whole("BATON_ATTACHMENTS_AN_HOUR_ADDRESS"),
        send_queue=max(1, read.whole("BATON_SEND_QUEUE")),
        slow_reader_seconds=read.number("BATON_SLOW_READER_SECONDS"),
        default_skill_group=read.text("BATON_DEFAULT_SKILL_GROUP"),
        webhook_urls=read.addresses("BATON_WEBHOOK_URL"),
        webhook_secret=read.secret_file("BATON_WEBHOOK_SECRET_FILE", wanted=bool(read.text("BATON_WEBHOOK_URL"))),
        attachments_dir=REPOSITORY / (read.text("BATON_ATTACHMENTS_DIR") or data_dir / "attachments"),
        attachments=_attachment_limits(read),
        retention=_retention(read),
        audit_view_minutes=read.number("BATON_AUDIT_VIEW_MINUTES"),
        tracker_database_url=read.text("BATON_TRACKER_DATABASE_URL") or f"sqlite:///{data_dir / 'tracker.db'}",
    )


def _sites(read: Reader) -> tuple[Site, ...]:
    if not read.text("BATON_SITES_FILE"):
        return ()
    try:
        return load_sites(read.path("BATON_SITES_FILE"))
    except SitesError as error:
        raise SettingsError(f"BATON_SITES_FILE {error}.") from error


def _retention(read: Reader) -> Retention:
    audit_days = read.number("BATON_KEEP_AUDIT_DAYS")
    if 0 < audit_days < MIN_AUDIT_DAYS:
        raise SettingsError(f"BATON_KEEP_AUDIT_DAYS must be 0 or at least {MIN_AUDIT_DAYS}.")
    return Retention(
        conversation_days=read.number("BATON_KEEP_CONVERSATIONS_DAYS"),
        attachment_days=read.number("BATON_KEEP_ATTACHMENTS_DAYS"),
        tracker_days=read.number("BATON_KEEP_TRACKER_DAYS"),
        audit_days=audit_days,
        every_seconds=max(1.0, read.number("BATON_RETENTION_SECONDS")),
    )


def _attachment_limits(read: Reader) -> AttachmentLimits:
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
