"""One update of the weights: loss, gradient, clipping, Adam. On a GPU nothing in it waits for the device."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from pipeline.training.moment import Done
from pipeline.training.task import Task


class Update:
    """The update of a task's model. `recorded`: for a CUDA graph, so Adam keeps all that changes on the device."""

    def __init__(
        self,
        task: Task,
        rate: float,
        betas: tuple[float, float] = (0.9, 0.999),
        max_gradient_norm: float | None = None,
        max_weight_norm: float | None = None,
        recorded: bool = False,
    ) -> None:
        self.task, self.recorded = task, recorded
        self.max_gradient_norm, self.max_weight_norm = max_gradient_norm, max_weight_norm
        self.names: tuple[str, ...] = ()  # of the values of the last step
        start = torch.tensor(rate, device=task.device) if recorded else rate
        self.optimizer = torch.optim.Adam(
            task.model.parameters(), lr=start, betas=betas, fused=True, capturable=recorded
        )

    def __call__(self, indices: Tensor, done: Done) -> Tensor:
        """Learn from a batch. Returns the terms of its loss before the update and the gradient's norm, [terms + 1]."""
        self.optimizer.zero_grad(set_to_none=True)
        terms = self.task.loss(indices, done)
        torch.stack(list(terms.values())).sum().backward()
        bound = math.inf if self.max_gradient_norm is None else self.max_gradient_norm
        norm = nn.utils.clip_grad_norm_(self.task.model.parameters(), bound)
        self.optimizer.step()
        if self.max_weight_norm is not None:
            limit_weights(self.task.model, self.max_weight_norm)
        self.names = (*terms, "gradient norm")
        return torch.stack([*terms.values(), norm]).detach()

    def set_rate(self, rate: float) -> None:
        for group in self.optimizer.param_groups:
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate

    def load_optimizer(self, state: dict[str, Any]) -> None:
        """Continue from a saved state of the optimiser. Where the learning rate is kept stays as it is."""
        kept = [{name: group[name] for name in ("lr", "capturable")} for group in self.optimizer.param_groups]
        self.optimizer.load_state_dict(state)
        for group, own in zip(self.optimizer.param_groups, kept, strict=True):
            group.update(own)


@torch.no_grad()
def limit_weights(model: nn.Module, bound: float) -> None:
    """Max-norm regularisation: scale the weights into every output unit back to at most `bound`.

    A module's `output_axis` is the axis of its weights that counts output units; in torch's modules it is the first.
    """
    for module in model.modules():
        for parameter in module.parameters(recurse=False):
            if parameter.ndim >= 2:
                axis = getattr(module, "output_axis", 0) % parameter.ndim
                others = [other for other in range(parameter.ndim) if other != axis]
                norm = torch.linalg.vector_norm(parameter, dim=others, keepdim=True)
                parameter.mul_((bound / norm.clamp(min=1e-12)).clamp(max=1.0))
