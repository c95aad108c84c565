"""The loop on a regression small enough to be understood: y = x W, with noise."""

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from pipeline.training import checkpoint
from pipeline.training.loop import LoopSettings, Resume, train
from pipeline.training.readings import NotFiniteError
from pipeline.training.schedules import OneCycle, Schedule
from pipeline.training.update import limit_weights


class Regression:
    """A task of the loop's own kind. With dropout, so that a resumed run needs the random generator's state."""

    device = "cpu"
    unit = "points"
    best = "lowest"
    batch_size = 8

    def __init__(self, dropout: float = 0.3, stop_at: int | None = None, poison_at: int | None = None) -> None:
        torch.manual_seed(0)
        self.model = nn.Sequential(nn.Linear(3, 16), nn.Dropout(dropout), nn.Linear(16, 1))
        generator = torch.Generator().manual_seed(1)
        self.inputs = torch.randn(60, 3, generator=generator)
        self.targets = self.inputs @ torch.tensor([[1.0], [-2.0], [0.5]])
        self.stop_at, self.poison_at, self.calls = stop_at, poison_at, 0
        self.seen: list[list[int]] = []

    @property
    def examples(self) -> int:
        return len(self.inputs)

    def loss(self, indices: Tensor, done: float) -> dict[str, Tensor]:
        if self.calls == self.stop_at:
            raise SystemExit("killed")  # nothing of the loop may run after it, as after SIGKILL
        error = (self.model(self.inputs[indices]) - self.targets[indices]).square().mean()
        penalty = error * (math.nan if self.calls == self.poison_at else 0.0)
        self.calls += 1
        self.seen.append(indices.tolist())
        return {"error": error, "penalty": penalty}

    def validate(self) -> dict[str, float]:
        assert not self.model.training, "validation must see the model without dropout"
        with torch.no_grad():
            return {"test_error": float((self.model(self.inputs) - self.targets).square().mean())}


def settings(**changes) -> LoopSettings:
    return LoopSettings(**({"epochs": 5, "seed": 0, "max_gradient_norm": 1.0} | changes))


def resume(file: Path, fingerprint: str = "a") -> Resume:
    return Resume(file, fingerprint, save_every_seconds=0.0)


def run(task: Regression, folder, fingerprint: str = "a", **changes):
    return train(task, OneCycle(0.05), settings(**changes), resume(folder / "state.pt", fingerprint), "test")


def weights(task: Regression) -> list[Tensor]:
    return [value.clone() for value in task.model.state_dict().values()]


@pytest.mark.parametrize("stop_at", [1, 7, 8, 9, 23, 39])
def test_a_killed_run_ends_with_the_weights_and_the_history_of_an_undisturbed_one(tmp_path, stop_at):
    straight = Regression()
    expected = run(straight, tmp_path / "straight")
    with pytest.raises(SystemExit):
        run(Regression(stop_at=stop_at), tmp_path / "killed")
    torch.manual_seed(99)  # another process has other random numbers in store
    again = Regression()
    progress = run(again, tmp_path / "killed")
    assert all(torch.equal(one, other) for one, other in zip(weights(straight), weights(again), strict=True))
    assert progress.rows == expected.rows
    assert progress.resumed == 1
    assert again.calls == 40 - stop_at, "only what was not done is done"
    assert progress.best_epoch == expected.best_epoch
    assert all(torch.equal(progress.best_model[name], expected.best_model[name]) for name in expected.best_model)


def test_every_epoch_sees_every_example_once_in_another_order(tmp_path):
    task = Regression()
    run(task, tmp_path, epochs=2)
    first, second = ([i for batch in batches for i in batch] for batches in (task.seen[:8], task.seen[8:]))
    assert sorted(first) == sorted(second) == list(range(60))
    assert first != second


def test_state_of_another_run_is_not_taken_up(tmp_path):
    with pytest.raises(SystemExit):
        run(Regression(stop_at=20), tmp_path)
    task = Regression()
    progress = run(task, tmp_path, fingerprint="b")
    assert task.calls == 40 and progress.resumed == 0


def test_it_learns(tmp_path):
    task = Regression(dropout=0.0)
    progress = train(task, OneCycle(0.05), settings(epochs=60), resume(tmp_path / "state.pt"), "test")
    assert progress.rows[-1]["test_error"] < 1e-3 < progress.rows[0]["loss"]


def test_the_best_epoch_is_the_one_with_the_lowest_first_figure(tmp_path):
    task = Regression()
    progress = run(task, tmp_path)
    errors = [row["test_error"] for row in progress.rows if "test_error" in row]
    assert len(errors) == 5
    assert progress.best_epoch == 1 + errors.index(min(errors))
    task.model.load_state_dict(progress.best_model)
    task.model.eval()
    assert task.validate()["test_error"] == min(errors)


