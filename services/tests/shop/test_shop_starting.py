"""Starting the shop, its fixtures and its contract: what a developer meets first."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import IDENTITY_SECRET, SERVICES, TOKEN, RunningShop, run_shop, shop_environment
from shop.customers.identity import sign_identity
from shop.kernel.clock import system_clock
from shop.openapi import CONTRACT, openapi_text

SERVICE_LISTS = ("/modifications", "/traces", "/claims")


def run(module: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module],
        cwd=SERVICES,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"BATON_SHOP_TOKEN": ""}, "BATON_SHOP_TOKEN is not set"),
        ({"BATON_IDENTITY_SECRET": ""}, "BATON_IDENTITY_SECRET is not set"),
        ({"BATON_SHOP_PORT": "eighty"}, "BATON_SHOP_PORT is 'eighty'"),
    ],
)
def test_it_refuses_to_start_with_one_clear_sentence(tmp_path: Path, change: dict[str, str], words: str) -> None:
    done = run("shop", shop_environment(tmp_path, **change))
    assert done.returncode == 1
    assert words in done.stderr and len(done.stderr.splitlines()) == 1


def test_a_busy_port_is_one_clear_sentence(tmp_path: Path) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = str(busy.getsockname()[1])
        done = run("shop", shop_environment(tmp_path, BATON_SHOP_PORT=port))
    assert done.returncode == 1
    assert f"Port {port}" in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "shop.db").exists()


def test_a_broken_policy_is_one_clear_sentence(tmp_path: Path) -> None:
    (tmp_path / "playbook").mkdir()
    (tmp_path / "playbook" / "policies.yml").write_text("returns: {quality_days: often}\n")
    done = run("shop", shop_environment(tmp_path))
    assert done.returncode == 1 and "quality_days" in done.stderr and "Traceback" not in done.stderr


def test_without_demo_mode_the_demo_is_absent_but_an_empty_shop_is_filled(tmp_path: Path) -> None:
    for shop in run_shop(shop_environment(tmp_path, BATON_DEMO="0", BATON_IDENTITY_SECRET="")):
        response = shop.get("/demo/customers")
        assert (response.status_code, response.json()["error"]["code"]) == (404, "path_not_found")
        assert shop.get("/customers/C1001").status_code == 200


def test_what_was_written_survives_a_restart(tmp_path: Path) -> None:
    environment = shop_environment(tmp_path)
    for shop in run_shop(environment):
        order_id = shop.named["order_delivered"]
        path = f"/orders/{order_id}/returns"
        created = shop.post(path, {"kind": "return", "reason": "退"}, "k").json()
    for shop in run_shop(environment):
        assert shop.get(path).json() == {"returns": [created]}
        assert shop.post(path, {"kind": "return", "reason": "退"}, "k").json() == created


def test_killed_in_the_middle_of_writing_nothing_is_half_done(tmp_path: Path) -> None:
    environment = shop_environment(tmp_path)
    confirmed = []
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "shop"], cwd=SERVICES, env=environment, stderr=log)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    address = f"http://127.0.0.1:{environment['BATON_SHOP_PORT']}"
    with httpx.Client(base_url=address, headers=headers, timeout=10) as client:
        for _ in range(300):
            try:
                client.get("/healthz")
                break
            except httpx.TransportError:
                time.sleep(0.1)
        customers = client.get("/api/v1/demo/customers").json()["customers"]
        shipped = next(o["order_id"] for c in customers for o in c["orders"] if o["status"] == "shipped")
        for number in range(20):
            answer = client.post(f"/api/v1/orders/{shipped}/urges", json={}, headers={"Idempotency-Key": f"k{number}"})
            confirmed.append(answer.json())
        process.kill()
        process.wait(timeout=20)
    for shop in run_shop(environment):
        for number, document in enumerate(confirmed):
            assert shop.post(f"/orders/{shipped}/urges", {}, f"k{number}").json() == document
        assert shop.post(f"/orders/{shipped}/urges", {}, "k-next").json()["ordinal"] == 21


def check_identity(token: str) -> dict[str, Any]:
    """The claims of an identity, checked as contracts/desk_http.md says, independently of the shop's code."""
    version, payload, signature = token.split(".")
    assert version == "v1" and "=" not in token
    digest = hmac.new(IDENTITY_SECRET.encode(), f"v1.{payload}".encode(), hashlib.sha256).digest()
    assert base64.urlsafe_b64encode(digest).decode().rstrip("=") == signature
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert set(claims) == {"customer_id", "exp", "nonce", "site"}
    return claims


