"""How far a training has come: what the loop counts and saves besides the weights."""

from __future__ import annotations

import datetime
import os
from dataclasses import dataclass, field

from torch import Tensor

Row = dict[str, float]  # one row of a training's history


def now() -> str:
    """The time in UTC to the second. SOURCE_DATE_EPOCH, as in reproducible builds, overrides the clock."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    utc = datetime.UTC
    moment = datetime.datetime.now(utc) if epoch is None else datetime.datetime.fromtimestamp(int(epoch), utc)
    return moment.isoformat(timespec="seconds")


@dataclass
class Progress:
    """All that changes during a training, apart from the model, the optimiser and the random generators."""

    started: str = field(default_factory=now)  # of the first start, if it was stopped since
    step: int = 0
    rows: list[Row] = field(default_factory=list)
    seconds: float = 0.0
    resumed: int = 0
    best_epoch: int = 0
    best_value: float | None = None
    best_model: dict[str, Tensor] = field(default_factory=dict)
    epoch_loss: float = 0.0
    row_loss: float = 0.0
    row_steps: int = 0
