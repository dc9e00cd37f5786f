"""`python -m shop.openapi` writes the API's machine-readable form to contracts/shop.openapi.json."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from shop.app import create_app
from shop.context import Shop
from shop.kernel.clock import system_clock
from shop.kernel.db import Database
from shop.kernel.ids import new_document_id
from shop.kernel.settings import REPOSITORY
from shop.returns.policy import ReturnPolicy

CONTRACT = REPOSITORY / "contracts" / "shop.openapi.json"


def openapi_text() -> str:
    """The OpenAPI document of all routes, the demo's included, as it stands in the contract; touches no database."""
    shop = Shop(
        database=Database("sqlite:///unused.db"),
        clock=system_clock,
        new_id=new_document_id,
        return_policy=ReturnPolicy(),
        identity_secret="",
    )
    schema = create_app(shop, token="", demo=True).openapi_schema.to_schema()
    return json.dumps(schema, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def main(target: Path = CONTRACT) -> int:
    """Write the file."""
    target.write_text(openapi_text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
