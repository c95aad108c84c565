"""Renewed batch-norm statistics: the numbers themselves, and that a training does not notice them."""

from __future__ import annotations

import contextlib
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from pipeline.training import batch_norm, checkpoint
from pipeline.training.loop import LoopSettings, Resume, train
from pipeline.training.schedules import OneCycle


class Regression:
    """A task with two batch norms, dropout, and inputs that are mirrored at random in every batch."""

    device = "cpu"
    unit = "points"
    best = "lowest"

    def __init__(self, examples: int = 60, batch_size: int = 8, mirror: bool = True) -> None:
        torch.manual_seed(0)
        layers = (nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Dropout(0.3), nn.Linear(4, 2), nn.BatchNorm1d(2))
        self.model = nn.Sequential(*layers, nn.Linear(2, 1))
        generator = torch.Generator().manual_seed(1)
        self.inputs = 5 + torch.randn(examples, 3, generator=generator)
        self.targets = self.inputs.sum(dim=1, keepdim=True)
        self.batch_size, self.mirror = batch_size, mirror
        self.batches: list[list[int]] = []

    @property
    def examples(self) -> int:
        return len(self.inputs)

    def loss(self, indices: Tensor, done: float) -> dict[str, Tensor]:
        return {"error": (self.forward(indices) - self.targets[indices]).square().mean()}

    def forward(self, indices: Tensor) -> Tensor:
        self.batches.append(indices.tolist())
        inputs = self.inputs[indices]
        return self.model(torch.where(torch.rand(len(inputs), 1) < 0.5, -inputs, inputs) if self.mirror else inputs)

    @torch.no_grad()
    def validate(self) -> dict[str, float]:
        assert not any(module.training for module in self.model.modules())
        return {"test_error": float((self.model(self.inputs) - self.targets).square().mean())}


def state(task: Regression) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in task.model.state_dict().items()}


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def statistics(task: Regression) -> list[np.ndarray]:
    norms = batch_norm.layers(task.model)
    return [values.numpy().copy() for norm in norms for values in (norm.running_mean, norm.running_var)]


def test_statistics_are_the_mean_of_each_batchs_own_as_numpy_computes_them() -> None:
    task = Regression(mirror=False)
    batch_norm.renew(task)
    assert [len(batch) for batch in task.batches] == [9, 9, 9, 9, 8, 8, 8]
    assert sorted(index for batch in task.batches for index in batch) == list(range(60))
    first, norm, _, _, second, _, _ = (
        {name: value.detach().numpy().astype(np.float64) for name, value in layer.named_parameters()}
        for layer in task.model
    )
    expected: list[list[np.ndarray]] = []
    for batch in task.batches:
        before = task.inputs[batch].numpy() @ first["weight"].T + first["bias"]
        normalised = (before - before.mean(axis=0)) / np.sqrt(before.var(axis=0) + 1e-5)  # by the batch itself
        after = np.maximum(0, normalised * norm["weight"] + norm["bias"]) @ second["weight"].T + second["bias"]
        expected.append([before.mean(0), before.var(0, ddof=1), after.mean(0), after.var(0, ddof=1)])
    for found, values in zip(statistics(task), zip(*expected, strict=True), strict=True):
        np.testing.assert_allclose(found, np.mean(values, axis=0), rtol=1e-5)


@pytest.mark.parametrize(("examples", "batches"), [(1000, 30), (240, 30), (239, 29), (100, 12), (9, 1), (5, 1)])
def test_thirty_batches_or_those_of_an_epoch(examples: int, batches: int) -> None:
    task = Regression(examples)
    batch_norm.renew(task)
    assert len(task.batches) == batches and min(map(len, task.batches)) >= min(examples, 8)
    assert len({index for batch in task.batches for index in batch}) == min(examples, 240)


def test_a_running_mean_that_lags_no_longer_counts() -> None:
    """A linear regression through a batch norm that is the identity on the training data, once its mean is right."""
    task = Regression(mirror=False)
    norm = nn.BatchNorm1d(3)
    task.model = nn.Sequential(norm, nn.Linear(3, 1))
    with torch.no_grad():
        norm.weight.copy_(task.inputs.std(dim=0))
        norm.bias.copy_(task.inputs.mean(dim=0))
        task.model[1].weight.fill_(1.0)
        task.model[1].bias.fill_(0.0)
    norm.running_mean += 0.8
    task.model.eval()
    assert task.validate()["test_error"] > 5
    with batch_norm.renewed(task):
        assert task.validate()["test_error"] < 0.5  # seven batches do not have quite the variance of all 60 points
    assert task.validate()["test_error"] > 5


def test_afterwards_everything_is_as_before() -> None:
    task = Regression()
    task.loss(torch.arange(8), 0.0)
    task.model[1].eval()  # an odd mode of one layer is kept too
    before, random = state(task), torch.get_rng_state()
    modes = [module.training for module in task.model.modules()]
    with batch_norm.renewed(task):
        assert not same(state(task), before)
        assert same({**state(task), **dict(task.model.named_parameters())}, state(task)), "weights never change"
    assert same(state(task), before) and torch.equal(torch.get_rng_state(), random)
    assert [module.training for module in task.model.modules()] == modes
    assert {layer.momentum for layer in batch_norm.layers(task.model)} == {0.1}


def test_statistics_come_back_after_an_error() -> None:
    task = Regression()
    before = state(task)
    with pytest.raises(KeyboardInterrupt), batch_norm.renewed(task):
        raise KeyboardInterrupt
    assert same(state(task), before)


