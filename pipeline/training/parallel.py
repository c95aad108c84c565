"""One training on several devices: one process each, which share every batch and do the same update.

Every process draws the same random numbers and makes the same batch. The backbone of each sees its own part of the
images; its batch norms take their statistics from the whole batch. Then the features are gathered, every process
computes the same loss of the whole batch, and the backbone's gradients are summed as they are made. So the numbers are
those of one process with the whole batch, but for rounding: the number of devices changes no result.

The processes are started by `torchrun`, which sets RANK, WORLD_SIZE and LOCAL_RANK.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.distributed as group
from torch import Tensor, nn
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.nn.functional import all_reduce


def size() -> int:
    """How many processes share the training; 1 where `torchrun` has not started this one."""
    return int(os.environ["WORLD_SIZE"]) if group.is_torchelastic_launched() else 1


def rank() -> int:
    """The number of this process, from 0. The first one writes what is written."""
    return int(os.environ["RANK"]) if group.is_torchelastic_launched() else 0


def start(device: str) -> str:
    """Meet the other processes. Returns this process's own device."""
    if size() == 1:
        return device
    if device.startswith("cuda"):
        device = f"cuda:{os.environ['LOCAL_RANK']}"
        torch.cuda.set_device(device)
    if not group.is_initialized():
        group.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    return device


def wait() -> None:
    """Return when all processes have come here."""
    if size() > 1:
        group.barrier()


class Shared:
    """A backbone whose batches are shared between the processes, and whose gradients are those of the whole batch."""

    def __init__(self, backbone: nn.Module) -> None:
        for parameter in backbone.parameters():
            parameter.register_post_accumulate_grad_hook(_sum)
        for layer in list(backbone.modules()):
            if isinstance(layer, nn.BatchNorm2d):
                layer.__class__ = WholeBatchNorm

    def features(self, function: Callable[[Tensor], list[Tensor]], images: Tensor) -> list[Tensor]:
        """The features of all images [B, ...]; gradients flow to those that this process computes."""
        parts = [len(part) for part in images.tensor_split(size())]
        first = sum(parts[: rank()])
        with _sharing():
            own = function(images[first : first + parts[rank()]])
        return [_gather(feature, parts) for feature in own]


def _sum(parameter: Tensor) -> None:
    """Replace the gradient of this process's images by that of all."""
    assert parameter.grad is not None
    group.all_reduce(parameter.grad)


def _gather(own: Tensor, parts: list[int]) -> Tensor:
    """The tensors of all processes, one after the other, of which this process's own keeps its history."""
    longest = max(parts)  # gloo wants equal shapes
    padded = own.detach().new_zeros((longest, *own.shape[1:]))
    padded[: len(own)] = own.detach()
    gathered = [torch.empty_like(padded) for _ in parts]
    group.all_gather(gathered, padded)
    found = [part[:count] for part, count in zip(gathered, parts, strict=True)]
    found[rank()] = own
    return torch.cat(found)


_active = False


@contextmanager
def _sharing() -> Iterator[None]:
    global _active
    _active = True
    try:
        yield
    finally:
        _active = False


class WholeBatchNorm(nn.BatchNorm2d):
    """A batch norm whose statistics in a shared pass are those of the whole batch; otherwise the usual one."""

    def forward(self, inputs: Tensor) -> Tensor:
        if not (_active and self.training):
            return super().forward(inputs)
        count = torch.tensor([inputs.numel() / inputs.shape[1]], device=inputs.device)
        values = inputs.float()
        sums = all_reduce(torch.cat([values.sum((0, 2, 3)), count]))
        total = sums[-1].detach()
        mean = sums[:-1] / total
        squares = all_reduce((values - mean[:, None, None]).square().sum((0, 2, 3)))
        variance = squares / total
        self._remember(mean.detach(), squares.detach() / (total - 1))
        scale = (variance + self.eps).rsqrt() * self.weight
        return ((values - mean[:, None, None]) * scale[:, None, None] + self.bias[:, None, None]).to(inputs.dtype)

    def _remember(self, mean: Tensor, variance: Tensor) -> None:
        assert self.running_mean is not None and self.running_var is not None and self.num_batches_tracked is not None
        self.num_batches_tracked.add_(1)
        share = 1 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, share)
        self.running_var.lerp_(variance, share)


def launch(command: list[str], devices: int) -> bool:
    """Run a command of ours, as after `python -m`, in one process per device. Returns whether all ended well."""
    from torch.distributed import run

    arguments: Any = run.parse_args(["--standalone", f"--nproc-per-node={devices}", "-m", *command])
    try:
        run.run(arguments)
    except ChildFailedError:  # torchrun has printed what the processes said
        return False
    return True
