"""Slots of a GPU: how many jobs use a card at a time, counted over all processes of a user on this machine.

A lifting network leaves most of a card idle, so several jobs share it; too many would only fill its memory. A job waits
for a slot after its imports, which take longest, and before it puts anything on the card. The lock of a job that is
killed is free at once.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

DEFAULT = 4
SECONDS = 0.2  # between two looks for a free slot


def count() -> int:
    """How many jobs share a card: MIXPOSE_GPU_SLOTS. It changes no number, so it is no setting.

    Raises ValueError unless it is a whole number from 1.
    """
    stated = os.environ.get("MIXPOSE_GPU_SLOTS", str(DEFAULT))
    if not stated.isdecimal() or int(stated) < 1:
        raise ValueError(f"MIXPOSE_GPU_SLOTS: expected a whole number from 1, found {stated!r}; change or unset it")
    return int(stated)


@contextmanager
def slot(card: str, slots: int, whole: bool = False, folder: Path | None = None) -> Iterator[None]:
    """Wait for one of a card's slots and keep it within the block; `whole`: for all, so that nobody shares the card."""
    folder = folder or Path(tempfile.gettempdir()) / f"mixpose-{os.getuid()}"
    folder.mkdir(parents=True, exist_ok=True)
    locks = [FileLock(folder / f"{card}.{number}.lock") for number in range(slots)]
    with ExitStack() as held:
        if whole:  # always in the same order, so that two such jobs cannot wait for each other
            for lock in locks:
                held.enter_context(lock)
        else:
            _take_one(locks, held)
        yield


def _take_one(locks: Sequence[FileLock], held: ExitStack) -> None:
    while True:
        for lock in locks:
            try:
                held.enter_context(lock.acquire(timeout=0))
            except Timeout:
                continue
            return
        time.sleep(SECONDS)