def test_the_same_weights_get_the_same_statistics_whatever_was_drawn_before() -> None:
    one, other = Regression(), Regression()
    batch_norm.renew(one)
    torch.manual_seed(99)
    batch_norm.renew(other)
    batch_norm.renew(other)
    assert all(np.array_equal(*pair) for pair in zip(statistics(one), statistics(other), strict=True))


@pytest.mark.parametrize("batch_size", [1, 8])
@pytest.mark.parametrize("examples", [1, 2, 3])
def test_few_examples_never_give_nan(examples: int, batch_size: int) -> None:
    task = Regression(examples, batch_size)
    before = statistics(task)
    task.model.eval()
    with batch_norm.renewed(task):
        found = statistics(task)
        assert all(np.isfinite(values).all() for values in found)
        assert math.isfinite(task.validate()["test_error"])
    changed = not all(np.array_equal(*pair) for pair in zip(found, before, strict=True))
    assert changed == (examples > 1), "a single example has no variance: the running statistics stay"


def test_a_model_without_batch_norms_sees_no_batch() -> None:
    task = Regression()
    task.model = nn.Sequential(nn.Linear(3, 1), nn.BatchNorm1d(1, track_running_stats=False))
    before = state(task)
    batch_norm.renew(task)
    assert batch_norm.layers(task.model) == [] and task.batches == [] and same(state(task), before)


def trained(folder: Path) -> tuple[bytes, bytes, list[dict[str, float]]]:
    """A training's checkpoint and its best one as bytes, and its history."""
    task = Regression()
    settings = LoopSettings(epochs=5, seed=0, max_gradient_norm=1.0)
    progress = train(task, OneCycle(0.05), settings, Resume(folder / "state.pt", "a"), "test")
    for name, weights in (("last", task.model.state_dict()), ("best", progress.best_model)):
        checkpoint.save(folder / f"{name}.pt", {"model": weights, "random": torch.get_rng_state()})
    return (folder / "last.pt").read_bytes(), (folder / "best.pt").read_bytes(), progress.rows


def test_a_checkpoint_has_the_bytes_that_it_has_without_renewal(tmp_path: Path, monkeypatch) -> None:
    last, _, rows = trained(tmp_path / "renewed")
    monkeypatch.setattr(batch_norm, "renewed", lambda task: contextlib.nullcontext())
    expected, _, plain = trained(tmp_path / "plain")
    assert last == expected
    assert [row["loss"] for row in rows] == [row["loss"] for row in plain]
    found, without = ([row["test_error"] for row in table if "test_error" in row] for table in (rows, plain))
    assert len(found) == 5 and all(np.not_equal(found, without))


def validated(task: Regression, draws: list[float]) -> dict[str, float]:
    """Its validation, had this drawn a random number."""
    draws.append(float(torch.rand(())))
    return Regression.validate(task)


def test_a_validation_has_both_statistics_and_advances_the_generator_once(monkeypatch: pytest.MonkeyPatch) -> None:
    task, draws = Regression(), list[float]()
    task.loss(torch.arange(8), 0.0)  # the running statistics have seen one batch
    task.model.eval()
    monkeypatch.setattr(task, "validate", lambda: validated(task, draws))
    torch.manual_seed(3)
    found, after = batch_norm.validation(task), torch.get_rng_state()
    assert found["running_test_error"] == Regression.validate(task)["test_error"]
    with batch_norm.renewed(task):
        assert found["test_error"] == Regression.validate(task)["test_error"] != found["running_test_error"]
    assert list(found) == ["test_error", "running_test_error"], "the first number chooses the best epoch"
    torch.manual_seed(3)
    torch.rand(())
    assert torch.equal(torch.get_rng_state(), after) and len(draws) == 2


def test_without_batch_norms_there_is_nothing_to_tell_apart() -> None:
    task = Regression()
    task.model = nn.Sequential(nn.Linear(3, 1)).eval()
    assert list(batch_norm.validation(task)) == ["test_error"]


def test_the_authors_choice_of_the_best_epoch_follows_from_the_history(tmp_path: Path) -> None:
    """Every epoch's error with running statistics is what its weights give as they are."""
    task, seen = Regression(), list[float]()
    settings = LoopSettings(epochs=5, seed=0, max_gradient_norm=1.0)

    def watched() -> dict[str, float]:
        seen.append(Regression.validate(task)["test_error"])
        return {"test_error": seen[-1]}

    task.validate = watched  # type: ignore[method-assign]
    rows = train(task, OneCycle(0.05), settings, Resume(tmp_path / "state.pt", "a"), "test").rows
    running = [row["running_test_error"] for row in rows if "running_test_error" in row]
    renewed = [row["test_error"] for row in rows if "test_error" in row]
    assert running == seen[1::2] and renewed == seen[::2] and len(running) == 5
    assert running != renewed


def test_the_best_epoch_is_chosen_with_renewed_statistics_and_keeps_its_own(tmp_path: Path) -> None:
    _, _, rows = trained(tmp_path)
    task = Regression()
    task.model.load_state_dict(checkpoint.load(tmp_path / "best.pt")["model"])
    task.model.eval()
    best = min(row["test_error"] for row in rows if "test_error" in row)
    assert task.validate()["test_error"] != best
    with batch_norm.renewed(task):
        assert task.validate()["test_error"] == best
