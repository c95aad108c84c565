"""Losses that are read every few steps: the same history, an exact stop, and nothing kept after a bad step."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from pipeline.training import checkpoint, readings
from pipeline.training.loop import LoopSettings, Resume, train
from pipeline.training.progress import Progress
from pipeline.training.readings import NotFiniteError, Reading, Readings
from pipeline.training.schedules import OneCycle


class Line:
    """A task of 8 steps an epoch. Its second term is not a number in one step, and in that one only."""

    device = "cpu"
    unit = "points"
    best = "lowest"
    batch_size = 8
    examples = 64

    def __init__(self, bad: int | None = None, stop_at: int | None = None) -> None:
        torch.manual_seed(0)
        self.model: nn.Module = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.3), nn.Linear(4, 1))
        self.inputs = torch.randn(64, 3, generator=torch.Generator().manual_seed(1))
        self.bad, self.stop_at, self.calls, self.validations = bad, stop_at, 0, 0

    def loss(self, indices: Tensor, done: Any) -> dict[str, Tensor]:
        if self.calls == self.stop_at:
            raise SystemExit("killed")
        error = (self.model(self.inputs[indices]) - 1).square().mean()
        penalty = torch.tensor(math.inf if self.calls == self.bad else 0.5)
        self.calls += 1
        return {"error": error, "penalty": penalty}

    def forward(self, indices: Tensor) -> None: ...

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        self.validations += 1
        return {"test_error": float(self.model(self.inputs).sum())}


def run(task: Line, folder: Path, every: int | None, seconds: float = 0.0, rows: int = 2) -> Progress:
    torch.manual_seed(5)  # of the dropout
    settings = LoopSettings(epochs=4, seed=0, rows_an_epoch=rows, read_every=every)
    return train(task, OneCycle(0.05), settings, Resume(folder / "state.pt", "a", seconds), "test")


@pytest.mark.parametrize("every", [2, 7, 100])
def test_reading_less_often_changes_neither_history_nor_weights(tmp_path: Path, every: int) -> None:
    one, other = Line(), Line()
    expected = run(one, tmp_path / "a", 1, seconds=1e9)
    assert run(other, tmp_path / "b", every, seconds=1e9).rows == expected.rows
    weights, others = one.model.state_dict(), other.model.state_dict()
    assert all(torch.equal(weights[name], others[name]) for name in weights)


@pytest.mark.parametrize("every", [1, 3, 25])
@pytest.mark.parametrize("bad", [0, 2, 5, 7, 8, 13])
def test_the_first_bad_step_is_named_and_nothing_after_it_is_kept(tmp_path: Path, every: int, bad: int) -> None:
    task = Line(bad)
    said = rf"step {bad}: penalty is inf at learning rate {OneCycle(0.05).rate((bad + 0.5) / 32):.3g}; lower"
    with pytest.raises(NotFiniteError, match=said):
        run(task, tmp_path, every, seconds=1e9)
    assert not (tmp_path / "state.pt").exists()
    assert task.validations == bad // 8  # one per epoch that ended before it
    assert bad < task.calls <= min(bad + every, 4 * (bad // 4 + 1))  # a row is due after every fourth step


def test_a_saved_state_has_no_bad_step(tmp_path: Path) -> None:
    """A state is asked for after every step here, so the bad step is noticed when it would be saved."""
    with pytest.raises(NotFiniteError, match="step 5: penalty is inf"):
        run(Line(bad=5), tmp_path, 25)
    state = checkpoint.load(tmp_path / "state.pt")
    assert state["progress"]["step"] == 5
    assert all(value.isfinite().all() for value in state["model"].values())


@pytest.mark.parametrize("stop_at", [3, 9, 18])
def test_a_killed_run_that_reads_rarely_ends_as_an_undisturbed_one(tmp_path: Path, stop_at: int) -> None:
    straight, again = Line(), Line()
    expected = run(straight, tmp_path / "a", 7)
    with pytest.raises(SystemExit):
        run(Line(stop_at=stop_at), tmp_path / "b", 7)
    assert run(again, tmp_path / "b", 7).rows == expected.rows
    weights, others = straight.model.state_dict(), again.model.state_dict()
    assert all(torch.equal(weights[name], others[name]) for name in weights)


def test_steps_with_unlike_terms_are_read_together() -> None:
    unread = Readings(every=3)
    for step, values in enumerate([[1.0, 2.0, 9.0], [4.0, 9.0], [0.5, 0.25, 9.0]]):
        assert not unread.due
        unread.add(Reading(step, 0.1, torch.tensor(values), ("a", "b", "norm")[-len(values) :]))
    assert unread.due and unread.read() == [3.0, 4.0, 0.75] and unread.read() == []


def test_on_a_cpu_every_step_is_read() -> None:
    assert readings.every("cpu") == 1 and readings.every("cuda:0") > 1
