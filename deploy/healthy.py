#!/usr/bin/env python3
"""healthy URL: exit code 0 when it answers 200 within three seconds; with the bot's token, which Rasa asks for."""

import os
import sys
import urllib.error
import urllib.request
from pathlib import Path

SECRETS = (Path("/run/secrets/BATON_BOT_TOKEN"), Path("/run/secrets/baton/BATON_BOT_TOKEN"))


def token() -> str:
    """From the environment or the secret's file; nothing for services without it."""
    files = (file.read_text(encoding="utf-8").strip() for file in SECRETS if file.is_file())
    return os.environ.get("BATON_BOT_TOKEN") or next(files, "")


def main(url: str) -> int:
    """0 healthy, 1 not."""
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token()}"})  # noqa: S310 - ours
    try:
        with urllib.request.urlopen(request, timeout=3) as answer:  # noqa: S310
            return 0 if answer.status == 200 else 1
    except (OSError, urllib.error.URLError) as error:
        print(f"{url}: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
