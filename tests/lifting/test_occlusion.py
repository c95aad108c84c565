"""pipeline/lifting/occlusion.py: which joints another part of the body hides."""

from __future__ import annotations

import torch
from torch import Tensor

from pipeline.geometry.skeleton import HUMAN36M_16, HUMAN36M_17, Skeleton
from pipeline.lifting.occlusion import NEARER, RADIUS, occluded

NAMES = HUMAN36M_17.names


def standing() -> Tensor:
    """A person who faces the camera at 5 m, arms out to the sides: nothing hides anything. [17, 3] mm, y down."""
    flat = {
        **{"Hip": (0, 0), "RHip": (-130, 0), "RKnee": (-140, 450), "RAnkle": (-150, 900)},
        **{"LHip": (130, 0), "LKnee": (140, 450), "LAnkle": (150, 900)},
        **{"Spine": (0, -250), "Thorax": (0, -500), "Neck/Nose": (0, -580), "Head": (0, -700)},
        **{"LShoulder": (170, -480), "LElbow": (450, -480), "LWrist": (700, -480)},
        **{"RShoulder": (-170, -480), "RElbow": (-450, -480), "RWrist": (-700, -480)},
    }
    return torch.tensor([(*flat[name], 5000.0) for name in NAMES])


def hidden(pose: Tensor, skeleton: Skeleton = HUMAN36M_17) -> set[str]:
    return {
        name for name, is_hidden in zip(skeleton.names, occluded(pose[None], skeleton)[0], strict=True) if is_hidden
    }


def test_nothing_hides_a_person_with_the_arms_out() -> None:
    assert hidden(standing()) == set()


def test_a_hand_behind_the_back_is_hidden_and_before_the_belly_hides() -> None:
    pose = standing()
    wrist, spine = NAMES.index("RWrist"), NAMES.index("Spine")
    pose[wrist] = pose[spine] * 1.05  # on the same ray, 25 cm behind
    assert hidden(pose) == {"RWrist"}
    pose[wrist] = pose[spine] * 0.95
    assert hidden(pose) == {"Spine"}


def test_a_joint_does_not_hide_behind_its_own_bones() -> None:
    pose = standing()
    elbow, wrist = NAMES.index("LElbow"), NAMES.index("LWrist")
    pose[wrist] = pose[elbow] * 1.05  # the forearm points away from the camera
    assert hidden(pose) == set()


def test_what_is_hardly_nearer_is_the_same_flesh() -> None:
    pose = standing()
    wrist, spine = NAMES.index("RWrist"), NAMES.index("Spine")
    distance = pose[spine].norm()
    pose[wrist] = pose[spine] * (distance + NEARER - 5) / distance
    assert hidden(pose) == set()
    pose[wrist] = pose[spine] * (distance + NEARER + 5) / distance
    assert hidden(pose) == {"RWrist"}


def test_the_nearest_points_are_those_of_a_search() -> None:
    """Against a search over points of ray and bone: some point of a bone lies within the radius of the ray."""
    poses = torch.randn(60, 17, 3, generator=torch.Generator().manual_seed(0)) * 300 + torch.tensor([0, 0, 4000.0])
    shares = torch.linspace(0, 1, 400)[:, None]
    expected = torch.zeros(60, 17, dtype=torch.bool)
    for row, pose in enumerate(poses):
        for joint in range(17):
            neighbours = {joint} | {a + b - joint for a, b in HUMAN36M_17.edges if joint in (a, b)}
            ray = pose[joint] / pose[joint].norm()
            for parent, child in HUMAN36M_17.edges:
                if parent in neighbours or child in neighbours:
                    continue
                points = pose[parent] + shares * (pose[child] - pose[parent])
                along = points @ ray
                gap = (points - along[:, None] * ray).norm(dim=-1)
                nearest = gap.argmin()
                before = 0 < along[nearest] < pose[joint].norm() - NEARER
                expected[row, joint] |= bool(before and gap[nearest] < RADIUS)
    assert (occluded(poses) == expected).double().mean() > 0.998  # a search in steps of a bone's 400th may just miss
    assert 0.02 < expected.double().mean() < 0.5


def test_sixteen_joints_do_as_well() -> None:
    kept = [joint for joint, name in enumerate(NAMES) if name in HUMAN36M_16.names]
    pose = standing()
    pose[NAMES.index("RWrist")] = pose[NAMES.index("Spine")] * 1.05
    assert hidden(pose[kept], HUMAN36M_16) == {"RWrist"}
