"""Steps of two models timed turn and turn about, so that what else the machine does falls on both alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping

import torch


def compare(
    steps: Mapping[str, Callable[[], None]],
    batch: int,
    threads: int,
    rounds: int,
    warm_up: int,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[float, str]:
    """How many times faster `ours` is than `plain`, by the medians, and the figures in words.

    With one thread, `time.process_time` as the clock leaves out what other processes take.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    try:
        for _ in range(warm_up + rounds):
            for name, step in steps.items():
                start = clock()
                step()
                seconds[name].append(clock() - start)
    finally:
        torch.set_num_threads(before)
    medians = {name: statistics.median(taken[warm_up:]) for name, taken in seconds.items()}
    ratio = medians["plain"] / medians["ours"]
    figures = ", ".join(f"{name} {1000 * taken:.0f} ms, {batch / taken:.0f} poses/s" for name, taken in medians.items())
    return ratio, f"{figures}; {ratio:.2f} times faster"
