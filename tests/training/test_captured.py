"""Recorded steps, on the CPU: a stand-in repeats the operations that a CUDA graph would repeat."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from recorded_operations import Tapes
from torch import Tensor, nn

from pipeline.training import cuda_graphs, loop, mixture_remedies
from pipeline.training.captured import REHEARSALS, Captured
from pipeline.training.moment import Done, Moment
from pipeline.training.progress import Progress
from pipeline.training.schedules import OneCycle
from pipeline.training.update import Update

Loss = Callable[[Tensor, Done], Tensor]


class Small:
    """A task whose loss is given; with dropout, so that random numbers are drawn."""

    device = "cpu"
    unit = "points"
    best = "lowest"
    batch_size = 8
    examples = 60

    def __init__(self, loss: Loss) -> None:
        torch.manual_seed(0)
        self.model = nn.Sequential(nn.Linear(3, 16), nn.BatchNorm1d(16), nn.Dropout(0.3), nn.Linear(16, 4))
        self.inputs = torch.randn(60, 3, generator=torch.Generator().manual_seed(1))
        self.of_output = loss

    def loss(self, indices: Tensor, done: Done) -> dict[str, Tensor]:
        return {"error": self.of_output(self.model(self.inputs[indices]), done)}

    def forward(self, indices: Tensor) -> None:
        self.model(self.inputs[indices])

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        return {"test_error": float(self.model(self.inputs).square().mean())}


def plain(output: Tensor, done: Done) -> Tensor:
    return output.square().mean()


def annealed(output: Tensor, done: Done) -> Tensor:
    return mixture_remedies.annealed_nll(output, mixture_remedies.annealing_exponent(done, 0.02, 0.6)).mean()


def winners(output: Tensor, done: Done) -> Tensor:
    count = mixture_remedies.winner_count(done, 4, 0.6)
    if count is None:
        return output.square().mean()
    return mixture_remedies.winners_nll(-output.square(), output.detach(), count).mean()


def run(loss: Loss, recorded: bool, steps: int = 60) -> tuple[Small, list[Tensor], Tapes, list[str]]:
    """Steps with rates and batches that change; every fourth batch is smaller."""
    task = Small(loss)
    update, said = Update(task, 0.1, max_gradient_norm=1.0, max_weight_norm=1.5, recorded=True), []  # type: ignore
    tapes, order = Tapes(update), torch.Generator().manual_seed(2)
    step = Captured(update, tapes, said.append) if recorded else update
    values = []
    for number in range(steps):
        indices = torch.randperm(60, generator=order)[: 5 if number % 4 == 3 else 8]
        update.set_rate(0.01 * math.cos(number / steps))
        values.append(step(indices, (number + 0.5) / steps))
    return task, values, tapes, said


def same(one: nn.Module, other: nn.Module) -> bool:
    weights, others = one.state_dict(), other.state_dict()
    return all(torch.equal(weights[name], others[name]) for name in weights)


@pytest.mark.parametrize("loss", [plain, annealed, winners])
def test_recorded_steps_have_the_bits_of_plain_ones(loss: Loss) -> None:
    one, expected, _, _ = run(loss, recorded=False)
    other, values, tapes, said = run(loss, recorded=True)
    assert same(one.model, other.model)
    assert all(torch.equal(value, right) for value, right in zip(values, expected, strict=True))
    assert not said and tapes.recorded


def test_a_batch_of_another_size_is_recorded_by_itself() -> None:
    assert run(plain, recorded=True)[2].recorded == 2
    assert run(plain, recorded=True)[2].rehearsed == 2 * REHEARSALS


def test_a_step_is_recorded_anew_when_a_constant_changes() -> None:
    """Four numbers of winners in 36 steps, 9 each, of which two or three are small; then the plain likelihood."""
    assert run(winners, recorded=True)[2].recorded == 4 + 1 + 1  # the last with either size


def test_a_number_that_changes_needs_no_new_recording() -> None:
    assert run(annealed, recorded=True)[2].recorded == 2


def through_the_loop(folder: Path, recorded: bool, stop_at: int | None = None) -> tuple[Small, Progress]:
    """Six epochs of eight steps, the last of them smaller; `stop_at` is the step that is never done."""
    task, asked = Small(annealed), 0

    class Rates(OneCycle):
        def rate(self, progress: float) -> float:
            nonlocal asked
            asked += 1
            if stop_at is not None and asked == stop_at + 2:  # it is asked once more, before the first step
                raise SystemExit("killed")
            return super().rate(progress)

    def step(update: Update) -> Captured | Update:
        return Captured(update, Tapes(update), pytest.fail) if recorded else update

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cuda_graphs, "wanted", lambda device: True)
        patch.setattr(loop, "_step", step)
        settings = loop.LoopSettings(epochs=6, seed=0, max_gradient_norm=1.0, recorded=True, read_every=5)
        torch.manual_seed(4)
        return task, loop.train(task, Rates(0.05), settings, loop.Resume(folder / "a.pt", "a", 0.0), "test")


@pytest.mark.parametrize("stop_at", [2, 17, 40])
def test_a_recorded_training_that_is_killed_ends_with_the_bits_of_a_plain_one(tmp_path: Path, stop_at: int) -> None:
    """After the kill the first steps run before one is recorded again, so they must be what a recorded step is."""
    one, expected = through_the_loop(tmp_path / "plain", recorded=False)
    with pytest.raises(SystemExit):
        through_the_loop(tmp_path / "recorded", recorded=True, stop_at=stop_at)
    other, progress = through_the_loop(tmp_path / "recorded", recorded=True)
    assert progress.resumed == 1 and progress.rows == expected.rows
    assert same(one.model, other.model)


def wait_for_a_value(output: Tensor, done: Done) -> Tensor:
    return output.square().mean() * (1.0 if output.sum().item() > 0 else 2.0)


def depend_on_shapes(output: Tensor, done: Done) -> Tensor:
    return output[output > 0].sum()


def fetch_from_the_host(output: Tensor, done: Done) -> Tensor:
    return output[:, [1, 0]].square().mean()


@pytest.mark.parametrize("loss", [wait_for_a_value, depend_on_shapes, fetch_from_the_host])
def test_a_step_that_cannot_be_recorded_runs_without_and_says_so_once(loss: Loss) -> None:
    one, expected, _, _ = run(loss, recorded=False)
    other, values, tapes, said = run(loss, recorded=True)
    assert same(one.model, other.model) and torch.equal(torch.stack(values), torch.stack(expected))
    assert tapes.recorded == 0 and len(said) == 1 and "an operation in it makes the host wait" in said[0]


def test_a_step_that_waits_only_when_it_is_recorded_runs_without_it() -> None:
    calls = 0

    def loss(output: Tensor, done: Done) -> Tensor:
        nonlocal calls
        calls += 1
        return wait_for_a_value(output, done) if calls > REHEARSALS else plain(output, done)

    task, _, tapes, said = run(loss, recorded=True, steps=6)
    assert tapes.recorded == 1 and len(said) == 1 and "_local_scalar_dense" in said[0]
    calls = 0  # recording it once more changed nothing
    assert same(task.model, run(loss, recorded=False, steps=6)[0].model)


def test_a_loss_that_computes_with_the_moment_itself_fails_at_once() -> None:
    with pytest.raises(TypeError):
        run(lambda output, done: output.mean() * done, recorded=True, steps=1)  # type: ignore[operator]


def test_a_moments_numbers_are_those_of_the_share_and_keep_their_place() -> None:
    moment = Moment("cpu")
    assert moment.go_to(0.25)
    first, second = moment.number(lambda done: 4 * done), moment.number(lambda done: done - 1)
    assert [float(first), float(second), moment.constant(lambda done: done < 0.5)] == [1.0, -0.75, True]
    assert moment.go_to(0.375) and [float(first), float(second)] == [1.5, -0.625]
    assert moment.number(lambda done: 4 * done) is first
    assert not moment.go_to(0.5)
    moment.closed = True
    moment.number(lambda done: done - 1)
    moment.number(lambda done: done - 1)
    with pytest.raises(RuntimeError, match="asks for a number"):
        moment.number(lambda done: done)


def test_a_learning_rate_on_the_device_gives_the_bits_of_one_on_the_host() -> None:
    weights = []
    for recorded in (False, True):
        task = Small(plain)
        update = Update(task, 0.5, recorded=recorded)  # type: ignore[arg-type]
        for power in range(4, 12):
            update.set_rate(2.0**-power)  # exact in float32
            update(torch.arange(8), 0.5)
        weights.append(task.model)
    assert same(*weights)


def test_a_saved_optimiser_is_taken_up_with_the_rate_where_it_was() -> None:
    task = Small(plain)
    update = Update(task, 0.1, recorded=True)  # type: ignore[arg-type]
    update(torch.arange(8), 0.5)
    saved = update.optimizer.state_dict()
    again = Update(task, 0.1, recorded=True)  # type: ignore[arg-type]
    rate = again.optimizer.param_groups[0]["lr"]
    again.load_optimizer(saved)
    again.set_rate(0.25)
    assert again.optimizer.param_groups[0]["lr"] is rate and float(rate) == 0.25
    plainly = Update(task, 0.1)  # type: ignore[arg-type]
    plainly.load_optimizer(saved)
    assert plainly.optimizer.param_groups[0]["lr"] == 0.1 and not plainly.optimizer.param_groups[0]["capturable"]


def test_only_a_gpu_records_and_a_variable_turns_it_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MIXPOSE_CUDA_GRAPHS", raising=False)
    assert cuda_graphs.wanted("cuda:0") and not cuda_graphs.wanted("cpu")
    monkeypatch.setenv("MIXPOSE_CUDA_GRAPHS", "0")
    assert not cuda_graphs.wanted("cuda:0")
