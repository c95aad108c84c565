"""Batches made ahead have the numbers of batches made when they are needed; training passes may be in bfloat16."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import image_files
import pytest
import torch
from detection_variants import SMALL, detection_variant
from torch import Tensor

from pipeline.detection.batches import Batches
from pipeline.detection.checkpoints import seeded_model
from pipeline.detection.targets import Targets
from pipeline.detection.task import DetectionSettings, DetectionTask
from pipeline.training.compiled import Compiled
from pipeline.training.loop import LoopSettings, Resume, train
from pipeline.training.schedules import Schedule

ORDER = [torch.tensor([3, 1, 0]), torch.tensor([2, 0]), torch.tensor([1, 1, 2])]


def batches(folder: Path) -> Batches:
    return Batches(image_files.some_people(folder), 64, "full", "cpu")


def same(one: tuple[Tensor, Targets], other: tuple[Tensor, Targets]) -> bool:
    pairs = [(getattr(one[1], part.name), getattr(other[1], part.name)) for part in fields(Targets)]
    return all(torch.equal(a, b) for a, b in [(one[0], other[0]), *pairs])


def test_batches_made_ahead_are_those_made_when_needed(tmp_path: Path) -> None:
    plain, ahead = batches(tmp_path / "a"), batches(tmp_path / "b")
    torch.manual_seed(0)
    expected, states = [], []
    for indices in ORDER:
        expected.append(plain.of(indices))
        states.append(torch.get_rng_state())
    torch.manual_seed(0)
    for place, indices in enumerate(ORDER):
        assert same(ahead.of(indices), expected[place])
        if place + 1 < len(ORDER):
            ahead.announce(ORDER[place + 1])
        assert torch.equal(torch.get_rng_state(), states[place])  # what a state saved now would hold


def test_a_batch_made_for_nothing_is_made_again(tmp_path: Path) -> None:
    """Another batch is asked for, or somebody drew random numbers in between."""
    made = batches(tmp_path)
    torch.manual_seed(0)
    made.announce(ORDER[0])
    torch.rand(1)
    drawn_later = made.of(ORDER[0])
    torch.manual_seed(0)
    made.announce(ORDER[1])
    other = made.of(ORDER[0])
    torch.manual_seed(0)
    assert same(other, made.of(ORDER[0]))
    torch.manual_seed(0)
    torch.rand(1)
    assert same(drawn_later, made.of(ORDER[0])) and not same(drawn_later, other)


def task(folder: Path, components: int = 2) -> DetectionTask:
    data = image_files.some_people(folder)
    variant, settings = detection_variant(components=components), DetectionSettings(64, 3, "full", 0.3)
    return DetectionTask(variant, seeded_model(variant, 1, SMALL, 10.0, 0), data, data, settings, "cpu")


def test_a_training_that_reads_ahead_has_the_same_bits(tmp_path: Path) -> None:
    """Killed and resumed too: the state on disk is that before the batch that was being made."""
    found = []
    for folder, ahead, stop_at in (("a", False, None), ("b", True, None), ("c", True, 3), ("c", True, None)):
        one, calls = task(tmp_path / folder), 0
        if ahead:
            one.announce = one.batches.announce  # type: ignore[method-assign]  # as on a GPU
        whole = one.loss

        def loss(indices: Tensor, done: float, whole=whole, stop_at=stop_at) -> dict[str, Tensor]:
            nonlocal calls
            if calls == stop_at:
                raise SystemExit("killed")
            calls += 1
            return whole(indices, done)

        one.loss = loss  # type: ignore[method-assign, assignment]
        torch.manual_seed(7)
        resume = Resume(tmp_path / f"{folder}.pt", "a", 0.0)
        try:
            train(one, Schedule(5e-3), LoopSettings(epochs=3, seed=0, validate_every=3), resume, "test")
        except SystemExit:
            continue
        found.append(one.model.state_dict())
    for other in found[1:]:
        assert all(torch.equal(found[0][name], other[name]) for name in other)


def test_bfloat16_is_for_training_and_its_losses_are_in_float32(tmp_path: Path) -> None:
    one = task(tmp_path)
    images = one.batches.images(ORDER[0])
    one.network.train()
    torch.manual_seed(0)
    expected = one.loss(ORDER[0], 0.5)
    one.network.mixed = "cpu"
    assert one.network.features(images)[0].dtype == torch.bfloat16
    torch.manual_seed(0)
    found = one.loss(ORDER[0], 0.5)
    assert all(term.dtype == torch.float32 for term in found.values())
    for name, term in found.items():
        assert float(term.detach()) == pytest.approx(float(expected[name].detach()), rel=0.05), name
    assert not torch.equal(torch.stack(list(found.values())), torch.stack(list(expected.values())))
    torch.stack(list(found.values())).sum().backward()
    assert all(weight.grad is None or weight.grad.dtype == torch.float32 for weight in one.network.parameters())
    one.network.eval()
    assert one.network.features(images)[0].dtype == torch.float32


def test_what_a_compiler_refuses_runs_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    doubled: Compiled[Tensor] = Compiled(lambda values: 2 * values, "cpu")
    assert doubled.compiled is None  # nothing is compiled on a CPU

    def refuse(values: Tensor) -> Tensor:
        raise RuntimeError("unknown operation\nwith details")

    doubled.compiled = refuse
    assert doubled(torch.ones(1)) == 2 and doubled(torch.ones(1)) == 2
    assert capsys.readouterr().out.splitlines() == ["not compiled, runs as it is: unknown operation"]
