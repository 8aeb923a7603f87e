"""Put programs under stress, count the results, and print a line for each program.

    python -m tests.stress                                    a minute of each
    python -m tests.stress --minutes 10 --impl native --sides threads,asyncio,uvloop --seed 7

The exit code is 0 if nothing was lost, duplicated, unwanted, wrong, hung, leaked or foreign.
"""

from __future__ import annotations

import argparse
import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import howdah
from tests.servers import Server
from tests.stress.disturbing import APPLICATION, Disturbance, Proxy, count_backends
from tests.stress.ledger import Report, Verdict, judge

__all__ = ["SIDES", "findings", "main", "play"]

ROOT = Path(__file__).parents[2]

#: What a commit survives: the end of all processes, not of the machine.
SETTINGS = {"synchronous_commit": "on", "max_prepared_transactions": "100", "max_connections": "150"}
SIDES = ["threads", "asyncio", "uvloop"]
#: How long a program may take to end when its time is up, in seconds.
PATIENCE = 150.0
#: How many findings of each kind are shown.
SHOWN = 5


def play(
    side: str, impl: str, seed: str, seconds: float, workloads: list[str] | None = None
) -> tuple[Report, Verdict]:
    """Put one program under stress.

    Args:
        side: threads, asyncio or uvloop.
        impl: native or python.
        seed: what all choices are made from.
        seconds: for how long.
        workloads: the names of those to play, all by default.

    Returns:
        What the program has seen, and what became of its rows.
    """
    with Server(settings=SETTINGS) as server, tempfile.TemporaryDirectory() as directory:
        with howdah.connect(server.dsn, autocommit=True) as conn:
            conn.execute("CREATE TABLE stress (id bigint NOT NULL, tag text NOT NULL)")
        proxy = Proxy(server, seed)
        written = Path(directory) / "report"
        named = f"application_name={APPLICATION} connect_timeout=5"
        command = [
            *(sys.executable, "-m", "tests.stress.program", "--side", side, "--seed", seed),
            *("--seconds", str(seconds), "--report", str(written), "--direct", f"{server.dsn} {named}"),
            *("--proxy", f"host=127.0.0.1 port={proxy.port} user=postgres dbname=postgres {named}"),
            *(("--workloads", *workloads) if workloads else ()),
        ]
        program = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "HOWDAH_IMPL": impl})
        disturbance = Disturbance(server, proxy, seed, seconds - 1)
        try:
            code: int | None = program.wait(seconds + PATIENCE)
        except subprocess.TimeoutExpired:
            program.kill()
            program.wait()
            code = None
        disturbance.stop()
        proxy.close()
        report = pickle.loads(written.read_bytes()) if written.exists() else Report()
        if not written.exists():
            report.hung.append(f"the program did not end by itself; its exit code is {code}")
        _look_for_backends(server, report)
        return report, judge(report.units, _stored(server, report))


def _stored(server: Server, report: Report) -> Counter[int]:
    """Commit what was left prepared, and return how often each row is there."""
    with howdah.connect(server.dsn, autocommit=True) as conn:
        for (gid,) in conn.execute("SELECT gid FROM pg_prepared_xacts").fetchall():
            conn.execute(f"COMMIT PREPARED '{gid}'")
        tables = conn.execute("SELECT relname FROM pg_class WHERE relname LIKE 'rolled_back%'").fetchall()
        report.wrong += [f"a table that was rolled back is there: {name}" for (name,) in tables]
        return Counter(dict(conn.execute("SELECT id, count(*) FROM stress GROUP BY id").fetchall()))


def _look_for_backends(server: Server, report: Report) -> None:
    """Note the connections that the server still has."""
    deadline = time.monotonic() + 10
    while (left := count_backends(server.dsn)) and time.monotonic() < deadline:
        time.sleep(0.1)
    if left:
        report.leaked.append(f"{left} connections on the server")


def findings(report: Report, verdict: Verdict) -> dict[str, list[str]]:
    """Return what must not be, by kind; nothing of any kind if all is well."""
    return {
        "lost": verdict.lost,
        "duplicated": verdict.duplicated,
        "unwanted": verdict.unwanted,
        "wrong": report.wrong,
        "hung": report.hung,
        "leaked": report.leaked,
        "foreign": report.foreign,
    }


def _show(report: Report, verdict: Verdict) -> None:
    for sample in report.samples.values():
        print(f"the first of its class: {sample}")
    for kind, found in findings(report, verdict).items():
        for each in found[:SHOWN]:
            print(f"{kind}: {each}")
        if len(found) > SHOWN:
            print(f"{kind}: and {len(found) - SHOWN} more")


def _summary(report: Report, verdict: Verdict) -> str:
    counted = ", ".join(f"{len(found)} {kind}" for kind, found in findings(report, verdict).items())
    failures = ", ".join(f"{name} {times}" for name, times in report.failures.most_common())
    return (
        f"{verdict.acknowledged} acknowledged, {counted}; {verdict.unknown} unknown,"
        f" {report.answers} answers, {report.memory:+.0f} MB; failures: {failures or 'none'}"
    )


def main() -> int:
    """Return the exit code: 0 if all was well."""
    parser = argparse.ArgumentParser(prog="python -m tests.stress", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="how long each side takes")
    parser.add_argument("--impl", choices=["native", "python"], help="both by default")
    parser.add_argument("--sides", type=lambda text: text.split(","), default=SIDES)
    parser.add_argument("--seed", default=str(int(time.time())))
    parser.add_argument("--workloads", nargs="*", help="the names of those to play; all by default")
    args = parser.parse_args()
    sound = True
    for impl in [args.impl] if args.impl else ["native", "python"]:
        for side in args.sides:
            outcome = play(side, impl, args.seed, args.minutes * 60, args.workloads)
            _show(*outcome)
            print(f"{impl} {side} seed {args.seed}: {_summary(*outcome)}", flush=True)
            sound = sound and not any(findings(*outcome).values())
    return int(not sound)


if __name__ == "__main__":
    sys.exit(main())
