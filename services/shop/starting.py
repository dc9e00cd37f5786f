"""Puts the parts together: open the database, migrate it, fill it when needed."""

from __future__ import annotations

from shop.claims.policy import load_claim_policy
from shop.context import Shop
from shop.coupon_grants.policy import load_coupon_grant_policy
from shop.coupon_reissues.policy import load_coupon_reissue_policy
from shop.demo.seeding import ensure_demo_data
from shop.invoices.policy import load_invoice_policy
from shop.kernel.clock import Clock, system_clock
from shop.kernel.db import Database
from shop.kernel.ids import new_document_id
from shop.kernel.playbook import read_policy_facts
from shop.kernel.settings import Settings
from shop.migrating import migrate
from shop.points.policy import load_points_policy
from shop.points.store import book_lapsed
from shop.price_protections.policy import load_price_protection_policy
from shop.returns.policy import load_return_policy
from shop.tickets.policy import load_ticket_policy


def prepare_database(settings: Settings, clock: Clock = system_clock) -> Database:
    """A migrated database; empty ones are filled, and in demo mode data of another day is made anew."""
    database = Database(settings.database_url)
    migrate(database)
    ensure_demo_data(database, now=clock(), renew=settings.demo)
    with database.write() as session:
        book_lapsed(session, clock())
    return database


def prepare_shop(settings: Settings, clock: Clock = system_clock) -> Shop:
    """Everything the application needs; SettingsError when settings or policies make no sense."""
    facts = read_policy_facts(settings.playbook_dir)
    return Shop(
        return_policy=load_return_policy(settings.playbook_dir),
        database=prepare_database(settings, clock),
        clock=clock,
        new_id=new_document_id,
        identity_secret=settings.identity_secret,
        claim_policy=load_claim_policy(facts),
        invoice_policy=load_invoice_policy(facts),
        coupon_reissue_policy=load_coupon_reissue_policy(facts),
        coupon_grant_policy=load_coupon_grant_policy(facts),
        points_policy=load_points_policy(facts),
        price_protection_policy=load_price_protection_policy(facts),
        ticket_policy=load_ticket_policy(facts),
    )
