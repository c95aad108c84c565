"""The device and the number of threads. The number is fixed because results round differently with another number."""

from __future__ import annotations

import ctypes

import torch

# Options of glibc's mallopt: the size from which an array gets memory of its own from the system, and how much freed
# memory the process keeps. By default a large tensor's memory goes back to the system when it is freed, and the next
# tensor fetches it again: two fifths of an evaluation's time over mesh graphs (tests/benchmarks/test_kept_memory.py).
MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1
LARGE, EVERYTHING = 2**25, 2**31 - 1  # bytes; the first is the most that glibc takes


class DeviceError(RuntimeError):
    """This machine does not have the requested device."""


def prepare(device: str, threads: int) -> str:
    """Set the number of threads and return torch's name of the device `auto`, `cpu` or `cuda`. Raises DeviceError."""
    keep_freed_memory()
    torch.set_num_threads(threads)
    if device == "cuda" and not torch.cuda.is_available():
        raise DeviceError("device: cuda, but torch finds no GPU here; write `device: auto` to take what there is")
    if device == "cpu" or not torch.cuda.is_available():
        return "cpu"
    return "cuda:0"


def keep_freed_memory() -> None:
    """Let the process keep freed memory for its next arrays. Without glibc this does nothing."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(MMAP_THRESHOLD, LARGE)
        mallopt(TRIM_THRESHOLD, EVERYTHING)