def test_the_best_epoch_may_be_the_one_with_the_highest_figure(tmp_path):
    task = Regression()
    task.best = "highest"
    scores = iter([1.0, 3.0, 2.0, 3.0, 0.5])  # of equal ones the first
    task.validate = lambda: {"score": next(scores), "other": 9.0}
    progress = run(task, tmp_path)
    assert (progress.best_epoch, progress.best_value) == (2, 3.0)
    task.best = "lowest"
    scores = iter([1.0, 3.0, 0.5, 3.0, 0.5])
    assert run(task, tmp_path / "again").best_epoch == 3


@pytest.mark.parametrize(
    ("every", "epochs", "expected"),
    [(1, 5, [1, 2, 3, 4, 5]), (2, 5, [2, 4, 5]), (2, 4, [2, 4]), (3, 5, [3, 5]), (9, 5, [5])],
)
def test_it_is_validated_every_few_epochs_and_at_the_end(tmp_path, every, epochs, expected):
    task = Regression()
    progress = run(task, tmp_path, epochs=epochs, validate_every=every)
    assert [row["epoch"] for row in progress.rows if "test_error" in row] == expected
    assert progress.best_epoch in expected
    assert sum(row["epoch"] == int(row["epoch"]) for row in progress.rows) == epochs  # the others' rows are there too


def test_validating_less_often_changes_no_weights(tmp_path):
    found = []
    for every in (1, 4):
        task = Regression()
        run(task, tmp_path / str(every), validate_every=every)
        found.append(weights(task))
    assert all(torch.equal(one, other) for one, other in zip(*found, strict=True))


def test_a_run_killed_between_two_validations_ends_as_an_undisturbed_one(tmp_path):
    straight, again = Regression(), Regression()
    expected = run(straight, tmp_path / "straight", validate_every=2)
    with pytest.raises(SystemExit):
        run(Regression(stop_at=11), tmp_path / "killed", validate_every=2)
    progress = run(again, tmp_path / "killed", validate_every=2)
    assert progress.rows == expected.rows and progress.best_epoch == expected.best_epoch
    assert all(torch.equal(one, other) for one, other in zip(weights(straight), weights(again), strict=True))


@pytest.mark.parametrize("beta", [0.999, 0.9])
def test_adams_averages_are_as_long_as_betas_say(tmp_path, beta):
    task = Regression(stop_at=1)
    with pytest.raises(SystemExit):
        clipped = settings(max_gradient_norm=0.1, betas=(0.9, beta))
        train(task, Schedule(0.01), clipped, resume(tmp_path / "state.pt"), "test")
    state = checkpoint.load(tmp_path / "state.pt")["optimizer"]["state"]
    total = sum(float(entry["exp_avg_sq"].sum()) for entry in state.values())
    assert total == pytest.approx((1 - beta) * 0.1**2, rel=1e-3)  # after one step: of the squared gradient's norm


def test_a_term_that_is_no_number_stops_the_run_with_step_rate_and_name(tmp_path):
    with pytest.raises(NotFiniteError, match=r"step 12: penalty is nan at learning rate 0\.03"):
        run(Regression(poison_at=12), tmp_path)


def test_gradients_are_clipped_by_their_norm(tmp_path):
    # Adam's first step is rate * sign(gradient) whatever the size, so clipping shows in its second moment.
    def second_moment(bound: float | None) -> float:
        task = Regression(stop_at=1)
        with pytest.raises(SystemExit):
            train(task, Schedule(0.01), settings(max_gradient_norm=bound), resume(tmp_path / f"{bound}.pt"), "test")
        state = checkpoint.load(tmp_path / f"{bound}.pt")["optimizer"]["state"]
        return sum(float(entry["exp_avg_sq"].sum()) for entry in state.values()) / 0.001  # 1 - beta_2

    assert second_moment(0.1) == pytest.approx(0.01, rel=1e-3)  # the squared norm
    assert second_moment(None) > 1.0


def test_max_norm_bounds_the_weights_into_every_output_unit():
    model = nn.Linear(4, 3)
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[3.0, 4, 0, 0], [0.3, 0.4, 0, 0], [0, 0, 6, 8]]))
    bias = model.bias.clone()
    limit_weights(model, 1.0)
    assert torch.allclose(model.weight.norm(dim=1), torch.tensor([1.0, 0.5, 1.0]))
    assert torch.allclose(model.weight[0, :2], torch.tensor([0.6, 0.8]))
    assert torch.equal(model.bias, bias)


def test_training_honours_max_norm(tmp_path):
    task = Regression()
    run(task, tmp_path, max_weight_norm=0.2)
    assert all(float(layer.weight.detach().norm(dim=1).max()) <= 0.2 + 1e-6 for layer in (task.model[0], task.model[2]))
