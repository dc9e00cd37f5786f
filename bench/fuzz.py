"""`make fuzz`: schemathesis asks desk and shop all that their OpenAPI documents allow and forbid; nothing answers 500.

A shop and a desk of their own, as empty as they start; the desk is asked as nobody, as a customer and as an
administrator. The socket protocol is tried by hypothesis in services/tests/desk/test_fuzz.py, here with more examples.
Prints a table; with `--report` also writes it to docs/fuzz.md.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import aiohttp

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.desk_process import (
    ROOT,
    SERVICES,
    ServiceProcess,
    call,
    clean_environment,
    free_ports,
    machine,
    new_account,
    wait_healthy,
)

SCHEMATHESIS = SERVICES / ".venv-fuzz" / "bin" / "schemathesis"
REPORT = ROOT / "docs" / "fuzz.md"


@dataclass(frozen=True)
class Run:
    """One way of asking: what was asked by whom, how many cases, which answers were 5xx, how long it took."""

    name: str
    operations: int
    cases: int
    faults: list[str]
    seconds: float


def asked(name: str, url: str, token: str, examples: int, out: Path) -> Run:
    """schemathesis against one service as one caller."""
    headers = ["-H", f"Authorization: Bearer {token}"] if token else []
    # Ending the login that asks would turn the rest of the run into one long 401.
    leave_out = ["--exclude-path-regex", "logout|me/sessions|me/password"]
    report = out / f"{name.replace(' ', '_')}.ndjson"
    command = [str(SCHEMATHESIS), "run", f"{url}/docs/openapi.json", "--url", url, *headers, *leave_out]
    command += ["--checks", "not_a_server_error", "--max-examples", str(examples), "--seed", "20261122"]
    command += ["--phases", "examples,coverage,fuzzing", "--continue-on-failure", "--no-color", "--warnings", "off"]
    command += ["--suppress-health-check", "all", "--request-timeout", "45", "--generation-database", "none"]
    command += ["--report", "ndjson", "--report-ndjson-path", str(report)]
    started = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=out)
    (out / f"{name.replace(' ', '_')}.txt").write_text(done.stdout + done.stderr)
    if done.returncode not in {0, 1}:
        raise SystemExit(f"schemathesis: {done.stderr.strip() or done.stdout.strip()[-500:]}")
    operations, cases, faults = _counted(report)
    return Run(name, operations, cases, faults, time.monotonic() - started)


def _counted(report: Path) -> tuple[int, int, list[str]]:
    """(operations, cases, the 5xx among the answers) of the stream of events."""
    operations: set[str] = set()
    cases, faults = 0, []
    for line in report.read_text(encoding="utf-8").splitlines():
        scenario = json.loads(line).get("ScenarioFinished")
        recorder = (scenario or {}).get("recorder") or {}
        label = str(recorder.get("label", ""))
        if not recorder:
            continue
        operations.add(label)
        for interaction in (recorder.get("interactions") or {}).values():
            cases += 1
            status = (interaction.get("response") or {}).get("status_code") or 0
            if status >= 500 and status != 503:  # 503 says that a system behind the desk is away, as Rasa is here
                faults.append(f"{label}: {status}")
    return len(operations), cases, sorted(set(faults))


def sockets(examples: int) -> Run:
    """The part of the test suite that tries the socket protocol, with more examples."""
    started = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "tests/desk/test_fuzz.py", "-k", "socket"]
    environment = {**os.environ, "BATON_FUZZ_EXAMPLES": str(examples)}
    done = subprocess.run(command, cwd=SERVICES, env=environment, capture_output=True, text=True, check=False)
    faults = [] if done.returncode == 0 else [line for line in done.stdout.splitlines() if line.startswith("FAILED")]
    return Run("desk, both sockets", 2, 2 * examples, faults, time.monotonic() - started)


async def prepared(urls: dict[str, str], environment: dict[str, str]) -> dict[str, str]:
    """{caller: token} once both services answer."""
    async with aiohttp.ClientSession() as http:
        for url in urls.values():
            await wait_healthy(http, url)
        desk, username = urls["desk"], "fuzzer"
        password = new_account(environment, username, 50)
        subprocess.run(
            [sys.executable, "-m", "desk.accounts", "set", "--username", username, "--role", "administrator"],
            cwd=SERVICES, env=environment, check=True, capture_output=True,
        )  # fmt: skip
        login = await call(
            http, "POST", f"{desk}/api/v1/agents/login", body={"username": username, "password": password}
        )
        opened = await call(http, "POST", f"{desk}/api/v1/conversations", body={})
        return {"nobody": "", "customer": opened["token"], "administrator": login["token"]}


def everything(folder: Path, examples: int) -> list[Run]:
    """Start both services, ask them, stop them."""
    desk_port, shop_port = free_ports(2)
    urls = {"desk": f"http://127.0.0.1:{desk_port}", "shop": f"http://127.0.0.1:{shop_port}"}
    environment = clean_environment(folder) | {
        "BATON_DESK_HOST": "127.0.0.1",
        "BATON_DESK_PORT": str(desk_port),
        "BATON_SHOP_PORT": str(shop_port),
        "BATON_DEMO": "1",
        "BATON_LOGIN_ATTEMPTS_ADDRESS": "1000000",
    }
    services = [
        ServiceProcess("shop", folder, environment, shop_port),
        ServiceProcess("desk", folder, environment, desk_port),
    ]
    try:
        for service in services:
            service.start()
        tokens = asyncio.run(prepared(urls, environment))
        runs = [asked(f"desk as {who}", urls["desk"], token, examples, folder) for who, token in tokens.items()]
        return [*runs, asked("shop as desk", urls["shop"], environment["BATON_SHOP_TOKEN"], examples, folder)]
    finally:
        for service in services:
            service.stop()


def table(runs: list[Run]) -> str:
    """The runs as Markdown."""
    rows = ["| asked | operations | cases | answers 5xx | seconds |", "|---|---|---|---|---|"]
    rows += [f"| {r.name} | {r.operations} | {r.cases:,} | {len(r.faults)} | {r.seconds:.0f} |" for r in runs]
    return "\n".join(rows)


def main() -> int:
    """0 when nothing answered 5xx."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=100, help="of each operation; sockets get ten times as many")
    parser.add_argument("--report", action="store_true", help="write docs/fuzz.md")
    arguments = parser.parse_args()
    where = machine()
    with tempfile.TemporaryDirectory(prefix="fuzz") as folder:
        runs = [*everything(Path(folder), arguments.examples), sockets(10 * arguments.examples)]
    print(where, table(runs), sep="\n\n")
    for run in runs:
        print(*(f"{run.name}: {fault}" for fault in run.faults), sep="\n", end="\n" if run.faults else "")
    if arguments.report:
        head = (__doc__ or "").splitlines()[0].removeprefix("`make fuzz`: ")
        REPORT.write_text(f"# Fuzzing\n\n`make fuzz`: {head}\n\n{where}\n\n{table(runs)}\n", encoding="utf-8")
    return 1 if any(run.faults for run in runs) else 0


if __name__ == "__main__":
    sys.exit(main())
