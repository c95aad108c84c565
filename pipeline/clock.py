"""The clock of all progress bars: one that nobody sets.

tqdm asks the system's clock. Where that is set back by a day while a job runs, a bar stands still for a day, and then
shows a negative time. Where it is set forward, the time left is wrong by days.
"""

from __future__ import annotations

import time

import tqdm._monitor
import tqdm.std


def settle() -> None:
    """Let the bars of this process measure with the clock with which everything else here is measured."""
    for module in (tqdm.std, tqdm._monitor):  # the second one draws bars that are late
        vars(module)["time"] = time.monotonic
