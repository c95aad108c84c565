"""What the loop needs from a task: a model, numbered examples, a loss in named terms, a validation."""

from __future__ import annotations

from typing import Literal, Protocol, runtime_checkable

from torch import Tensor, nn

from pipeline.training.moment import Done


class Task(Protocol):
    """A model and its data."""

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
        """Whether the lowest or the highest value of the validation's first number is the best."""
        ...

    def loss(self, indices: Tensor, done: Done) -> dict[str, Tensor]:
        """The loss of one batch in named scalar terms; their sum is minimised. `indices` [B] is on the device.

        `done` is the share of the training that is done, from 0 to 1, as the schedule gets it; see moment.py.
        """
        ...

    def forward(self, indices: Tensor) -> None:
        """The network's pass over one training batch, as in `loss`, without the loss. For batch-norm statistics."""
        ...

    def validate(self) -> dict[str, float]:
        """Numbers of the current model on data that it is not trained on. The first one selects the best epoch."""
        ...


@runtime_checkable
class ReadsAhead(Protocol):
    """A task that makes its batches on the host, and can make the next one while the device works on this one."""

    def announce(self, indices: Tensor) -> None:
        """The indices [B] of the next batch. They are on the host, as are those that `loss` of such a task gets."""
        ...
