"""Dates in the future, which files have after the system's clock was set back.

Snakemake compares dates: it lets a job fail, and removes what it has made, if an input is younger than the output.
Until the clock has caught up no job would come to its end.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path

TIMESTAMP = ".snakemake_timestamp"  # in a folder: the date that Snakemake takes for the folder's
TOLERATED = 60_000_000_000  # nanoseconds: clocks of a cluster differ a little, and a minute is soon over


def bring_to_the_present(paths: Iterable[str], root: Path) -> int:
    """Give files and folders from the future dates of the present, in the same order. Returns how many there were.

    They come after all that are from the past, and before what is made from now on.
    """
    now, found = time.time_ns(), dict[Path, int]()
    for path in set(paths):
        with contextlib.suppress(OSError):  # not made yet
            place = root / path / TIMESTAMP if (root / path / TIMESTAMP).exists() else root / path
            found[place] = place.stat().st_mtime_ns
    future = sorted({date for date in found.values() if date > now})
    if not future or future[-1] - now < TOLERATED:
        return 0
    newest = max((date for date in found.values() if date <= now), default=now - TOLERATED)
    dates = {date: newest + (now - newest) * place // (len(future) + 1) for place, date in enumerate(future, start=1)}
    late = {place: dates[date] for place, date in found.items() if date in dates}
    for place, date in late.items():
        with contextlib.suppress(OSError):  # another user's, such as data that a folder's users share
            os.utime(place, ns=(date, date))
    told = f"note: {len(late)} files or folders were dated in the future; they now have dates of the present"
    print(f"{told}, in the same order (was the clock set back?)", file=sys.stderr)
    return len(late)