def test_fixtures_print_one_object_that_agrees_with_the_running_shop(shop: RunningShop) -> None:
    done = run("shop.fixtures", shop.environment)
    assert done.returncode == 0, done.stderr
    named = json.loads(done.stdout)
    orders = {
        name: shop.get(f"/orders/{named[name]}").json()
        for name in ("order_unshipped", "order_shipped", "order_delivered", "order_refunding", "order_high_value")
    }
    normal = named["customers"]["normal"]
    assert {order["customer_id"] for order in orders.values()} == {normal["customer_id"]}
    assert [orders[name]["status"] for name in orders] == [
        "unshipped",
        "shipped",
        "delivered",
        "refunding",
        "delivered",
    ]
    assert orders["order_high_value"]["amount_fen"] > 1_000_000
    assert named["tracking"] == orders["order_shipped"]["tracking_numbers"][0]
    eligibility = shop.get(f"/orders/{named['order_delivered']}/return-eligibility").json()
    assert eligibility["reason_code"] == "within_no_reason"
    coupons = shop.get(f"/customers/{normal['customer_id']}/coupons").json()["coupons"]
    coupon = next(coupon for coupon in coupons if coupon["coupon_id"] == named["coupon"])
    assert coupon["state"] == "unused"
    assert all(
        shop.get(f"/orders/{order_id}").json()["goods_fen"] < coupon["threshold_fen"] for order_id in normal["orders"]
    )
    for tier, person in named["customers"].items():
        customer = shop.get(f"/customers/{person['customer_id']}").json()
        assert (customer["tier"], customer["phone"]) == (tier, person["phone"])
        claims = check_identity(person["identity"])
        assert claims["customer_id"] == person["customer_id"]
        assert 23 * 3600 < claims["exp"] - time.time() <= 24 * 3600
        statuses = {shop.get(f"/orders/{order_id}").json()["status"] for order_id in person["orders"]}
        assert {"shipped", "delivered"} <= statuses
    assert named["now"].endswith("Z")


def test_fixtures_need_the_identity_secret(tmp_path: Path) -> None:
    done = run("shop.fixtures", shop_environment(tmp_path, BATON_IDENTITY_SECRET=""))
    assert done.returncode == 1 and "BATON_IDENTITY_SECRET" in done.stderr and done.stdout == ""


def test_the_demo_page_gets_freshly_signed_identities(shop: RunningShop) -> None:
    customers = shop.get("/demo/customers").json()["customers"]
    assert [customer["customer_id"] for customer in customers[:4]] == ["C1001", "C1002", "C1003", "C1004"]
    assert all(check_identity(c["identity"])["customer_id"] == c["customer_id"] for c in customers)
    again = shop.get("/demo/customers").json()["customers"]
    assert all(one["identity"] != two["identity"] for one, two in zip(customers, again, strict=True))
    assert {"order_id", "status", "placed_at", "amount_fen", "title"} == set(customers[0]["orders"][0])


def test_nothing_is_signed_with_an_empty_secret() -> None:
    with pytest.raises(ValueError, match="empty secret"):
        sign_identity("C1001", expires_at=system_clock(), nonce="n", secret="")


def test_the_contract_file_is_current() -> None:
    assert CONTRACT.read_text(encoding="utf-8") == openapi_text(), "run: python -m shop.openapi"


def test_the_contract_names_every_path_that_the_prose_names() -> None:
    prose = (CONTRACT.parent / "shop_api.md").read_text(encoding="utf-8")
    for path in json.loads(openapi_text())["paths"]:
        assert path.removeprefix("/api/v1") in prose, path


def test_real_answers_fit_the_contract(shop: RunningShop) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    contract = json.loads(CONTRACT.read_text(encoding="utf-8"))

    def check(template: str, path: str) -> None:
        answer = contract["paths"][f"/api/v1{template}"]["get"]["responses"]["200"]
        schema = {**answer["content"]["application/json"]["schema"], "components": contract["components"]}
        jsonschema.Draft202012Validator(schema).validate(shop.get(path).json())

    check("/demo/customers", "/demo/customers")
    check("/products", "/products?limit=50")
    for template in ("", "/orders", "/points", "/coupons", "/tickets"):
        check(f"/customers/{{customer_id}}{template}", f"/customers/C1001{template}")
    for order in shop.orders():
        for template in ("", "/shipments", "/refunds", "/returns", "/return-eligibility", *SERVICE_LISTS):
            check(f"/orders/{{order_id}}{template}", f"/orders/{order['order_id']}{template}")
    assert os.environ.get("BATON_SHOP_TOKEN") != TOKEN
