"""Fits bodies to Human3.6M's 17 joints: the entrance to the other fitting modules.

    offsets = find_offsets(model, training)        where the data set's joints are in a body; from training people only
    shape = find_shape(model, offsets, joints)     a person's betas and offsets, from that person's own frames
    fit = fit_frames(model, shape, joints)         rotations and translation of every frame

Joints are [F, 17, 3] in metres, in any right-handed axes; the body's root rotates into these axes. Shapes are fitted in
double precision to a sample of frames, poses in single precision, which changes every landmark of CMU subject 02 by
less than 0.1 mm.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pipeline.body.fitting import calibration
from pipeline.body.fitting.equations import bends
from pipeline.body.fitting.kinematics import FREE, JOINTS, Chain, pose
from pipeline.body.fitting.rotations import exponential, logarithm
from pipeline.body.fitting.solver import solve
from pipeline.body.fitting.start import start
from pipeline.body.landmarks import Landmarks, landmarks_of
from pipeline.body.model import BodyModel

STEPS = 8  # of Levenberg-Marquardt; most frames converge after five
CHUNK = {"cpu": 2048, "cuda": 32768}  # frames at once
UNUSABLE = 25.0  # mm: HGN leaves out fits with a larger mean error
WRONG_WAY = 0.15  # rad beyond rest; in SMPL's rest pose a knee is bent by about 0.1


@dataclass(frozen=True)
class Shape:
    """A person of a data set."""

    betas: Tensor  # [B]
    offsets: Tensor  # [16] m, places of the data set's joints in this person's body


@dataclass(frozen=True)
class Fit:
    """F frames of one person."""

    rotations: Tensor  # [F, 24, 3] rotation vectors relative to the parent joint; for the root, in the joints' axes
    translation: Tensor  # [F, 3] m, SMPL's
    landmarks: Tensor  # [F, 17, 3] m, the data set's joints in the fitted body
    residual: Tensor  # [F] mm, the mean distance of the 17 joints


def find_offsets(model: BodyModel, people: Sequence[Tensor]) -> Tensor:
    """Offsets [16] m of a data set's joints from joints [F, 17, 3] m of some people, who have equal weights."""
    body = _double(model)
    return calibration.calibrate(body, [_sampled(joints, body) for joints in people])


def find_shape(model: BodyModel, offsets: Tensor, joints: Tensor) -> Shape:
    """The shape of the person with joints [F, 17, 3] m. The person's offsets stay near the data set's [16]."""
    body = _double(model)
    prior = calibration.person_prior(body, offsets.to(body.joints))
    shape = calibration.shape_of(body, _sampled(joints, body), prior)
    return Shape(shape[: -calibration.OFFSETS], shape[-calibration.OFFSETS :])


def fit_frames(model: BodyModel, shape: Shape, joints: Tensor) -> Iterator[Fit]:
    """Fit joints [F, 17, 3] m chunk by chunk."""
    device = model.v_template.device
    body = _described(model).to(device, torch.float32)
    chain = Chain.of(body, torch.cat((shape.betas, shape.offsets)).to(body.joints))
    for chunk in joints.split(CHUNK[device.type]):
        root = chunk[:, :1]  # relative to the root, so that single precision suffices at any distance
        targets = (chunk - root).to(body.joints)
        solution = solve(chain, start(chain, targets), targets, STEPS)
        rotations = targets.new_zeros(len(targets), JOINTS, 3)
        rotations[:, list(FREE)] = logarithm(solution.local)
        residual = 1000 * (solution.landmarks - targets).norm(dim=-1).mean(dim=1)
        root = root.to(device)
        yield Fit(rotations, solution.translation + root[:, 0], solution.landmarks + root, residual)


def fitted_landmarks(model: BodyModel, shape: Shape, rotations: Tensor, translation: Tensor) -> Tensor:
    """The data set's joints in a fitted body, [F, 17, 3] m, from the rotations and translation of a Fit."""
    body = _double(model)
    chain = Chain.of(body, torch.cat((shape.betas, shape.offsets)).to(body.joints))
    landmarks = pose(chain, exponential(rotations[:, list(FREE)].to(body.joints))).landmarks
    return landmarks + chain.joints[0] + translation[:, None].to(body.joints)


def spine_rotation(rotations: Tensor) -> Tensor:
    """The mean angle of the three spine joints, [F] rad, of rotation vectors [F, 24, 3]. Large: a distorted torso."""
    return rotations[:, [3, 6, 9]].norm(dim=-1).mean(dim=1)


def wrong_way(rotations: Tensor) -> Tensor:
    """How many knees and elbows bend the wrong way, [F], of rotation vectors [F, 24, 3]."""
    return (bends(rotations[:, list(FREE)]) < -WRONG_WAY).sum(dim=1)


def _described(model: BodyModel) -> Landmarks:
    return calibration.with_offsets(landmarks_of(model))


def _double(model: BodyModel) -> Landmarks:
    return _described(model).to(model.v_template.device, torch.float64)


def _sampled(joints: Tensor, body: Landmarks) -> Tensor:
    chosen = joints[calibration.sample(len(joints))]
    return (chosen - chosen[:, :1]).to(body.joints)
