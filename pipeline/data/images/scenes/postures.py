"""Postures of rendered people (standing, walking, sitting, arms up, reaching) as rotations of SMPL's joints.

Both sides of a body have the same distribution, so a posture does not show which side is the left one.
"""

from __future__ import annotations

import numpy as np
import roma
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.body.model import JOINT_COUNT, JOINT_NAMES

Angles = NDArray[np.float64]

# Shares of the postures, by the setting `postures`.
SHARES = {
    "varied": {"standing": 0.3, "walking": 0.25, "sitting": 0.1, "arms_up": 0.15, "reaching": 0.2},
    "upright": {"standing": 0.6, "walking": 0.4, "sitting": 0.0, "arms_up": 0.0, "reaching": 0.0},
}
SPREAD = {  # degrees, about every axis, on top of the posture
    **{"spine1": 4, "spine2": 4, "spine3": 4, "neck": 7, "head": 8, "collar": 4},
    **{"shoulder": 10, "elbow": 8, "wrist": 8, "hip": 6, "knee": 5, "ankle": 6},
}


def draw(count: int, rng: np.random.Generator, postures: str = "varied") -> Tensor:
    """Rotations [count, 24, 3, 3] relative to the parent joint; the root's leans the person a little."""
    angles = np.zeros((count, JOINT_COUNT, 4))  # of rotations about x, z, y and x again; the last turns first
    shares = SHARES[postures]
    posture = rng.choice(len(shares), size=count, p=list(shares.values()))
    stride = rng.choice([-1, 1], size=count) * rng.uniform(8, 26, size=count) * (posture == 1)
    for sign, side in ((1, "left"), (-1, "right")):
        _arm(angles, side, sign, posture, stride * sign, rng)
        _leg(angles, side, sign, posture, stride * sign, rng)
    for joint, name in enumerate(JOINT_NAMES):
        angles[:, joint, :3] += SPREAD.get(name.rpartition("_")[2], 0) * rng.normal(size=(count, 3))
    angles[:, JOINT_NAMES.index("head"), 2] += 10 * rng.normal(size=count)
    angles[:, 0, :2] += rng.normal(0, (4, 5), size=(count, 2))
    return to_rotations(np.deg2rad(angles))


def _arm(
    angles: Angles, side: str, sign: int, posture: NDArray[np.int64], stride: Angles, rng: np.random.Generator
) -> None:
    """The shoulder's swing, lift and twist and the elbow's bend. A lift of -80 hangs down, 60 is up."""
    count = len(angles)
    lift, swing = rng.uniform(-82, -58, size=count), 0.8 * stride
    bend, twist = rng.gamma(2, 12, size=count), rng.normal(0, 25, size=count)
    akimbo = (posture == 0) & (rng.random(count) < 0.25)
    lift, twist = np.where(akimbo, -48, lift), np.where(akimbo, -60, twist)
    bend = np.where(akimbo, 85, bend)
    up = posture == 3
    up &= rng.random(count) < 0.85  # sometimes one arm only
    lift = np.where(up, rng.uniform(10, 65, size=count), lift)
    bend = np.where(up, rng.uniform(0, 80, size=count), bend)
    twist = np.where(up, rng.uniform(-90, 0, size=count), twist)  # forearms rise
    reaching = (posture == 4) & (rng.random(count) < 0.7)
    lift = np.where(reaching, rng.uniform(-60, 15, size=count), lift)
    swing = np.where(reaching, rng.uniform(-90, 10, size=count), swing)
    bend = np.where(reaching, rng.uniform(0, 60, size=count), bend)
    sitting = posture == 2
    swing, bend = np.where(sitting, -22, swing), np.where(sitting, rng.uniform(20, 80, size=count), bend)
    shoulder, elbow, collar = (JOINT_NAMES.index(f"{side}_{part}") for part in ("shoulder", "elbow", "collar"))
    angles[:, shoulder, 0], angles[:, shoulder, 1], angles[:, shoulder, 3] = swing, sign * lift, twist
    angles[:, elbow, 2] = -sign * bend
    angles[:, collar, 1] = sign * np.where(up, 18, 0)


def _leg(
    angles: Angles, side: str, sign: int, posture: NDArray[np.int64], stride: Angles, rng: np.random.Generator
) -> None:
    """The hip's swing and spread and the knee's bend. A swing below 0 is forward."""
    count = len(angles)
    sitting = posture == 2
    swing = np.where(sitting, rng.uniform(-95, -60, size=count), -stride)
    apart = np.where(sitting, rng.uniform(0, 22, size=count), rng.gamma(2, 4, size=count))
    bend = np.where(stride < 0, rng.uniform(15, 55, size=count), rng.gamma(1.5, 5, size=count))
    bend = np.where(sitting, rng.uniform(60, 100, size=count), bend)
    lifted = (posture == 4) & (rng.random(count) < 0.2)
    swing = np.where(lifted, rng.uniform(-70, -20, size=count), swing)
    bend = np.where(lifted, rng.uniform(20, 90, size=count), bend)
    hip, knee = (JOINT_NAMES.index(f"{side}_{part}") for part in ("hip", "knee"))
    angles[:, hip, 0], angles[:, hip, 1] = swing, sign * apart
    angles[:, knee, 0] = bend


def to_rotations(angles: Angles) -> Tensor:
    """Rotations [..., 3, 3] from angles [..., 4] in radians: about x, z, y and x again, the last one first."""
    return roma.euler_to_rotmat("XZYX", torch.from_numpy(angles)).float()
