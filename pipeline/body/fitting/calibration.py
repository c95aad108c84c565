"""The quantities that all frames of one person share: the shape, and the places of a data set's joints in a body.

A shape is K = 10 + 16 numbers: the betas, and offsets in metres of nine landmarks (pelvis, hips, spine, thorax, neck,
head, shoulders), whose places differ between data sets. Offsets of the two sides are mirror images. Both are found by
Gauss-Newton with the poses eliminated frame by frame (a Schur complement), so every shape is evaluated with the pose
that fits it best. The offsets belong to a data set and are found from all of its training subjects together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pipeline.body.fitting.equations import State, evaluate, held_equations, lever_arms, prior_weights, torques
from pipeline.body.fitting.kinematics import Chain, shape_directions
from pipeline.body.fitting.solver import solve
from pipeline.body.fitting.start import start
from pipeline.body.landmarks import Landmarks

MIDDLE, PAIRS = (0, 7, 8, 9, 10), ((4, 1), (11, 14))  # landmarks: pelvis to head; left and right
OFFSETS = 2 * len(MIDDLE) + 3 * len(PAIRS)
SAMPLES = 200  # frames of a subject to which its shape is fitted
ROUNDS, STEPS = 8, 3  # Gauss-Newton steps of the shape, and of the poses after each

# Prior precisions, in m^2 of error per frame and squared unit: of a beta; of an offset in metres; of the difference in
# metres between a person's offset and the data set's.
BETA, OFFSET, OWN = 1e-4, 0.01, 0.5


@dataclass(frozen=True)
class Prior:
    """The cost precision (value - mean)^2 per frame; all [K]."""

    mean: Tensor
    precision: Tensor


def with_offsets(body: Landmarks) -> Landmarks:
    """The body with the offsets as additional shape coefficients."""
    offsets = mirrored_offsets().to(body.landmarks)
    nothing = torch.zeros_like(offsets[:1]).expand(len(body.joints), -1, -1)
    return replace(
        body,
        joint_directions=torch.cat((body.joint_directions, nothing), dim=-1),
        landmark_directions=torch.cat((body.landmark_directions, offsets), dim=-1),
    )


def mirrored_offsets() -> Tensor:
    """[17, 3, 16]: up and forward for a middle landmark; out, up and forward for a pair."""
    basis = torch.zeros(17, 3, OFFSETS)
    column = 0
    for landmark in MIDDLE:
        for axis in (1, 2):
            basis[landmark, axis, column] = 1
            column += 1
    for left, right in PAIRS:
        for axis in (0, 1, 2):
            basis[left, axis, column] = 1
            basis[right, axis, column] = -1 if axis == 0 else 1
            column += 1
    return basis


def calibrate(body: Landmarks, subjects: Sequence[Tensor]) -> Tensor:
    """Offsets [16] that fit all subjects best; each subject is some frames of joints [F, 17, 3] m.

    `body` has the offsets among its coefficients. All subjects have the same weight, whatever their number of frames.
    """
    betas = body.coefficients - OFFSETS
    prior = data_set_prior(body)
    shapes = [prior.mean for _ in subjects]
    poses: list[Tensor | None] = [None for _ in subjects]
    for _ in range(ROUNDS):
        systems = []
        for index, targets in enumerate(subjects):
            state = settle(body, shapes[index], poses[index], targets)
            poses[index] = state.local
            systems.append(shape_equations(body, state, shapes[index], prior))
        # All subjects share the offsets: eliminate their betas, solve for the offsets, then for the betas.
        reduced = [_eliminate(matrix, gradient, betas) for matrix, gradient in systems]
        shared = -torch.linalg.solve(sum(m for m, _ in reduced), sum(g for _, g in reduced))
        for index, (matrix, gradient) in enumerate(systems):
            own = -torch.linalg.solve(matrix[:betas, :betas], gradient[:betas] + matrix[:betas, betas:] @ shared)
            shapes[index] = shapes[index] + torch.cat((own, shared))
    return shapes[0][betas:]


def shape_of(body: Landmarks, targets: Tensor, prior: Prior) -> Tensor:
    """The shape [K] of one person from some frames of joints [F, 17, 3] m."""
    shape, pose = prior.mean, None
    for _ in range(ROUNDS):
        state = settle(body, shape, pose, targets)
        pose = state.local
        matrix, gradient = shape_equations(body, state, shape, prior)
        shape = shape - torch.linalg.solve(matrix, gradient)
    return shape


def data_set_prior(body: Landmarks) -> Prior:
    """The prior of a shape before any frame is known."""
    precision = body.joints.new_full((body.coefficients,), BETA)
    precision[-OFFSETS:] = OFFSET
    return Prior(torch.zeros_like(precision), precision)


def person_prior(body: Landmarks, offsets: Tensor) -> Prior:
    """The prior of a person in a data set with these offsets [16]."""
    prior = data_set_prior(body)
    mean, precision = prior.mean.clone(), prior.precision.clone()
    mean[-OFFSETS:] = offsets
    precision[-OFFSETS:] = OWN
    return Prior(mean, precision)


def sample(count: int, wanted: int = SAMPLES) -> Tensor:
    """Row numbers of at most `wanted` of `count` frames, evenly spread."""
    return torch.linspace(0, count - 1, min(count, wanted), dtype=torch.float64).round().long()


def settle(body: Landmarks, shape: Tensor, pose: Tensor | None, targets: Tensor) -> State:
    """Poses that fit a shape: a few steps from the given ones [F, 16, 4], or from the closed form."""
    chain = Chain.of(body, shape)
    local = solve(chain, start(chain, targets) if pose is None else pose, targets, STEPS).local
    return evaluate(chain, local, targets - targets.mean(dim=1, keepdim=True), prior_weights(targets))


def shape_equations(body: Landmarks, state: State, shape: Tensor, prior: Prior) -> tuple[Tensor, Tensor]:
    """Gauss-Newton matrix [K, K] and gradient [K] of the mean cost per frame, with poses eliminated and the prior."""
    count = len(state.local)
    moved = shape_directions(body, state.rotations)
    moved = moved - moved.mean(dim=1, keepdim=True)  # the translation is eliminated too
    flat = moved.flatten(0, 2)
    matrix, gradient = flat.T @ flat, flat.T @ state.difference.flatten()
    poses, pull = held_equations(Chain.of(body, shape), state, prior_weights(moved))
    diagonal = poses.diagonal(dim1=1, dim2=2)
    diagonal += 1e-6 * (diagonal + 1)
    cross = torques(lever_arms(state), moved)  # [F, 48, K]
    factor, _ = torch.linalg.cholesky_ex(poses)
    solved = torch.cholesky_solve(torch.cat((cross, pull[..., None]), dim=-1), factor)
    eliminated = torch.einsum("fik,fij->kj", cross, solved)
    matrix, gradient = (matrix - eliminated[:, :-1]) / count, (gradient - eliminated[:, -1]) / count
    return matrix + torch.diag(prior.precision), gradient + prior.precision * (shape - prior.mean)


def _eliminate(matrix: Tensor, gradient: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The equations of the other unknowns after elimination of the first `count` (a Schur complement)."""
    solved = torch.linalg.solve(
        matrix[:count, :count], torch.cat((matrix[:count, count:], gradient[:count, None]), dim=1)
    )
    reduced = matrix[count:, :count] @ solved
    return matrix[count:, count:] - reduced[:, :-1], gradient[count:] - reduced[:, -1]
