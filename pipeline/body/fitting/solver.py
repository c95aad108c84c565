"""Levenberg-Marquardt over the kinematic chain, for many frames at once, each with its own damping.

A step that makes a frame worse is undone for that frame only. Knees and elbows stay within their range: a bend that is
pushed against a limit is held there (an active set), and a step beyond a limit is clamped.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from pipeline.body.fitting.equations import State, evaluate, held_equations, prior_weights, within_limits
from pipeline.body.fitting.kinematics import Chain, pose
from pipeline.body.fitting.rotations import exponential
from pipeline.geometry.camera import multiply

DAMPING, EASIER, HARDER = 1e-3, 0.3, 8.0
FLOOR = 1e-4  # m^2 per rad^2, added to the diagonal, so that rotations with short lever arms are damped too
FURTHEST = 0.8  # rad, the largest rotation of a joint in one step


@dataclass(frozen=True)
class Solution:
    local: Tensor  # [F, 16, 4] unit quaternions relative to the parent
    translation: Tensor  # [F, 3] m, as in SMPL: added to every point after the rotation about the root joint
    landmarks: Tensor  # [F, 17, 3] m, in the targets' axes


def solve(
    chain: Chain, local: Tensor, targets: Tensor, steps: int, tolerance: float = 1e-3, priors: float = 1.0
) -> Solution:
    """Improve rotations [F, 16, 4] towards joints [F, 17, 3] m.

    A frame is finished when a step reduces its cost by less than `tolerance` times. `priors` scales the weights.
    """
    middle = targets.mean(dim=1, keepdim=True)
    aims, weights = targets - middle, prior_weights(targets) * priors
    result = within_limits(chain, local)
    rows = torch.arange(len(targets), device=targets.device)
    damping = torch.full_like(aims[:, 0, 0], DAMPING)
    state = evaluate(chain, result, aims, weights)
    for _ in range(steps):
        trial = evaluate(chain, _step(chain, state, damping, weights), aims, weights)
        better = trial.cost < state.cost
        going = ~better | (state.cost - trial.cost > tolerance * state.cost)
        state = trial.where(better, state)
        result[rows] = state.local
        damping = (damping * torch.where(better, EASIER, HARDER).to(damping)).clamp(1e-9, 1e6)
        kept = going.nonzero()[:, 0]
        if not len(kept):
            break
        if len(kept) < len(rows):
            rows, damping, aims, state = rows[kept], damping[kept], aims[kept], state.select(kept)
    landmarks = pose(chain, result).landmarks
    shift = middle - landmarks.mean(dim=1, keepdim=True)
    return Solution(result, shift[:, 0] - chain.joints[0], landmarks + shift)


def _step(chain: Chain, state: State, damping: Tensor, weights: Tensor) -> Tensor:
    """The next rotations [F, 16, 4] to try."""
    matrix, gradient = held_equations(chain, state, weights)
    diagonal = matrix.diagonal(dim1=1, dim2=2)
    # The mean of a joint's three entries, because the entries themselves depend on the world's axes.
    joint = diagonal.unflatten(1, (-1, 3)).mean(dim=-1).repeat_interleave(3, dim=1)
    diagonal += damping[:, None] * (joint + FLOOR)
    factor, _ = torch.linalg.cholesky_ex(matrix)
    turns = -torch.cholesky_solve(gradient[..., None], factor)[..., 0].unflatten(1, (-1, 3))
    furthest = turns.norm(dim=-1).amax(dim=1)
    turns = turns * (FURTHEST / furthest.clamp_min(FURTHEST))[:, None, None]
    own = (state.rotations.transpose(2, 3) @ turns[..., None])[..., 0]  # from world axes to the joint's
    local = multiply(state.local, exponential(own))
    return within_limits(chain, local / local.norm(dim=-1, keepdim=True))
