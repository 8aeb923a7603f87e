"""The command line: `python -m tests.fuzz --help`."""

from __future__ import annotations

import argparse
import json
import os
import pickle
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from tests.fuzz.conversations import CONVERSATIONS
from tests.fuzz.recording import Corpus, record, record_startups, values_of
from tests.plugins.types.composed import CREATE
from tests.servers import Server

ROOT = Path(__file__).parents[2]


def main() -> int:
    """Fuzz; return 1 if there is a finding."""
    args = _arguments()
    if args.corpus is None:
        with tempfile.TemporaryDirectory() as directory:
            corpus = Path(directory) / "corpus"
            with Server() as server:
                corpus.write_bytes(pickle.dumps(record_corpus(server)))
            return fuzz(corpus, args)
    return fuzz(args.corpus, args)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz", description="Fuzz the sans-IO parts of howdah."
    )
    limit = parser.add_mutually_exclusive_group()
    limit.add_argument("--seconds", type=float, help="how long")
    limit.add_argument("--rounds", type=int, default=10_000, help="how many cases (%(default)s)")
    parser.add_argument("--seed", type=int, help="makes the cases; a random one by default")
    parser.add_argument("--first", type=int, default=0, help="the number of the first case (%(default)s)")
    parser.add_argument(
        "--corpus", type=Path, help="what a finding has left behind, in place of a new recording"
    )
    parser.add_argument(
        "--impl", choices=("native", "python"), help="one implementation alone, compared with nothing"
    )
    parser.add_argument(
        "--findings", type=int, default=1, help="after how many findings to stop (%(default)s)"
    )
    args = parser.parse_args()
    if args.seed is None:
        args.seed = random.randrange(1 << 32)
    return args


def record_corpus(server: Server) -> Corpus:
    """Have all the conversations with a server."""
    import howdah

    with howdah.connect(server.dsn, autocommit=True) as conn:
        for statement in CREATE:
            conn.execute(statement)
    recordings = [record(server, name, conversation) for name, conversation in CONVERSATIONS.items()]
    values = [
        value
        for recording in recordings
        if recording.name in ("rows", "values_text", "values_binary", "multiranges")
        for value in values_of(recording)
    ]
    return Corpus(recordings, record_startups(server), values)


def fuzz(corpus: Path, args: argparse.Namespace) -> int:
    """Let each implementation do the cases, and compare; return 1 if there is a finding."""
    print(f"seed {args.seed}", flush=True)
    count = 1 << 40 if args.seconds else args.rounds
    end = time.monotonic() + (args.seconds or float("inf"))
    implementations = [args.impl] if args.impl else ["native", "python"]
    workers = [_worker(implementation, corpus, args, count) for implementation in implementations]
    done: Counter[str] = Counter()
    findings = 0
    try:
        for number, *outcomes in zip(
            range(args.first, args.first + count), *[_outcomes(worker) for worker in workers]
        ):
            problem = _problem(implementations, outcomes)
            if problem is not None:
                findings += 1
                kept = ROOT / f"fuzz-corpus-{args.seed}"
                kept.write_bytes(corpus.read_bytes())
                again = f"--seed {args.seed} --first {number} --rounds 1 --corpus {kept}"
                print(f"FINDING in case {number}; again: python -m tests.fuzz {again}\n{problem}")
                if findings == args.findings or any(outcome is None for outcome in outcomes):
                    return 1
            else:
                done[outcomes[0][0].partition(":")[0]] += 1
            if time.monotonic() > end:
                break
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
            assert worker.stdout is not None
            worker.stdout.close()
    kinds = ", ".join(f"{times} {name}" for name, times in sorted(done.items()))
    print(f"{sum(done.values())} cases, {findings} findings: {kinds}")
    return int(findings > 0)


def _worker(implementation: str, corpus: Path, args: argparse.Namespace, count: int) -> subprocess.Popen[str]:
    environment = {**os.environ, "HOWDAH_IMPL": implementation, "PYTHONHASHSEED": "0"}
    command = [
        sys.executable,
        "-m",
        "tests.fuzz.worker",
        str(corpus),
        str(args.seed),
        str(args.first),
        str(count),
    ]
    return subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, cwd=ROOT, encoding="utf-8")


def _outcomes(worker: subprocess.Popen[str]) -> Iterator[tuple[str, str | None] | None]:
    """Return a worker's outcomes; None for a case that it did not survive."""
    stream: IO[str] | None = worker.stdout
    assert stream is not None
    for line in stream:
        _, _, told = line.partition(" ")
        if not told.strip():
            break
        result, finding = json.loads(told)
        yield result, finding
    yield None


def _problem(names: list[str], outcomes: list[tuple[str, str | None] | None]) -> str | None:
    """Return what is wrong with the outcomes of a case, if anything."""
    for name, outcome in zip(names, outcomes):
        if outcome is None:
            return f"the {name} implementation crashed, or hung: see above"
        if outcome[1] is not None:
            return f"{name}: {outcome[1]}"
    results = [outcome[0] for outcome in outcomes if outcome is not None]
    if len(set(results)) > 1:
        return "they differ:\n" + "\n".join(f"{name}: {result}" for name, result in zip(names, results))
    return None


if __name__ == "__main__":
    sys.exit(main())
