"""A process that does cases in one implementation, and prints the outcome of each as a line of JSON.

`python -m tests.fuzz.worker CORPUS SEED FIRST COUNT`; HOWDAH_IMPL says which implementation. A case that
crashes or hangs ends the process: its number is on the last line, without an outcome.
"""

from __future__ import annotations

import faulthandler
import gc
import json
import logging
import os
import pickle
import resource
import sys
import traceback
from pathlib import Path

#: After so many seconds one of the last cases hangs. One takes a few milliseconds.
PATIENCE = 60
#: After how many cases the clock starts anew, and garbage is collected.
OFTEN = 200
#: What a case may add to the most memory the process has had, in kB. A sanitizer keeps what is freed.
ROOM = (1024 if "LD_PRELOAD" in os.environ else 64) * 1024


def main() -> None:
    """Do the cases."""
    corpus_file, seed, first, count = sys.argv[1:]
    corpus = pickle.loads(Path(corpus_file).read_bytes())
    from tests.fuzz.cases import outcome

    faulthandler.enable()
    logging.disable()
    start = int(first)
    peak = 0
    for number in range(start, start + int(count)):
        if number % OFTEN == 0 or number == start:
            faulthandler.dump_traceback_later(PATIENCE, exit=True)
        print(number, end=" ", flush=True)
        finding = None
        try:
            result = outcome(corpus, int(seed), number)
        except Exception:
            result = ""
            finding = traceback.format_exc()
        before, peak = peak, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        if before and peak > before + ROOM:
            finding = f"the case took {(peak - before) // 1024} MB of memory"
        print(json.dumps([result, finding]), flush=True)
        if number % OFTEN == 0:
            gc.collect()
    faulthandler.cancel_dump_traceback_later()


if __name__ == "__main__":
    main()
