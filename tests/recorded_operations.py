"""A stand-in for a CUDA graph on the CPU: records a step's operations below Python and repeats them, and nothing else.

Like a graph it keeps the numbers that Python gave an operation, writes every result to where it was written before, and
draws new random numbers. What a graph cannot record is an error here too: a value that the host reads, a shape that
depends on values, and a tensor made from Python's numbers, which a GPU would have to fetch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

from pipeline.training.captured import NotRecordableError
from pipeline.training.update import Update

HOST = ("_local_scalar_dense", "nonzero", "masked_select", "unique", "lift_fresh", "is_nonzero", "equal")


def alias(tree: Any) -> Any:
    """The same memory under the shapes of now: an operation may later give its tensor another shape in place."""
    return tree_map_only(Tensor, Tensor.detach, tree)


def tensors(tree: Any) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor)]


class Tape(TorchDispatchMode):
    """Runs every operation and keeps it."""

    def __init__(self) -> None:
        super().__init__()
        self.operations: list[tuple[Any, Any, Any, list[Tensor]]] = []
        self.reads: list[str] = []

    def __torch_dispatch__(self, function, types, arguments=(), options=None):  # type: ignore[no-untyped-def]
        name, kept = function.overloadpacket.__name__, alias((arguments, options or {}))
        by_truth = name.startswith("index") and any(one.dtype == torch.bool for one in tensors(arguments[1:2]))
        if name.startswith(HOST) or by_truth:
            self.reads.append(name)
        results = function(*arguments, **(options or {}))
        self.operations.append((function, *kept, alias(tensors(results))))
        return results

    @torch.no_grad()
    def repeat(self) -> None:
        for function, arguments, options, before in self.operations:
            again = tensors(function(*alias(arguments), **alias(options)))
            for kept, new in zip(before, again, strict=True):
                if kept.data_ptr() != new.data_ptr():
                    kept.copy_(new)


class Tapes:
    """A recorder for the steps of an update."""

    def __init__(self, update: Update) -> None:
        self.update = update
        self.recorded = self.rehearsed = 0

    def rehearse(self, step: Callable[[], Tensor]) -> tuple[Tensor, bool]:
        self.rehearsed += 1
        with Tape() as tape:
            values = step()
        return values, bool(tape.reads)

    def record(self, step: Callable[[], Tensor]) -> tuple[Tensor, Callable[[], None]]:
        """Recording a graph runs nothing, so what the operations changed is put back."""
        self.recorded += 1
        changed = tensors((self.update.task.model.state_dict(), self.update.optimizer.state_dict()))
        state = [(value, value.clone()) for value in changed]
        random = torch.get_rng_state()
        with Tape() as tape:
            values = step()
        torch.set_rng_state(random)
        with torch.no_grad():
            for value, before in state:
                value.copy_(before)
        if tape.reads:
            raise NotRecordableError(f"the host reads: {', '.join(tape.reads)}")
        return values, tape.repeat
