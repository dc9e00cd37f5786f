"""HTTP of the audit trail, for administrators: pages of records, or the same as CSV."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from litestar import Response, Router, get
from litestar.params import Parameter

from desk.agents.auth import require_administrator
from desk.agents.rules import as_actor
from desk.audit import store
from desk.audit.rules import Subject, as_csv, record_view
from desk.kernel.errors import InvalidError
from desk.kernel.web import Ctx, DeskRequest, client_address

if TYPE_CHECKING:
    import sqlalchemy as sa

    from desk.audit.rules import AuditRecord

_PAGE, _MOST_OF_CSV = 200, 50_000

Name = Annotated[str | None, Parameter(max_length=96)]


@get("/audit")
async def list_records(
    ctx: Ctx,
    request: DeskRequest,
    *,
    event: Name = None,
    actor: Name = None,
    subject: Name = None,
    first: Annotated[str | None, Parameter(query="from", max_length=40)] = None,
    last: Annotated[str | None, Parameter(query="to", max_length=40)] = None,
    before: Name = None,
    form: Annotated[str, Parameter(query="format", max_length=8)] = "json",
) -> Response[Any]:
    """200 {records: [AuditRecord], before}: newest first, 200 a page; `before` asks for the next page.

    `from` and `to` are moments (ISO 8601; without a zone UTC), `to` is not included. With `format=csv` a file with at
    most 50,000 records, which is itself written down. 403 forbidden; 422 range_invalid, invalid_request.
    """
    agent = await require_administrator(ctx, request)
    if form not in {"json", "csv"}:
        raise InvalidError("invalid_request")
    wanted = store.Wanted(
        event=event,
        actor_id=actor,
        subject_id=subject,
        since=_moment(first),
        until=_moment(last),
        before=before,
        limit=_PAGE if form == "json" else _MOST_OF_CSV,
    )
    if form == "json":
        found = await ctx.db.read(lambda connection: store.page(connection, wanted))
        after = found[-1].id if len(found) == _PAGE else None
        return Response({"records": [record_view(one) for one in found], "before": after})
    now, address = ctx.clock.now(), client_address(request)

    def export(connection: sa.Connection) -> list[AuditRecord]:
        found = store.page(connection, wanted)
        about = Subject("audit")
        store.record(
            connection, "audit_exported", as_actor(agent), about, now, address=address, details={"records": len(found)}
        )
        return found

    headers = {"Content-Disposition": 'attachment; filename="audit.csv"'}
    return Response(as_csv(await ctx.db.write(export)), media_type="text/csv", headers=headers)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidError("invalid_request") from error


router = Router("/api/v1", route_handlers=[list_records], tags=["audit"])
