"""The HTTP application: /api/v1 behind the bearer token, errors in one shape, documentation at /docs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import structlog
from litestar import Litestar, MediaType, Request, Response, Router, get
from litestar.di import Provide
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, YamlRenderPlugin
from litestar.types import ASGIApp, ControllerRouterHandler, Message, Receive, Scope, Send

from shop.claims.http import get_order_claims, post_claim, post_claim_evidence
from shop.context import Shop
from shop.coupon_grants.http import get_coupon_grants, post_coupon_grant
from shop.coupon_reissues.http import post_coupon_reissue
from shop.coupons.http import get_coupons
from shop.customers.http import get_customer
from shop.demo.http import get_demo_customers
from shop.docs_page import PlainDocsPlugin
from shop.invoices.http import post_invoice, post_invoice_change
from shop.kernel.errors import ShopError
from shop.kernel.http import ErrorBody, ErrorDocument, bearer_guard
from shop.modifications.http import get_order_modifications, post_modification
from shop.orders.http import get_customer_orders, get_order, post_cancellation, post_urge, post_verify
from shop.points.http import get_points
from shop.points_claims.http import post_points_claim
from shop.price_protections.http import post_price_protection
from shop.products.http import get_product, get_products
from shop.refunds.http import get_order_refunds
from shop.returns.http import get_order_returns, get_return_eligibility, post_return
from shop.shipments.http import get_order_shipments, get_shipment
from shop.tickets.http import get_customer_tickets, post_ticket
from shop.traces.http import get_order_traces, post_trace
from shop.undos.http import post_undo

log = structlog.get_logger()

ROUTES: Sequence[ControllerRouterHandler] = (
    get_customer,
    get_customer_orders,
    get_points,
    get_coupons,
    get_order,
    post_verify,
    get_order_shipments,
    get_shipment,
    get_order_refunds,
    get_order_returns,
    get_return_eligibility,
    get_products,
    get_product,
    post_return,
    post_cancellation,
    post_urge,
    post_invoice,
    post_invoice_change,
    post_modification,
    get_order_modifications,
    post_undo,
    post_trace,
    get_order_traces,
    post_claim,
    post_claim_evidence,
    get_order_claims,
    post_coupon_reissue,
    post_coupon_grant,
    get_coupon_grants,
    post_points_claim,
    post_price_protection,
    post_ticket,
    get_customer_tickets,
)
DEMO_ROUTES: Sequence[ControllerRouterHandler] = (get_demo_customers,)


@get("/healthz", sync_to_thread=False)
def get_health() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


def create_app(shop: Shop, *, token: str, demo: bool) -> Litestar:
    """The application over a migrated database; `token` is what callers must present."""
    api = Router(
        path="/api/v1",
        route_handlers=[*ROUTES, *(DEMO_ROUTES if demo else ())],
        guards=[bearer_guard(token)],
        dependencies={"shop": Provide(lambda: shop, sync_to_thread=False, use_cache=True)},
    )
    return Litestar(
        route_handlers=[get_health, api],
        exception_handlers={ShopError: _shop_error, HTTPException: _http_error, Exception: _unexpected},
        middleware=[_log_requests],
        openapi_config=OpenAPIConfig(
            title="Baton demo shop",
            version="1",
            path="/docs",
            render_plugins=[PlainDocsPlugin(), JsonRenderPlugin(), YamlRenderPlugin()],
        ),
        on_shutdown=[shop.database.close],
        logging_config=None,
        debug=False,
    )


def _error(status: int, body: ErrorBody) -> Response[ErrorDocument]:
    return Response(ErrorDocument(body), status_code=status, media_type=MediaType.JSON)


def _shop_error(_: Request[Any, Any, Any], error: ShopError) -> Response[ErrorDocument]:
    return _error(error.status, ErrorBody(error.code, error.message, error.details))


def _http_error(_: Request[Any, Any, Any], error: HTTPException) -> Response[ErrorDocument]:
    codes = {400: "invalid_request", 404: "path_not_found", 405: "method_not_allowed", 413: "too_large"}
    details = "; ".join(str(item.get("message")) for item in error.extra or () if isinstance(item, dict))
    message = f"{error.detail} {details}".strip()
    return _error(error.status_code, ErrorBody(codes.get(error.status_code, "request_failed"), message))


def _unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[ErrorDocument]:
    log.error("request failed", method=request.method, path=request.url.path, exc_info=error)
    return _error(500, ErrorBody("internal_error", "The shop could not answer; the fault has been logged."))


def _log_requests(app: ASGIApp) -> ASGIApp:
    async def logged(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or scope["path"] == "/healthz":
            await app(scope, receive, send)
            return
        started, method = time.perf_counter(), scope["method"]

        async def send_and_log(message: Message) -> None:
            if message["type"] == "http.response.start":
                log.info(
                    "request",
                    method=method,
                    path=scope["path"],
                    status=message["status"],
                    ms=round((time.perf_counter() - started) * 1000, 1),
                )
            await send(message)

        await app(scope, receive, send_and_log)

    return logged
