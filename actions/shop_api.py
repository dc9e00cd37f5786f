"""The shop's HTTP API: the only module of the bot that does HTTP.

Errors: ShopError > NotFoundError, VerificationLockedError, ShopConflictError, ShopRefusedError, ShopUnavailableError.
"""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import lru_cache
from typing import Any, cast
from urllib.parse import quote

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from actions.settings import Settings, settings
from actions.shop_types import (
    Coupon,
    Customer,
    Eligibility,
    Order,
    Points,
    Product,
    Refund,
    Return,
    Shipment,
)
from addons.turn_memory import TurnMemory, remembered

Question = tuple[Any, ...]  # a path below /api/v1, then the pairs of its query
Document = dict[str, Any]  # what the shop filed; the names are those of contracts/shop_api.md
RETRIES = 2
LIST_LIMIT = 20
BREAKER_FAILURES = 4
BREAKER_REST_SECONDS = 10.0


class ShopError(Exception):
    """Anything that kept us from an answer of the shop."""


class NotFoundError(ShopError):
    """The shop knows no such thing; `code` says which kind."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class VerificationLockedError(ShopError):
    """Too many wrong phone endings for this order today."""


class ShopConflictError(ShopError):
    """The shop understood the wish and cannot fulfil it; `details` are the facts behind the refusal."""

    def __init__(self, code: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.details = details or {}


class ShopRefusedError(ShopError):
    """The shop rejected the call itself (token, malformed request): a fault of set-up, not of the customer."""


class ShopUnavailableError(ShopError):
    """No answer in time, a server error, or the breaker is open."""


class Breaker:
    """After several failures in a row asks nobody for a while, so that customers need not wait for time-outs."""

    def __init__(
        self,
        failures: int = BREAKER_FAILURES,
        rest_seconds: float = BREAKER_REST_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = failures
        self._rest_seconds = rest_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._open_until = 0.0

    def check(self) -> None:
        """Raises ShopUnavailableError while open; afterwards calls are tried again."""
        with self._lock:
            if self._clock() < self._open_until:
                raise ShopUnavailableError("the shop failed repeatedly; waiting before asking again")

    def succeeded(self) -> None:
        with self._lock:
            self._failures = 0

    def failed(self) -> None:
        with self._lock:
            self._failures += 1
            if self._failures >= self._limit:
                self._open_until = self._clock() + self._rest_seconds


class ShopApi:
    """Blocking client; actions call it through asyncio.to_thread."""

    def __init__(self, config: Settings, breaker: Breaker | None = None) -> None:
        self._base = f"{config.shop_url}/api/v1"
        self._timeout = (config.connect_timeout_seconds, config.read_timeout_seconds)
        self._breaker = breaker or Breaker()
        self._session = requests.Session()
        # Proxies and certificates of the environment are looked up once: requests does it anew for every call.
        found = self._session.merge_environment_settings(self._base, {}, None, None, None)
        self._session.trust_env, self._session.proxies, self._session.verify = False, found["proxies"], found["verify"]
        self._session.headers["Authorization"] = f"Bearer {config.shop_token}"
        # Only GET is repeated: a repeated POST /verify would cost the customer an attempt.
        retry = Retry(
            total=RETRIES,
            backoff_factor=0.1,
            backoff_jitter=0.1,  # so that many conversations do not come back at the same moment
            status_forcelist=(502, 503, 504),
            allowed_methods=("GET",),
            raise_on_status=False,
        )
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=retry, pool_maxsize=32))

    def customer(self, customer_id: str) -> Customer:
        return cast("Customer", self._get(f"/customers/{_part(customer_id)}"))

    def orders(self, customer_id: str, limit: int = LIST_LIMIT) -> list[Order]:
        """Newest first."""
        found: list[Order] = self._get(f"/customers/{_part(customer_id)}/orders", limit=limit)["orders"]
        memory = remembered()
        if memory is not None:
            for order in found:  # whole orders: asking for one of them again in this turn would bring the same
                self._know(memory, (f"/orders/{_part(order['order_id'])}",), cast("dict[str, Any]", order))
        return found

    def points(self, customer_id: str) -> Points:
        return cast("Points", self._get(f"/customers/{_part(customer_id)}/points"))

    def coupons(self, customer_id: str) -> list[Coupon]:
        return cast("list[Coupon]", self._get(f"/customers/{_part(customer_id)}/coupons")["coupons"])

    def order(self, order_id: str) -> Order:
        return cast("Order", self._get(f"/orders/{_part(order_id)}"))

    def verify(self, order_id: str, phone_ending: str) -> bool:
        """Whether the ending belongs to the order; raises NotFoundError, VerificationLockedError."""
        answer = self._post(f"/orders/{_part(order_id)}/verify", json={"phone_ending": phone_ending})
        return bool(answer["verified"])

    def shipments(self, order_id: str) -> list[Shipment]:
        return cast("list[Shipment]", self._get(f"/orders/{_part(order_id)}/shipments")["shipments"])

    def refunds(self, order_id: str) -> list[Refund]:
        return cast("list[Refund]", self._get(f"/orders/{_part(order_id)}/refunds")["refunds"])

    def returns(self, order_id: str) -> list[Return]:
        return cast("list[Return]", self._get(f"/orders/{_part(order_id)}/returns")["returns"])

    def return_eligibility(self, order_id: str) -> Eligibility:
        return cast("Eligibility", self._get(f"/orders/{_part(order_id)}/return-eligibility"))

    def products(self, query: str, limit: int = 3) -> list[Product]:
        return cast("list[Product]", self._get("/products", query=query, limit=limit)["products"])

    def product(self, product_id: str) -> Product:
        return cast("Product", self._get(f"/products/{_part(product_id)}"))

    def modifications(self, order_id: str) -> list[Document]:
        return cast("list[Document]", self._get(f"/orders/{_part(order_id)}/modifications")["modifications"])

    def traces(self, order_id: str) -> list[Document]:
        return cast("list[Document]", self._get(f"/orders/{_part(order_id)}/traces")["traces"])

    def claims(self, order_id: str) -> list[Document]:
        return cast("list[Document]", self._get(f"/orders/{_part(order_id)}/claims")["claims"])

    def tickets(self, customer_id: str) -> list[Document]:
        return cast("list[Document]", self._get(f"/customers/{_part(customer_id)}/tickets")["tickets"])

    def file_for_order(self, order_id: str, kind: str, body: Mapping[str, Any], key: str) -> Document:
        """Create a document at /orders/{id}/{kind}: the same `key` never creates two. Raises ShopConflictError."""
        return self._file(f"/orders/{_part(order_id)}/{kind}", body, key)

    def file_for_customer(self, customer_id: str, kind: str, body: Mapping[str, Any], key: str) -> Document:
        """Create a document at /customers/{id}/{kind}: the same `key` never creates two. Raises ShopConflictError."""
        return self._file(f"/customers/{_part(customer_id)}/{kind}", body, key)

    def add_evidence(self, claim_id: str, evidence: Sequence[Mapping[str, Any]]) -> Document:
        """The claim with these files beside those it has; a file named twice is there once."""
        return self._post(f"/claims/{_part(claim_id)}/evidence", json={"evidence": [dict(item) for item in evidence]})

    def file_ticket(self, body: Mapping[str, Any], key: str) -> Document:
        """Hand a fault to the technicians; the same `key` never creates two tickets."""
        return self._file("/tickets", body, key)

    def _file(self, path: str, body: Mapping[str, Any], key: str) -> Document:
        return self._post(path, json=dict(body), headers={"Idempotency-Key": key})

    def read(self, question: Question) -> None:
        """Ask what an action of this turn will probably ask, so that its answer is there by then."""
        memory = remembered()
        if memory is not None:
            with suppress(ShopError):  # whoever really needs the answer asks again and tells the customer
                self._answer(memory, question)

    def _get(self, path: str, **query: str | int) -> dict[str, Any]:
        """The actions of one turn ask the same things; only the first time goes to the shop."""
        memory, question = remembered(), (path, *sorted(query.items()))
        if memory is None:
            return self._call("GET", path, params=query)
        memory.asked.append(question)
        return copy.deepcopy(self._answer(memory, question))

    def _answer(self, memory: TurnMemory, question: Question) -> dict[str, Any]:
        """The one answer of the turn to a question; threads that ask it at the same time wait for the first."""
        answers = memory.answers  # a new one after a change in the shop: answers under way then belong to the old
        mine: Future[dict[str, Any]] = Future()
        answer = answers.setdefault((self._base, question), mine)
        if answer is not mine:
            return cast("dict[str, Any]", answer.result())
        path, *query = question
        try:
            mine.set_result(self._call("GET", path, params=dict(query)))
        except ShopError as error:
            del answers[self._base, question]
            mine.set_exception(error)
        finally:
            mine.cancel()  # does nothing to an answer; after a fault of ours nobody waits for ever
        return mine.result()

    def _know(self, memory: TurnMemory, question: Question, answer: dict[str, Any]) -> None:
        known: Future[dict[str, Any]] = Future()
        known.set_result(copy.deepcopy(answer))
        memory.answers.setdefault((self._base, question), known)

    def _post(self, path: str, **arguments: Any) -> dict[str, Any]:
        """What was read before may be different from now on, whether or not the call is answered."""
        memory = remembered()
        if memory is not None:
            memory.answers = {}
        return self._call("POST", path, **arguments)

    def _call(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        self._breaker.check()
        try:
            response = self._session.request(method, self._base + path, timeout=self._timeout, **arguments)
        except requests.RequestException as error:
            self._breaker.failed()
            raise ShopUnavailableError(f"{method} {path}: {type(error).__name__}") from error
        if response.status_code >= 500:
            self._breaker.failed()
            raise ShopUnavailableError(f"{method} {path}: HTTP {response.status_code}")
        self._breaker.succeeded()
        if response.status_code in (200, 201):
            return _object(response, f"{method} {path}")
        raise _refusal(response, f"{method} {path}")


@lru_cache(maxsize=1)
def shop_api() -> ShopApi:
    """The client of this process; raises SettingsError when the token is missing."""
    return ShopApi(settings())


def first_questions(customer_id: str | None, order_id: str | None) -> list[Question]:
    """What the first message of a conversation needs of the shop, whatever it says."""
    of_customer = [] if customer_id is None else [f"/customers/{_part(customer_id)}"]
    orders = [(f"{path}/orders", ("limit", LIST_LIMIT)) for path in of_customer]
    on_page = [] if order_id is None else [(f"/orders/{_part(order_id)}",)]
    return [*orders, *((path,) for path in of_customer), *on_page]


def _part(value: str) -> str:
    return quote(value, safe="")


def _object(response: requests.Response, call: str) -> dict[str, Any]:
    try:
        body = response.json()
    except requests.JSONDecodeError as error:
        raise ShopUnavailableError(f"{call}: the answer is not JSON") from error
    if not isinstance(body, dict):
        raise ShopUnavailableError(f"{call}: the answer is not an object")
    return body


def _refusal(response: requests.Response, call: str) -> ShopError:
    try:
        error = response.json()["error"]
        code, details = str(error["code"]), error.get("details")
    except (requests.JSONDecodeError, KeyError, TypeError):
        code, details = f"http_{response.status_code}", None
    if response.status_code == 404:
        return NotFoundError(code)
    if code == "verification_locked":
        return VerificationLockedError(code)
    if response.status_code in (409, 422):
        return ShopConflictError(code, details)
    return ShopRefusedError(f"{call}: HTTP {response.status_code} {code}")
