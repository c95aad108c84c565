"""The code of the package as the plan sees it, read once for all tests of a process."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

from repository import ROOT

from pipeline import config
from pipeline.config import plan
from pipeline.config.code import Code
from pipeline.layout import Layout


@functools.cache
def code() -> Code:
    """It keeps what it has read: no test changes the package that is running."""
    return Code()


def remember(layout: Layout) -> None:
    """Give a folder the cache that an earlier plan leaves there."""
    layout.code_digests.parent.mkdir(parents=True, exist_ok=True)
    layout.code_digests.write_bytes(_cache())


@functools.cache
def _cache() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "code.json"
        made = Code(cache=file)
        plan.jobs(config.load("demo", ROOT), made)
        made.save()
        return file.read_bytes()
