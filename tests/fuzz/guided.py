"""Fuzzes one parser, guided by the code that an input reaches: `python tests/fuzz/guided.py asf --cases 10000`.

`make fuzz` does so for every parser. An input that does harm is kept in tests/fuzz/kept/<parser>, and is tried by the
tests from then on. atheris is libFuzzer for Python: it ends at a crash, after 20 seconds in one input, and beyond 2 GB.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[1]))
PARTS = ["pipeline", "cdflib", "zipfile", "tarfile", "gzip", "pickletools", "json"]
SECONDS, MEGABYTES = 20, 2048


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("parser")
    options.add_argument("--cases", type=int, default=10_000)
    chosen = options.parse_args()
    with atheris.instrument_imports(include=PARTS):
        import fuzzed_parsers
    parser = fuzzed_parsers.PARSERS[chosen.parser]
    kept = fuzzed_parsers.KEPT / parser.name
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as corpus, tempfile.TemporaryDirectory() as work:
        for number, data in enumerate(fuzzed_parsers.inputs(parser)):
            Path(corpus, str(number)).write_bytes(data)
        limits = [f"-timeout={SECONDS}", f"-rss_limit_mb={MEGABYTES}", f"-malloc_limit_mb={MEGABYTES}"]
        counts = [f"-runs={chosen.cases}", f"-max_len={fuzzed_parsers.LONGEST}", "-seed=1", "-len_control=0"]
        arguments = [sys.argv[0], *counts, *limits, f"-artifact_prefix={kept}/", corpus]
        atheris.Setup(arguments, lambda data: fuzzed_parsers.check(parser, data, Path(work)))
        atheris.Fuzz()


if __name__ == "__main__":
    main()
