"""torch.compile where it works. Without a compiler on the machine, or with an operation it does not know, all stays."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn
from tqdm import tqdm

Result = TypeVar("Result")


class Compiled(Generic[Result]):
    """A function of tensors of fixed shapes, compiled at its first call on a GPU."""

    def __init__(self, function: Callable[[Tensor], Result], device: str) -> None:
        self.function = function
        self.compiled = torch.compile(function, dynamic=False) if compiler_works(device) else None

    def __call__(self, values: Tensor) -> Result:
        if self.compiled is not None:
            try:
                return self.compiled(values)
            except Exception as error:  # a compiler raises anything
                tqdm.write(f"not compiled, runs as it is: {first_line(error)}")
                self.compiled = None
        return self.function(values)


@functools.cache
def compiler_works(device: str) -> bool:
    """Whether torch compiles a small network on this device, forwards and backwards; tried once, and only on a GPU."""
    if not device.startswith("cuda"):
        return False
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU()).to(device)
    try:
        torch.compile(network, dynamic=False)(torch.zeros(2, 3, 8, 8, device=device)).sum().backward()
    except Exception as error:
        tqdm.write(f"torch.compile does not work here, networks run as they are: {first_line(error)}")
        return False
    return True


def first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
