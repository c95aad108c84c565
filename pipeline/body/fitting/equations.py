"""The objective of a fit and its normal equations, for many frames at once.

The cost of a frame is the sum of squared distances between 17 landmarks and the measured joints (m^2), plus priors on
the local rotation vectors. The best translation is the mean difference, so it is eliminated: positions are relative to
their mean. The unknowns are small rotations d of the 16 joints in world axes: a landmark x moves by d x (x - p) when
the joint at p above it rotates. The Jacobian is never built: with arms a = x - p_j and b = x - p_k, J^T J has the
blocks sum over landmarks of (a . b) I - b a^T.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from pipeline.body.fitting.kinematics import FREE, HINGES, LIMBS, MOVES, Chain, pose
from pipeline.body.fitting.rotations import exponential, logarithm

# Prior weights in m^2 per rad^2: the cost of a squared radian away from rest, in squared metres of error. Spine and
# collars are stiff. Knees and elbows are stiff across their hinge and as free about it as the limbs.
TRUNK, HEAD, LIMB, OFF_AXIS = 1e-3, 5e-4, 3e-6, 1e-3
WEIGHTS = {0: 0.0, 3: TRUNK, 6: TRUNK, 9: TRUNK, 13: TRUNK, 14: TRUNK, 12: HEAD, 15: HEAD}
FOLDED = 2.7  # rad: the largest bend of knees and elbows from rest; in the other direction they become straight
AT_LIMIT = 1e-4  # rad
STIFF = 1e3  # m^2 per rad^2 on the bend of a hinge at its limit


@dataclass(frozen=True)
class State:
    """Current poses and their costs."""

    local: Tensor  # [F, 16, 4] unit quaternions relative to the parent
    vectors: Tensor  # [F, 16, 3] the same as rotation vectors
    rotations: Tensor  # [F, 16, 3, 3] in the world
    joints: Tensor  # [F, 16, 3] m, untranslated
    landmarks: Tensor  # [F, 17, 3] m, untranslated
    difference: Tensor  # [F, 17, 3] m: landmarks minus targets, both relative to their mean
    cost: Tensor  # [F] m^2

    def select(self, rows: Tensor) -> State:
        return State(**{name: values[rows] for name, values in vars(self).items()})

    def where(self, chosen: Tensor, other: State) -> State:
        """The frames of this state where `chosen` [F] is true, otherwise those of the other."""
        pairs = {name: (mine, getattr(other, name)) for name, mine in vars(self).items()}
        masks = {name: chosen.view(-1, *[1] * (mine.ndim - 1)) for name, (mine, _) in pairs.items()}
        return State(**{name: torch.where(masks[name], mine, theirs) for name, (mine, theirs) in pairs.items()})


def evaluate(chain: Chain, local: Tensor, aims: Tensor, weights: Tensor) -> State:
    """The state at local rotations [F, 16, 4]; targets [F, 17, 3] relative to their mean, `weights` [16, 3]."""
    posed = pose(chain, local)
    difference = posed.landmarks - posed.landmarks.mean(dim=1, keepdim=True) - aims
    vectors = logarithm(local)
    cost = difference.square().sum(dim=(1, 2)) + (weights * vectors.square()).sum(dim=(1, 2))
    return State(local, vectors, posed.rotations, posed.joints, posed.landmarks, difference, cost)


def prior_weights(like: Tensor) -> Tensor:
    """[16, 3]: the weight of each component of the local rotation vectors."""
    table = like.new_tensor([[WEIGHTS.get(joint, LIMB)] * 3 for joint in FREE])
    table[HINGES] = torch.where(hinge_axes(like) == 0, OFF_AXIS, LIMB).to(like)
    return table


def hinge_axes(like: Tensor) -> Tensor:
    """[4, 3], each along a coordinate axis."""
    return like.new_tensor([limb.axis for limb in LIMBS])


def bends(vectors: Tensor) -> Tensor:
    """The bends of knees and elbows, [F, 4] rad, from local rotation vectors [F, 16, 3]; negative is the wrong way."""
    return (vectors[:, HINGES] * hinge_axes(vectors)).sum(dim=-1)


def within_limits(chain: Chain, local: Tensor) -> Tensor:
    """The same rotations [F, 16, 4], with the bends of knees and elbows clamped to their range."""
    vectors, axes = logarithm(local[:, HINGES]), hinge_axes(local)
    bend = (vectors * axes).sum(dim=-1)
    change = bend.clamp(min=chain.straight).clamp(max=FOLDED) - bend
    local = local.clone()
    local[:, HINGES] = exponential(vectors + change[..., None] * axes)
    return local


def normal_equations(state: State, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Half the Gauss-Newton matrix [F, 48, 48] and gradient [F, 48] of the cost, for rotations in the world."""
    arms = lever_arms(state)
    matrix = _paired(arms)
    gradient = torques(arms, state.difference[..., None])[..., 0]
    pull = weights * state.vectors
    pull[:, HINGES] = backwards(state.vectors[:, HINGES], pull[:, HINGES])
    gradient += (state.rotations @ pull[..., None]).flatten(1)
    matrix.diagonal(dim1=1, dim2=2).add_(weights.amax(dim=1).repeat_interleave(3))
    ease = (weights.amin(dim=1) - weights.amax(dim=1))[HINGES]
    _add_along(matrix, hinge_directions(state), ease.expand(len(matrix), -1))
    return matrix, gradient


