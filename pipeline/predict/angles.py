"""Joint angles of predicted poses in degrees, each with its standard deviation under the mixture.

The trunk's axis goes from the middle of the hip joints to the middle of the shoulders; Hip and Thorax are not used,
because data sets put them in different places. Left is from the right to the left hip joint, and at the shoulders from
the right to the left one; forward is left x up.

| angle | definition | 0 is | positive |
| --- | --- | --- | --- |
| elbow and knee flexion | between the upper bone's direction and the lower one's | straight | bent, up to 180 |
| hip flexion | of the thigh, in the plane of forward and the trunk's axis | in line | forward |
| hip abduction | of the thigh, out of that plane | in the plane | outwards |
| shoulder elevation | between the upper arm and the trunk's axis downwards | hanging | raised, up to 180 |
| trunk lean | between the trunk's axis and the picture's upright | upright | tilted |
| trunk rotation | from the hips' line to the shoulders', about the trunk's axis | together | shoulders turned left |
| neck bend | between the trunk's axis and shoulders to head | in line | bent |

Hip flexion counts from the trunk, so a bent back adds to it. The spread has the weighted hypotheses' differences, and
what each component's own standard deviation gives to the angle, to first order. It is 0 for a network with one answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.geometry.skeleton import Skeleton
from pipeline.lifting.uncertainty import Poses

AT_ONCE = 50_000  # hypotheses
_SIDES = {"left": "L", "right": "R"}


@dataclass(frozen=True)
class Angles:
    """A angles of N poses in degrees: the mean over the mixture and the standard deviation."""

    names: tuple[str, ...]  # A
    mean: NDArray[np.float32]  # [N, A]
    spread: NDArray[np.float32]  # [N, A]


def of(poses: Poses, skeleton: Skeleton) -> Angles:
    """The angles of all poses. Where a bone has no length, its angles are NaN."""
    each = max(1, AT_ONCE // poses.hypotheses.shape[1])
    parts = [_some(poses, slice(start, start + each), skeleton) for start in range(0, len(poses), each)]
    mean, spread = (np.concatenate(values) for values in zip(*parts, strict=True))
    return Angles(NAMES, mean, spread)


def _some(poses: Poses, rows: slice, skeleton: Skeleton) -> tuple[NDArray, NDArray]:
    hypotheses = torch.from_numpy(poses.hypotheses[rows]).double().requires_grad_()
    weights = torch.from_numpy(poses.weights[rows]).double()
    weights = weights / weights.sum(dim=1, keepdim=True)
    own = _own_variance(poses, rows)[:, None]  # [N, 1, J]
    means, spreads = [], []
    for angle in angles(hypotheses, skeleton):  # [N, K]
        (gradient,) = torch.autograd.grad(angle.sum(), hypotheses, retain_graph=True)
        value = angle.detach()
        mean = torch.atan2((weights * value.sin()).sum(dim=1), (weights * value.cos()).sum(dim=1))
        away = value - mean[:, None]
        away = torch.atan2(away.sin(), away.cos())  # the shorter way round
        variance = away.square() + (own * gradient.square().sum(dim=-1)).sum(dim=-1)
        means.append(mean)
        spreads.append((weights * variance).sum(dim=1).sqrt())
    return tuple(torch.stack(found, dim=1).rad2deg().float().numpy() for found in (means, spreads))  # type: ignore


def _own_variance(poses: Poses, rows: slice) -> Tensor:
    """The variance of a joint along one axis that is the components' own, [N, J] mm^2: the mean over components.

    `spread_mm` has it together with the distances of the components from their mean.
    """
    away = np.square(poses.hypotheses[rows] - poses.mean[rows, None], dtype=np.float64).sum(axis=-1)
    between = np.einsum("nk,nkj->nj", poses.weights[rows], away)
    return torch.from_numpy(np.maximum(np.square(poses.spread_mm[rows], dtype=np.float64) - between, 0.0) / 3)


def angles(joints: Tensor, skeleton: Skeleton) -> list[Tensor]:
    """The angles NAMES in radians, each [...], of joints [..., J, 3] in the camera's axes."""

    def at(name: str) -> Tensor:
        return joints[..., skeleton.names.index(name), :]

    body = _Body(at)
    limbs = (("Shoulder", "Elbow", "Wrist"), ("Hip", "Knee", "Ankle"))
    found = [body.flexion(*(f"{letter}{joint}" for joint in limb)) for limb in limbs for letter in "LR"]
    thighs = [body.thigh(letter) for letter in "LR"]
    found += [flexion for flexion, _ in thighs] + [abduction for _, abduction in thighs]
    found += [body.shoulder_elevation(letter) for letter in "LR"]
    return [*found, body.lean(), body.rotation(), body.neck()]


