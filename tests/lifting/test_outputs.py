"""lifting.outputs: a pose, a mixture and samples, each for two images of a root and one joint."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from pipeline.lifting import outputs
from pipeline.lifting.outputs import (
    PoseMixture,
    PoseSamples,
    closest_pose,
    concatenate,
    hypothesis_count,
    main_prediction,
    possible_poses,
    select,
    tensors,
)

ROOT = [9.0, 9.0, 9.0]  # a network's root is not 0
JOINTS = torch.tensor(  # [images, hypotheses, 3]
    [[[0.0, 0.0, 0.0], [4.0, 0.0, 8.0], [8.0, 3.0, 1.0]], [[1.0, 1.0, 1.0], [2.0, 2.0, 2.0], [6.0, 0.0, 6.0]]]
)
HYPOTHESES = torch.stack((torch.tensor(ROOT).expand(2, 3, 3), JOINTS), dim=2)  # [2, 3, 2, 3]
KINDS = ("point", "mixture", "samples")


def make(kind: str) -> Any:
    if kind == "point":
        return HYPOTHESES[:, 1].clone()
    if kind == "samples":
        return PoseSamples(HYPOTHESES.clone())
    logits = torch.tensor([[0.5, 0.25, 0.25], [0.0, 0.5, 0.5]]).log()
    return PoseMixture(HYPOTHESES.clone(), torch.rand(2, 3, 1, 1), logits, "pose")


def joint(poses: Tensor) -> list[Any]:
    """The joint of poses whose root is exactly 0."""
    assert poses.shape[-2:] == (2, 3) and (poses[..., 0, :] == 0).all()
    return poses[..., 1, :].tolist()


@pytest.mark.parametrize(("kind", "count"), [("point", 1), ("mixture", 3), ("samples", 3)])
def test_hypotheses(kind: str, count: int) -> None:
    output = make(kind)
    assert hypothesis_count(output) == count
    poses = possible_poses(output)
    assert poses.shape == (2, count, 2, 3)
    assert joint(poses) == (JOINTS if count == 3 else JOINTS[:, 1:2]).tolist()


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("point", [[4, 0, 8], [2, 2, 2]]),
        ("mixture", [[3.0, 0.75, 2.25], [4.0, 1.0, 4.0]]),  # by the weights
        ("samples", [[4.0, 1.0, 3.0], [3.0, 1.0, 3.0]]),  # all alike
    ],
)
def test_the_main_prediction(kind: str, expected: list[list[float]]) -> None:
    found = joint(main_prediction(make(kind)))
    assert [pytest.approx(pose, rel=1e-6) for pose in expected] == found


@pytest.mark.parametrize("kind", KINDS)
def test_the_closest_pose(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    targets = torch.zeros(2, 2, 3)
    targets[:, 1] = torch.tensor([[8.0, 0.0, 2.0], [0.0, 0.0, 0.0]])
    expected = [[4, 0, 8], [2, 2, 2]] if kind == "point" else [[8, 3, 1], [1, 1, 1]]  # a weight of 0 forbids nothing
    assert joint(closest_pose(make(kind), targets)) == expected
    monkeypatch.setattr(outputs, "POSES_AT_ONCE", 1)
    assert joint(closest_pose(make(kind), targets)) == expected


@pytest.mark.parametrize("kind", KINDS)
def test_images_are_selected_and_concatenated(kind: str) -> None:
    output = make(kind)
    first, second = select(output, slice(0, 1)), select(output, torch.tensor([1]))
    assert type(first) is type(output)
    for whole, one, other in zip(tensors(output), tensors(first), tensors(second), strict=True):
        assert torch.equal(one, whole[:1]) and torch.equal(other, whole[1:])
    turned = concatenate([second, first])
    assert type(turned) is type(output)
    for whole, part in zip(tensors(output), tensors(turned), strict=True):
        assert torch.equal(part, whole.flip(0))
    if isinstance(output, PoseMixture):
        assert turned.level == first.level == "pose"


def test_a_node_level_mixture_stays_one() -> None:
    mixture = PoseMixture(HYPOTHESES, torch.ones(2, 3, 2, 1), torch.zeros(2, 2, 3), "node")
    both = concatenate([select(mixture, slice(1, 2)), mixture])
    assert isinstance(both, PoseMixture)
    assert (both.level, both.logits.shape) == ("node", (3, 2, 3))


@pytest.mark.parametrize(("kind", "shapes"), [("point", [(2, 2, 3)]), ("samples", [(2, 3, 2, 3)])])
def test_an_outputs_numbers(kind: str, shapes: list[tuple[int, ...]]) -> None:
    assert [tuple(values.shape) for values in tensors(make(kind))] == shapes


def test_a_mixtures_numbers_are_all_checked() -> None:
    mixture = make("mixture")
    poses, *others = tensors(mixture)
    assert poses is mixture.means and [id(values) for values in others] == [id(mixture.scales), id(mixture.logits)]
