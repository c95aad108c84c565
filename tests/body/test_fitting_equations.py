"""The normal equations against automatic differentiation of the objective, written out once more in the plain way."""

from __future__ import annotations

import pytest
import torch
from stick_body import natural_joints, natural_rotations, stick_landmarks, stick_model
from torch import Tensor

from pipeline.body.fitting.calibration import data_set_prior, shape_equations, with_offsets
from pipeline.body.fitting.equations import (
    STIFF,
    State,
    backwards,
    bends,
    evaluate,
    held_equations,
    hinge_directions,
    normal_equations,
    prior_weights,
    within_limits,
)
from pipeline.body.fitting.kinematics import FREE, HINGES, Chain, pose, shape_directions, world_quaternions
from pipeline.body.fitting.rotations import exponential, logarithm
from pipeline.body.fitting.solver import solve
from pipeline.geometry.camera import multiply, rotation_matrix

BODY = stick_landmarks()
SHAPE = torch.linspace(-1.5, 1.5, 10, dtype=torch.float64)
CHAIN = Chain.of(BODY, SHAPE)
COUNT = 6
NO_PRIOR = torch.zeros(16, 3, dtype=torch.float64)


def example(weights: Tensor) -> tuple[State, Tensor]:
    """Poses away from their targets, knees and elbows bent off their axes too; and the targets about their mean."""
    local = natural_rotations(COUNT)
    turn = 0.3 * torch.randn(COUNT, 16, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(5))
    local = multiply(local, exponential(turn))
    targets = natural_joints(BODY, SHAPE, COUNT)
    aims = targets - targets.mean(dim=1, keepdim=True)
    return evaluate(CHAIN, local, aims, weights), aims


def turned(state: State, turns: Tensor) -> Tensor:
    """Local rotations when every joint is turned by [F, 48] about world axes."""
    own = (state.rotations.transpose(2, 3) @ turns.unflatten(1, (16, 3))[..., None])[..., 0]
    return multiply(state.local, exponential(own))


def test_the_chain_places_joints_as_the_skinned_body_does() -> None:
    model = stick_model()
    local = natural_rotations(COUNT)
    every = torch.eye(3, dtype=torch.float64).repeat(COUNT, 24, 1, 1)
    every[:, list(FREE)] = rotation_matrix(local)
    betas = SHAPE.float()[None]
    _, joints = model.skin(betas, every.float(), torch.zeros(COUNT, 3))
    mine = pose(CHAIN, local).joints + CHAIN.joints[0]
    torch.testing.assert_close(mine.float(), joints[:, list(FREE)], atol=1e-5, rtol=0)
    chained, _ = model.chain(model.joints(betas).expand(COUNT, -1, -1), every.float())
    torch.testing.assert_close(
        rotation_matrix(world_quaternions(local)).float(), chained[:, list(FREE)], atol=1e-5, rtol=0
    )


