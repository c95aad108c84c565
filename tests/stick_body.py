"""A small body in SMPL's format for tests: an octahedron about each joint of an adult, and ten ways to be shaped."""

from __future__ import annotations

import torch
from torch import Tensor

from pipeline.body.fitting.kinematics import FREE, Chain, pose
from pipeline.body.fitting.rotations import exponential
from pipeline.body.landmarks import Landmarks, landmarks_of
from pipeline.body.model import PARENTS, BodyModel

# Metres, y up, x to the left; the right joints mirror the left ones.
MIDDLE = {
    **{0: (0, 0, 0), 3: (0, 0.11, -0.03), 6: (0, 0.25, -0.01), 9: (0, 0.30, 0.01)},
    **{12: (0, 0.51, -0.03), 15: (0, 0.60, 0.02)},
}
LEFT = {
    **{1: (0.09, -0.08, 0), 4: (0.10, -0.50, 0.005), 7: (0.09, -0.92, -0.03), 10: (0.11, -0.98, 0.09)},
    **{13: (0.08, 0.42, -0.02), 16: (0.19, 0.44, -0.03), 18: (0.46, 0.44, -0.045)},
    **{20: (0.71, 0.44, -0.05), 22: (0.80, 0.43, -0.06)},
}
RIGHT = {1: 2, 4: 5, 7: 8, 10: 11, 13: 14, 16: 17, 18: 19, 20: 21, 22: 23}
HEAD = (0.07, 0.20, 0.11)  # the head's octahedron: its top and the tip of its nose
# Joints whose bones a unit of a beta makes 2 cm longer; the tenth makes all bones 3 % longer.
STRETCHED = ((4, 5), (7, 8), (18, 19), (20, 21), (1, 2), (3, 6), (9, 12), (16, 17), (13, 14))


def stick_model() -> BodyModel:
    """144 vertices; without pose blend shapes."""
    joints = torch.zeros(24, 3)
    for joint, place in (MIDDLE | LEFT).items():
        joints[joint] = torch.tensor(place)
    for left, right in RIGHT.items():
        joints[right] = joints[left] * torch.tensor((-1.0, 1.0, 1.0))
    bones = torch.stack([joints[j] - joints[p] if p >= 0 else joints[j] for j, p in enumerate(PARENTS)])
    units = torch.nn.functional.normalize(bones, dim=-1)
    shapes = [torch.stack([0.02 * units[j] * (j in group) for j in range(24)]) for group in STRETCHED]
    directions = torch.stack([_placed(shape) for shape in (*shapes, 0.03 * bones)], dim=-1)  # [24, 3, 10]
    corners = torch.cat((torch.eye(3), -torch.eye(3)))
    sizes = torch.full((24, 3), 0.04)
    sizes[15] = torch.tensor(HEAD)
    weights = torch.zeros(24, 6, 24)
    for joint, parent in enumerate(PARENTS):
        weights[joint, :, joint] = 1.0 if parent < 0 else 0.8
        weights[joint, :, max(parent, 0)] += 0.0 if parent < 0 else 0.2
    triangles = torch.tensor([[0, 1, 2], [1, 3, 2], [3, 4, 2], [4, 0, 2], [1, 0, 5], [3, 1, 5], [4, 3, 5], [0, 4, 5]])
    return BodyModel(
        v_template=(joints[:, None] + sizes[:, None] * corners).flatten(0, 1),
        shapedirs=directions.repeat_interleave(6, dim=0),
        posedirs=None,
        j_regressor=torch.eye(24).repeat_interleave(6, dim=1) / 6,
        weights=weights.flatten(0, 1),
        faces=(triangles + 6 * torch.arange(24)[:, None, None]).flatten(0, 1),
    )


def _placed(bones: Tensor) -> Tensor:
    """Joints [24, 3] from the vectors that lead to them from their parents."""
    joints = bones.clone()
    for joint, parent in enumerate(PARENTS):
        if parent >= 0:
            joints[joint] = joints[joint] + joints[parent]
    return joints


def stick_landmarks(dtype: torch.dtype = torch.float64) -> Landmarks:
    return landmarks_of(stick_model()).to("cpu", dtype)


# How far joints turn in `natural` poses, radians; knees and elbows bend in addition.
SPREAD = {0: 2.0, 3: 0.1, 6: 0.1, 9: 0.1, 12: 0.15, 15: 0.1, 13: 0.1, 14: 0.1, 1: 0.6, 2: 0.6, 16: 0.7, 17: 0.7}
BENDS = {4: (1.0, 0.0, 0.0), 5: (1.0, 0.0, 0.0), 18: (0.0, -1.0, 0.0), 19: (0.0, 1.0, 0.0)}


def natural_rotations(count: int, seed: int = 0) -> Tensor:
    """Local rotations [count, 16, 4] of moderate poses facing any way, knees and elbows bent 0.5 to 1.8 rad."""
    random = torch.Generator().manual_seed(seed)
    vectors = torch.zeros(count, len(FREE), 3, dtype=torch.float64)
    for slot, joint in enumerate(FREE):
        if joint in BENDS:
            bend = 0.5 + 1.3 * torch.rand(count, 1, generator=random, dtype=torch.float64)
            vectors[:, slot] = bend * torch.tensor(BENDS[joint], dtype=torch.float64)
        else:
            vectors[:, slot] = SPREAD[joint] / 3**0.5 * torch.randn(count, 3, generator=random, dtype=torch.float64)
    return exponential(vectors)


def natural_joints(body: Landmarks, shape: Tensor, count: int, seed: int = 0) -> Tensor:
    """Joints [count, 17, 3] m of `natural_rotations`, somewhere in the world."""
    landmarks = pose(Chain.of(body, shape), natural_rotations(count, seed).to(shape)).landmarks
    place = torch.randn(count, 1, 3, generator=torch.Generator().manual_seed(seed + 1), dtype=torch.float64)
    return landmarks + place.to(shape)
