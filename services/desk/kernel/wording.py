"""Wording: every sentence the desk itself says, from playbook/desk_messages.yml."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from desk.kernel.settings import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

    from desk.kernel.errors import DeskError

REQUIRED = (
    "greeting.anonymous", "greeting.known", "greeting.page_order", "greeting.known_page_order",
    "system.handoff_queued", "system.handoff_queued_first",
    "system.case_queued_closed", "system.case_queued_away", "system.case_kept", "system.contact_noted",
    "system.service_resumed", "system.service_resumed_first",
    "system.service_paused_closed", "system.service_paused_away",
    "service.on_duty", "service.closed", "service.closed_for_long", "service.away",
    "opening.today", "opening.tomorrow", "opening.weekday", "opening.date", "opening.weekdays",
    "contact.mine", "contact.not_mine", "case.queued_buttons", "case.kept_buttons", "case.ask_bot_wishes",
    "system.service_late", "simplified",
    "system.handoff_cancelled", "system.agent_joined", "system.agent_left", "system.transferred",
    "system.handed_back", "system.transferred_to_agent", "system.agent_lost", "system.agent_went",
    "system.returned", "system.taken_over",
    "system.supervisor_joined", "system.supervisor_left", "system.place_ended", "bot.customer_left_note",
    "queue.ask_leave", "queue.stay_button", "queue.leave_button", "queue.stays", "reasons.summary_invalid",
    "reasons.transferred", "reasons.agent_lost", "reasons.agent_went",
    "system.conversation_resolved", "system.rating_requested",
    "system.rated",
    "system.conversation_reopened", "bot.unavailable", "bot.rejected", "bot.silent", "bot.cancelled_note",
    "summary.unavailable_headline", "summary.unavailable_sentence", "summary.unavailable_reason",
    "summary.unavailable_attempt", "summary.unavailable_result", "summary.unavailable_missing",
    "summary.unavailable_step", "summary.unavailable_issue", "summary.invalid_headline",
    "summary.visitor", "agent_actions.coupon_title",
    "agent_actions.notes.return", "agent_actions.notes.exchange", "agent_actions.notes.reship",
    "agent_actions.notes.coupon_reissue", "agent_actions.notes.coupon",
    "agent_actions.given.coupon", "agent_actions.given.coupon_reissue", "agent_actions.coupon_scope",
    "agent_actions.names", "agent_actions.states", "agent_actions.refusals", "agent_actions.csv_head",
    "archive.title", "archive.day", "archive.date", "archive.line", "archive.agent", "archive.file_name",
    "archive.senders", "archive.cards", "archive.outcomes",
)  # fmt: skip


_TRIMMED = " \t\n。.!！?？~～,，"


@dataclass(frozen=True, eq=False)  # one for each file that is loaded
class Wording:
    """The parsed file. Unknown keys raise KeyError, so that a missing sentence shows at start."""

    tree: dict[str, Any]

    def text(self, key: str, **values: object) -> str:
        """The sentence at the dotted `key` with its {variables} filled in."""
        return str(self._at(key)).format_map(values)

    def words(self, key: str) -> frozenset[str]:
        """The list at `key` as a set."""
        return frozenset(str(word) for word in self._at(key))

    def entries(self, key: str) -> list[str]:
        """The list at `key` in its order."""
        return [str(word) for word in self._at(key)]

    def simplified(self, text: str) -> str:
        """The text with the traditional characters of the table `simplified` replaced."""
        return text.translate(str.maketrans(self._at("simplified")))

    def is_just(self, text: str, key: str) -> bool:
        """Whether a message is nothing but one of the wishes in the list at `key`, in simplified characters or not."""
        return self.simplified(text.strip(_TRIMMED)) in {self.simplified(wish) for wish in self._at(key)}

    def buttons(self, key: str) -> list[dict[str, str]]:
        """The buttons at `key`: [{title, payload}]."""
        return [{"title": str(row["title"]), "payload": str(row["payload"])} for row in self._at(key)]

    def rows(self, key: str) -> list[dict[str, Any]]:
        """The list of tables at `key`."""
        return [dict(row) for row in self._at(key)]

    def name(self, key: str, code: str) -> str:
        """The Chinese name of `code` in the table at `key`; the code itself when it has none."""
        return str(self._at(key).get(code, code))

    def error(self, error: DeskError) -> str:
        """The words for an error's code."""
        table = self._at("errors")
        return str(table.get(error.code, table["internal"])).format_map(error.values)

    def _at(self, key: str) -> Any:
        node: Any = self.tree
        for part in key.split("."):
            node = node[part]
        return node


def load(folder: Path) -> Wording:
    """Read desk_messages.yml; SettingsError names the first sentence that is missing."""
    path = folder / "desk_messages.yml"
    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SettingsError(f"{path} is missing.") from error
    except yaml.YAMLError as error:
        raise SettingsError(f"{path} is not valid YAML: {error}") from error
    wording = Wording(tree)
    for key in REQUIRED:
        try:
            found = wording._at(key)
            if isinstance(found, str):
                found.format_map(_Anything())
        except (KeyError, TypeError) as error:
            raise SettingsError(f"{path} has no sentence {key!r}.") from error
    return wording


class _Anything(dict[str, object]):
    """Stands for every variable while the file is checked."""

    def __missing__(self, key: str) -> object:
        return ""