def test_landmarks_follow_the_shape_linearly() -> None:
    rotations = pose(CHAIN, natural_rotations(COUNT)).rotations
    change = torch.randn(10, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    other = pose(Chain.of(BODY, SHAPE + change), natural_rotations(COUNT)).landmarks
    moved = pose(CHAIN, natural_rotations(COUNT)).landmarks + shape_directions(BODY, rotations) @ change
    torch.testing.assert_close(other, moved)


def test_the_matrix_is_the_jacobians_square() -> None:
    state, aims = example(NO_PRIOR)
    matrix, gradient = normal_equations(state, NO_PRIOR)

    def misfit(turns: Tensor) -> Tensor:
        return evaluate(CHAIN, turned(state, turns), aims, NO_PRIOR).difference.flatten(1)

    jacobian = torch.autograd.functional.jacobian(misfit, torch.zeros(COUNT, 48, dtype=torch.float64) + 1e-9)
    for frame in range(COUNT):
        own = jacobian[frame, :, frame]
        torch.testing.assert_close(matrix[frame], own.T @ own, atol=1e-7, rtol=1e-6)
        torch.testing.assert_close(gradient[frame], own.T @ state.difference[frame].flatten(), atol=1e-7, rtol=1e-6)


def test_the_gradient_is_that_of_the_whole_cost() -> None:
    weights = prior_weights(BODY.joints) * 100
    state, aims = example(weights)
    _, gradient = normal_equations(state, weights)
    turns = torch.full((COUNT, 48), 1e-9, dtype=torch.float64, requires_grad=True)
    (whole,) = torch.autograd.grad(evaluate(CHAIN, turned(state, turns), aims, weights).cost.sum(), turns)
    torch.testing.assert_close(2 * gradient, whole, atol=1e-7, rtol=1e-6)


def test_gradients_go_backwards_through_the_exponential_map() -> None:
    vectors = torch.randn(50, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    vectors = vectors * (2.8 / vectors.norm(dim=-1, keepdim=True)).clamp(max=1)  # short of half a turn
    pulls = torch.randn(50, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(4))
    turns = torch.full((50, 3), 1e-9, dtype=torch.float64, requires_grad=True)
    moved = (logarithm(multiply(exponential(vectors), exponential(turns))) * pulls).sum()
    torch.testing.assert_close(backwards(vectors, pulls), torch.autograd.grad(moved, turns)[0], atol=1e-7, rtol=1e-6)
    torch.testing.assert_close(backwards(vectors, vectors), vectors)


def test_a_hinge_that_presses_against_its_limit_is_held() -> None:
    """A knee at 0 whose target lies beyond keeps its bend, and all other turns keep their gradient."""
    weights = prior_weights(BODY.joints)
    targets = natural_joints(BODY, SHAPE, COUNT)
    local = natural_rotations(COUNT)
    local[:, HINGES[0]] = exponential(CHAIN.straight[0] * torch.eye(3, dtype=torch.float64)[0])
    beyond = local.clone()
    beyond[:, HINGES[0]] = exponential(torch.tensor((-0.4, 0, 0), dtype=torch.float64))
    targets = pose(CHAIN, beyond).landmarks
    state = evaluate(CHAIN, local, targets - targets.mean(dim=1, keepdim=True), weights)
    free, held = normal_equations(state, weights), held_equations(CHAIN, state, weights)
    along = hinge_directions(state)[:, 0]
    hinge = slice(3 * HINGES[0], 3 * HINGES[0] + 3)
    assert (free[1][:, hinge] * along).sum(dim=-1).min() > 1e-3
    torch.testing.assert_close((held[1][:, hinge] * along).sum(dim=-1), torch.zeros(COUNT, dtype=torch.float64))
    stiff = torch.einsum("fi,fij,fj->f", along, (held[0] - free[0])[:, hinge, hinge], along)
    torch.testing.assert_close(stiff, torch.full((COUNT,), STIFF, dtype=torch.float64))
    rest = [index for index in range(48) if not hinge.start <= index < hinge.stop]
    torch.testing.assert_close(held[1][:, rest], free[1][:, rest])


@pytest.mark.parametrize(("bend", "expected"), [(-0.5, None), (1.2, 1.2), (3.0, 2.7)])
def test_limits_turn_hinges_back_and_leave_the_rest(bend: float, expected: float | None) -> None:
    vectors = 0.1 * torch.ones(1, 16, 3, dtype=torch.float64)
    vectors[0, HINGES[0]] = torch.tensor((bend, 0.1, -0.1), dtype=torch.float64)
    limited = logarithm(within_limits(CHAIN, exponential(vectors)))
    straight = CHAIN.straight[0].item()
    assert -0.11 < straight < -0.09  # the stick body's rest pose bends its knees 5 or 6 degrees
    assert bends(limited)[0, 0].item() == pytest.approx(straight if expected is None else expected, abs=1e-9)
    torch.testing.assert_close(limited[0, HINGES[0], 1:], vectors[0, HINGES[0], 1:])
    others = [slot for slot in range(16) if slot not in HINGES]
    torch.testing.assert_close(limited[0, others], vectors[0, others])


def test_a_shape_is_judged_by_the_pose_that_suits_it() -> None:
    """The reduced gradient is that of the cost after the poses, by then at their best, have followed the shape."""
    body = with_offsets(BODY)
    prior = data_set_prior(body)
    shape = torch.zeros(26, dtype=torch.float64)
    shape[:10] = SHAPE / 3
    targets = natural_joints(BODY, SHAPE, COUNT)
    aims, weights = targets - targets.mean(dim=1, keepdim=True), prior_weights(targets)
    chain = Chain.of(body, shape)
    local = solve(chain, natural_rotations(COUNT), targets, steps=200, tolerance=0.0).local
    state = evaluate(chain, local, aims, weights)
    assert bends(state.vectors).min() > 0.1  # no hinge is held
    assert normal_equations(state, weights)[1].abs().max() < 1e-6
    _, reduced = shape_equations(body, state, shape, prior)
    unknown = shape.clone().requires_grad_(True)
    whole = evaluate(Chain.of(body, unknown), state.local, aims, weights).cost.mean()
    whole = whole + (prior.precision * (unknown - prior.mean).square()).sum()
    torch.testing.assert_close(2 * reduced, torch.autograd.grad(whole, unknown)[0], atol=1e-6, rtol=1e-4)