def held_equations(chain: Chain, state: State, weights: Tensor) -> tuple[Tensor, Tensor]:
    """The same, but a hinge keeps its bend if it is at a limit and the cost would fall beyond it."""
    matrix, gradient = normal_equations(state, weights)
    along, bend = hinge_directions(state), bends(state.vectors)
    by_hinge = gradient.unflatten(1, (-1, 3))
    slope = (by_hinge[:, HINGES] * along).sum(dim=-1)
    held = ((bend <= chain.straight + AT_LIMIT) & (slope > 0)) | ((bend >= FOLDED - AT_LIMIT) & (slope < 0))
    by_hinge[:, HINGES] -= torch.where(held, slope, 0)[..., None] * along
    _add_along(matrix, along, STIFF * held.to(matrix))
    return matrix, gradient


def lever_arms(state: State) -> Tensor:
    """Vectors from joints to the landmarks that they move, minus the mean over all landmarks, [F, 17, 48]."""
    moves = MOVES.to(state.landmarks)[..., None]  # [17, 16, 1]
    arms = (state.landmarks[:, :, None] - state.joints[:, None]) * moves
    return (arms - arms.mean(dim=1, keepdim=True)).flatten(2)


def torques(arms: Tensor, forces: Tensor) -> Tensor:
    """J^T times forces [F, 17, 3, K]: the sum of arm x force on every joint, [F, 48, K]."""
    products = (arms.transpose(1, 2) @ forces.flatten(2)).unflatten(1, (-1, 3)).unflatten(3, (3, -1))
    torque = (
        products[:, :, 1, 2] - products[:, :, 2, 1],
        products[:, :, 2, 0] - products[:, :, 0, 2],
        products[:, :, 0, 1] - products[:, :, 1, 0],
    )
    return torch.stack(torque, dim=2).flatten(1, 2)


def _paired(arms: Tensor) -> Tensor:
    """J^T J, [F, 48, 48]."""
    products = (arms.transpose(1, 2) @ arms).unflatten(2, (-1, 3)).unflatten(1, (-1, 3))  # [F, j, a, k, b]
    traces = products.diagonal(dim1=2, dim2=4).sum(dim=-1)  # [F, j, k]
    matrix = -products.transpose(2, 4).contiguous()
    matrix.diagonal(dim1=2, dim2=4).add_(traces[..., None])
    return matrix.flatten(3, 4).flatten(1, 2)


def _add_along(matrix: Tensor, along: Tensor, amounts: Tensor) -> None:
    """Add amounts [F, 4] times u u^T to the hinges' blocks, in place, for unit directions u = `along` [F, 4, 3]."""
    for index, slot in enumerate(HINGES):
        block = matrix[:, 3 * slot : 3 * slot + 3, 3 * slot : 3 * slot + 3]
        block += amounts[:, index, None, None] * along[:, index, :, None] * along[:, index, None, :]


def hinge_directions(state: State) -> Tensor:
    """The unit directions [F, 4, 3] in the world about which a small rotation changes the hinges' bends most."""
    vectors = state.vectors[:, HINGES]
    slopes = backwards(vectors, hinge_axes(vectors).expand_as(vectors))
    slopes = slopes / slopes.norm(dim=-1, keepdim=True)
    return (state.rotations[:, HINGES] @ slopes[..., None])[..., 0]


def backwards(vectors: Tensor, pulls: Tensor) -> Tensor:
    """Gradients for small rotations about a joint's own axes from gradients for its rotation vector; all [..., 3].

    This is J^-T w, where J is the right Jacobian of the exponential map: w - v x w / 2 + c v x (v x w), with
    c = (1 - (t / 2) cot(t / 2)) / t^2 for a vector v of length t, and 1/12 at t = 0. It maps v to itself.
    """
    length = vectors.norm(dim=-1, keepdim=True).clamp(1e-2, 3.1)
    factor = (1 - length / 2 / torch.tan(length / 2)) / length.square()
    once = torch.linalg.cross(vectors, pulls)
    return pulls - once / 2 + factor * torch.linalg.cross(vectors, once)
