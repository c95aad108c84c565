"""An update that is recorded once and then repeated: without Python, and without a launch for every operation.

A lifting network's step is a thousand small operations; on a GPU it waits for Python to launch them. A recorder
(cuda_graphs.py) records the whole update, from the batch's indices to the new weights, and repeats it by one launch.
What is recorded is the very function that runs otherwise (update.py), on buffers that stay where they are: the indices
of the batch, the learning rate, and the numbers that a loss takes from the share of the training that is done.

The first steps of a recording run without it, and count: they make what an operation makes at its first use (Adam's
averages, the library's plans). A batch of another size has a recording of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

from pipeline.training.moment import Moment
from pipeline.training.update import Update

REHEARSALS = 3  # steps before a step is recorded


class NotRecordableError(RuntimeError):
    """A step that cannot be recorded; the message says why."""


class Recorder(Protocol):
    """What a device records with."""

    def rehearse(self, step: Callable[[], Tensor]) -> tuple[Tensor, bool]:
        """Run a step. Returns its result, and whether it made the host wait: such a step cannot be recorded."""
        ...

    def record(self, step: Callable[[], Tensor]) -> tuple[Tensor, Callable[[], None]]:
        """Record a step without running it. Returns the buffer of its result and what repeats it.

        Raises NotRecordableError, after which everything is as it was.
        """
        ...


class Captured:
    """An update, recorded. `say` gets one line if the step cannot be recorded; it then runs without."""

    def __init__(self, update: Update, recorder: Recorder, say: Callable[[str], None]) -> None:
        self.update, self.recorder, self.say = update, recorder, say
        self.refused = False
        self.recordings: dict[int, Recording] = {}  # by the batch's size

    def __call__(self, indices: Tensor, done: float) -> Tensor:
        if not self.refused:
            recording = self.recordings.get(len(indices))
            if recording is None or not recording.moment.go_to(done):
                recording = self.recordings[len(indices)] = Recording(self.update, self.recorder, len(indices))
                recording.moment.go_to(done)
            try:
                return recording(indices)
            except NotRecordableError as error:
                self._refuse(str(error))
        return self.update(indices, done)

    def _refuse(self, reason: str) -> None:
        self.refused, self.recordings = True, {}
        for group in self.update.optimizer.param_groups:
            group["capturable"] = False
        self.say(f"the training step cannot be recorded as a CUDA graph and runs without one: {reason}")


class Recording:
    """The update for batches of one size."""

    def __init__(self, update: Update, recorder: Recorder, size: int) -> None:
        self.update, self.recorder = update, recorder
        self.indices = torch.zeros(size, dtype=torch.int64, device=update.task.device)
        self.moment = Moment(update.task.device)
        self.rehearsals = 0
        self.waited = False
        self.values: Tensor | None = None
        self.repeat: Callable[[], None] | None = None

    def __call__(self, indices: Tensor) -> Tensor:
        if self.repeat is None and self.waited:
            raise NotRecordableError("an operation in it makes the host wait for the device")
        self.indices.copy_(indices)
        if self.rehearsals < REHEARSALS:
            self.rehearsals += 1
            values, self.waited = self.recorder.rehearse(self._step)  # the last one decides: first uses may wait
            return values
        if self.repeat is None:
            self.moment.closed = True
            self.values, self.repeat = self.recorder.record(self._step)
        self.repeat()
        assert self.values is not None
        return self.values.clone()

    def _step(self) -> Tensor:
        return self.update(self.indices, self.moment)
