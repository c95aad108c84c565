"""Where a run computes, and on how many threads: fixed, because another number of threads gives other roundings."""

from __future__ import annotations

import torch


class DeviceError(RuntimeError):
    """The device asked for is not there."""


def prepare(device: str, threads: int) -> str:
    """Fix the threads, and give torch's name of the device for `auto`, `cpu` or `cuda`."""
    torch.set_num_threads(threads)
    if device == "cuda" and not torch.cuda.is_available():
        raise DeviceError("device: cuda, but torch finds no GPU here; write `device: auto` to take what there is")
    if device == "cpu" or not torch.cuda.is_available():
        return "cpu"
    return "cuda:0"
