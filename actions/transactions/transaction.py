"""What every transaction must say: is it possible, what is missing, what will happen, what was done."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from actions.answer import Answer, Button, Reply, button, finding, human
from actions.shop_api import Document, ShopApi, ShopConflictError
from actions.texts import has_text
from actions.transactions.case import Case
from actions.transactions.detail import Detail


class Transaction(ABC):
    """One thing the bot can do in the shop. Methods are rules without I/O, except `gather` and `commit`.

    The order of events: gather, refuse, details one by one, restate, (confirm), commit, done or refused.
    """

    topic: ClassVar[str]
    # The file playbook/transactions/<texts>.yml that holds its sentences.
    texts: ClassVar[str]
    # Harmless ones (urging, claiming points) are done at once: the wish itself is the order for it.
    confirms: ClassVar[bool] = True
    # What the customer calls doing it (a regular expression): 查吧 is a yes to a search, but not to a return.
    verbs: ClassVar[str] = "申请"
    # Whether a bare no to a question means that the whole thing is off; 还不行 is an answer to a guided check.
    no_ends_it: ClassVar[bool] = True

    def gather(self, shop: ShopApi, case: Case) -> dict[str, Any]:
        """What to ask the shop beside the order. Blocking; raises ShopError."""
        return {}

    def refuse(self, case: Case) -> Answer | None:
        """Why it is not possible now and what is possible instead, or None when it is possible."""
        return None

    def opening(self, case: Case) -> str:
        """What to say before the first question: eligibility in one or two sentences, or nothing."""
        return ""

    def details(self, case: Case) -> tuple[Detail, ...]:
        """What must be known, in the order of asking; may depend on what is known already."""
        return ()

    def ended(self, case: Case) -> Answer | None:
        """The answer when nothing need be filed any more (a guided check has solved it), else None."""
        return None

    def includes(self, case: Case) -> bool:
        """Whether a message under another intent still speaks of this wish: 换一个吧 while a remedy is asked for."""
        return False

    def agrees(self, case: Case) -> bool:
        """Whether a message at the confirmation is a yes in words of its own: 都找过了 before a search."""
        return False

    def told(self, case: Case) -> str:
        """The answer to a question about what is being arranged (钱几天到, 运费谁出), "" when the message asks none."""
        return ""

    def gives_up(self, case: Case) -> bool:
        """Whether a message under another intent says that this is not wanted any more."""
        return False

    def revised(self, case: Case, named: Mapping[str, Any]) -> Mapping[str, Any]:
        """What stays known when the customer corrects; `named` is what the correction itself says."""
        return named

    @abstractmethod
    def restate(self, case: Case) -> Reply:
        """What will happen, ending in a question; buttons are added."""

    @abstractmethod
    def commit(self, shop: ShopApi, case: Case, key: str) -> Document:
        """File the one document. Blocking; raises ShopError, ShopConflictError when the shop cannot."""

    @abstractmethod
    def done(self, case: Case, document: Document) -> Answer:
        """Number and time of what was filed."""

    def refused(self, case: Case, error: ShopConflictError) -> Answer:
        """The shop's refusal in words: `refused.<code>` of its texts, else the general ones."""
        path = f"{self.texts}.refused.{error.code}"
        known = has_text(f"transactions.{path}")
        words = case.say(path if known else "common.refused", **self.refusal_values(case, error))
        return Answer(
            (Reply(words, buttons=(human("human_check"),)),),
            finding(case.turn, "refused", words, order=case.order, code=error.code),
        )

    def refusal_values(self, case: Case, error: ShopConflictError) -> dict[str, object]:
        """What fills the words of a refusal, from `error.details`."""
        return {}


def confirm_buttons(name: str = "confirm") -> tuple[Button, ...]:
    """Yes, change something, no."""
    return (button(name, "/affirm"), button("revise", '/inform{"choice":"revise"}'), button("no_thanks", "/deny"))
