"""`python -m desk.migrate`: bring the desk's database to the newest schema."""

from __future__ import annotations

import os
import sys

from sqlalchemy.exc import SQLAlchemyError

from desk.kernel import settings
from desk.kernel.engine import migrate


def main() -> int:
    """0 when the schema is current, 1 with one sentence when the database cannot be reached."""
    try:
        values = settings.load(os.environ, require_secrets=False)
        values.data_dir.mkdir(parents=True, exist_ok=True)
        migrate(values.database_url)
    except settings.SettingsError as error:
        print(f"desk: {error}", file=sys.stderr)
        return 1
    except SQLAlchemyError as error:
        print(f"desk: the database cannot be migrated ({type(error).__name__}).", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
