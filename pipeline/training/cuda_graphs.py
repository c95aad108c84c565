"""Recording on an NVIDIA GPU: torch's CUDA graphs.

Random numbers in a graph (dropout, mirrored poses) come from torch's default generator of the device. The graph reads
the generator's seed and offset from buffers, which every repetition fills and advances. So `torch.cuda.get_rng_state`
after a repetition is the state after the step, as without a graph, and a resumed training continues with it.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable

import torch
from torch import Tensor

from pipeline.training.captured import NotRecordableError

WAITED = "called a synchronizing CUDA operation"  # torch's words


def wanted(device: str) -> bool:
    """Whether steps on this device are recorded. MIXPOSE_CUDA_GRAPHS=0 turns it off; it is no setting of a training."""
    return device.startswith("cuda") and os.environ.get("MIXPOSE_CUDA_GRAPHS", "1") != "0"


class CudaGraphs:
    """The recorder of a device, `cuda:0`."""

    def __init__(self, device: str) -> None:
        self.device = torch.device(device)
        self.stream = torch.cuda.Stream(self.device)  # recordings may not use the default one

    def rehearse(self, step: Callable[[], Tensor]) -> tuple[Tensor, bool]:
        current = torch.cuda.current_stream(self.device)
        self.stream.wait_stream(current)
        before = torch.cuda.get_sync_debug_mode()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            torch.cuda.set_sync_debug_mode("warn")
            try:
                with torch.cuda.stream(self.stream):
                    values = step()
            finally:
                torch.cuda.set_sync_debug_mode(before)
        current.wait_stream(self.stream)
        return values, any(WAITED in str(warning.message) for warning in caught)

    def record(self, step: Callable[[], Tensor]) -> tuple[Tensor, Callable[[], None]]:
        current, random = torch.cuda.current_stream(self.device), torch.cuda.get_rng_state(self.device)
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph, stream=self.stream):
                values = step()
        except RuntimeError as error:
            torch.cuda.set_stream(current)  # a recording that fails to end leaves its own stream in use
            self._renew_generator(random)
            raise NotRecordableError(str(error).split("\n")[0]) from None
        return values, graph.replay

    def _renew_generator(self, random: Tensor) -> None:
        """Give the default generator a fresh state: a failed recording leaves it in one that refuses to draw."""
        fresh = torch.Generator(self.device)
        fresh.set_state(random)
        torch.cuda.default_generators[self.device.index or 0].graphsafe_set_state(fresh)
