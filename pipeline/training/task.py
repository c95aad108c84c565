"""What the loop needs to know of a task: a model, numbered batches, a loss in named terms, a validation."""

from __future__ import annotations

from typing import Literal, Protocol

from torch import Tensor, nn


class Task(Protocol):
    """A model and its data. The data lies on the device; a batch is an index operation."""

    model: nn.Module
    device: str

    @property
    def examples(self) -> int:
        """Training examples in an epoch."""
        ...

    @property
    def batch_size(self) -> int: ...

    @property
    def unit(self) -> str:
        """What an example is called in a progress bar: `poses`, `images`."""
        ...

    @property
    def best(self) -> Literal["lowest", "highest"]:
        """Which value of the first figure of a validation is the best one."""
        ...

    def loss(self, indices: Tensor) -> dict[str, Tensor]:
        """The loss of one batch in named scalar terms, whose sum is minimised. `indices` [B] is on the device."""
        ...

    def validate(self) -> dict[str, float]:
        """Figures of the model as it stands, on data it is not trained on. The first one chooses the best epoch."""
        ...