NAMES = (
    *(
        f"{side}_{name}"
        for name in ("elbow_flexion", "knee_flexion", "hip_flexion", "hip_abduction")
        for side in _SIDES
    ),
    *(f"{side}_shoulder_elevation" for side in _SIDES),
    *("trunk_lean", "trunk_rotation", "neck_bend"),
)


class _Body:
    """The directions of a body that angles are measured between. `at` gives a joint by its name, [..., 3]."""

    def __init__(self, at: Callable[[str], Tensor]) -> None:
        self.at = at
        self.shoulders = (at("LShoulder") + at("RShoulder")) / 2
        self.up = _unit(self.shoulders - (at("LHip") + at("RHip")) / 2)
        self.left = at("LHip") - at("RHip")
        across = _unit(self.left - _dot(self.left, self.up)[..., None] * self.up)
        self.across, self.forward = across, torch.linalg.cross(across, self.up)

    def flexion(self, upper: str, middle: str, lower: str) -> Tensor:
        return _between(self.at(middle) - self.at(upper), self.at(lower) - self.at(middle))

    def thigh(self, letter: str) -> tuple[Tensor, Tensor]:
        """Its flexion and its abduction."""
        thigh = _unit(self.at(f"{letter}Knee") - self.at(f"{letter}Hip"))
        outwards = _dot(thigh, self.across) * (1 if letter == "L" else -1)
        flexion = torch.atan2(_dot(thigh, self.forward), -_dot(thigh, self.up))
        return flexion, torch.asin(outwards.clamp(-1 + 1e-7, 1 - 1e-7))

    def shoulder_elevation(self, letter: str) -> Tensor:
        return _between(self.at(f"{letter}Elbow") - self.at(f"{letter}Shoulder"), -self.up)

    def lean(self) -> Tensor:
        return _between(self.up, self.up.new_tensor([0.0, -1.0, 0.0]).expand_as(self.up))

    def rotation(self) -> Tensor:
        shoulders = self.at("LShoulder") - self.at("RShoulder")
        turned = _dot(self.up, torch.linalg.cross(self.left, shoulders))
        along = _dot(self.left, shoulders) - _dot(self.left, self.up) * _dot(shoulders, self.up)
        return torch.atan2(turned, along)

    def neck(self) -> Tensor:
        return _between(self.up, self.at("Head") - self.shoulders)


def _between(first: Tensor, second: Tensor) -> Tensor:
    """The angle between two directions, [...]; exact near 0 and 180 degrees, where an arc cosine is not."""
    first, second = _unit(first), _unit(second)
    across = torch.linalg.cross(first, second)
    return torch.atan2((across.square().sum(dim=-1) + _TINY).sqrt(), _dot(first, second))


_TINY = 1e-18  # keeps the derivative of the root finite where two bones are in line


def _dot(first: Tensor, second: Tensor) -> Tensor:
    return (first * second).sum(dim=-1)


def _unit(direction: Tensor) -> Tensor:
    return direction / direction.norm(dim=-1, keepdim=True)
