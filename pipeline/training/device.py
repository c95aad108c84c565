"""Where a run computes, and on how many threads: fixed, because another number of threads gives other roundings."""

from __future__ import annotations

import ctypes

import torch

# Of glibc's mallopt: from which size memory comes from the system for each array alone, and how much that was freed is
# kept. By default a tensor's memory goes back to the system as soon as it is freed, and is fetched again for the next
# one: of an evaluation over mesh graphs that was two fifths of the time (tests/benchmarks/test_kept_memory.py).
MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1
LARGE, EVERYTHING = 2**25, 2**31 - 1  # bytes; the first is the most that glibc takes


class DeviceError(RuntimeError):
    """The device asked for is not there."""


def prepare(device: str, threads: int) -> str:
    """Fix the threads, and give torch's name of the device for `auto`, `cpu` or `cuda`."""
    keep_freed_memory()
    torch.set_num_threads(threads)
    if device == "cuda" and not torch.cuda.is_available():
        raise DeviceError("device: cuda, but torch finds no GPU here; write `device: auto` to take what there is")
    if device == "cpu" or not torch.cuda.is_available():
        return "cpu"
    return "cuda:0"


def keep_freed_memory() -> None:
    """Let the process keep what its arrays free, for the next ones. Where there is no glibc it does nothing."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(MMAP_THRESHOLD, LARGE)
        mallopt(TRIM_THRESHOLD, EVERYTHING)
