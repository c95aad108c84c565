"""Bodies posed by known rotations are found again; fits turn with their joints; senseless joints stay finite."""

from __future__ import annotations

import pytest
import torch
from scipy.spatial.transform import Rotation
from stick_body import natural_joints, natural_rotations, stick_landmarks, stick_model
from torch import Tensor

from pipeline.body.fitting import (
    Shape,
    find_offsets,
    find_shape,
    fit_frames,
    fitted_landmarks,
    spine_rotation,
    wrong_way,
)
from pipeline.body.fitting.calibration import OFFSETS, mirrored_offsets, sample, with_offsets
from pipeline.body.fitting.equations import FOLDED, bends
from pipeline.body.fitting.kinematics import FREE, SLOT, Chain, pose
from pipeline.body.fitting.rotations import inverse, logarithm
from pipeline.body.fitting.solver import Solution, solve
from pipeline.body.fitting.start import start
from pipeline.geometry.camera import multiply
from pipeline.geometry.skeleton import HUMAN36M_17

BODY = stick_landmarks()
MODEL = stick_model()
BETAS = torch.tensor((1.0, -0.5, 0.8, -1.0, 0.5, 0.0, -0.7, 0.6, 0.0, 1.2), dtype=torch.float64)
CHAIN = Chain.of(BODY, BETAS)
FRAMES = 200


def fit(targets: Tensor, steps: int = 30, priors: float = 1e-4) -> Solution:
    return solve(CHAIN, start(CHAIN, targets), targets, steps, tolerance=1e-9, priors=priors)


def test_joints_of_a_posed_body_are_found_again() -> None:
    targets = natural_joints(BODY, BETAS, FRAMES)
    solution = fit(targets)
    assert (solution.landmarks - targets).norm(dim=-1).max() < 1e-4  # 0.1 mm


def test_rotations_are_found_where_joints_show_them() -> None:
    """The root, the whole trunk, the hips and shoulders of bent limbs, and the bends of knees and elbows."""
    targets, truth = natural_joints(BODY, BETAS, FRAMES), natural_rotations(FRAMES)
    found = fit(targets).local
    assert (bends(logarithm(found)) - bends(logarithm(truth))).abs().max() < 0.02
    away = logarithm(multiply(inverse(truth), found)).norm(dim=-1)
    assert away[:, SLOT[0]].mean() < 0.03
    assert away[:, [SLOT[1], SLOT[2]]].mean() < 0.05
    assert away[:, [SLOT[4], SLOT[5], SLOT[18], SLOT[19]]].mean() < 0.03


def test_priors_cost_less_than_a_millimetre() -> None:
    targets = natural_joints(BODY, BETAS, FRAMES)
    assert (fit(targets, priors=1.0).landmarks - targets).norm(dim=-1).mean() < 1e-3


def test_the_closed_form_start_is_near() -> None:
    targets = natural_joints(BODY, BETAS, FRAMES)
    assert (fit(targets, steps=0).landmarks - targets).norm(dim=-1).mean() < 0.015


def test_a_fit_turns_and_moves_with_its_joints() -> None:
    """In turned axes only the root differs, by the turn; residuals are the same."""
    turn = torch.from_numpy(Rotation.from_rotvec((0.5, -2.0, 1.0)).as_matrix())
    quaternion = torch.from_numpy(Rotation.from_rotvec((0.5, -2.0, 1.0)).as_quat(scalar_first=True))
    targets = natural_joints(BODY, BETAS, FRAMES) + 0.01 * torch.randn(
        FRAMES, 17, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(7)
    )
    shift = torch.tensor((3.0, -20.0, 1.0), dtype=torch.float64)
    here, there = fit(targets, priors=1.0), fit(targets @ turn.T + shift, priors=1.0)
    torch.testing.assert_close(there.landmarks, here.landmarks @ turn.T + shift, atol=1e-6, rtol=0)
    apart = logarithm(multiply(inverse(multiply(quaternion.expand(FRAMES, 4), here.local[:, 0])), there.local[:, 0]))
    assert apart.abs().max() < 1e-5
    torch.testing.assert_close(*(logarithm(solution.local[:, 1:]) for solution in (here, there)), atol=1e-5, rtol=0)


def test_knees_and_elbows_never_leave_their_range() -> None:
    """Not even for joints whose limbs bend the wrong way, or for random joints."""
    backwards = natural_rotations(FRAMES)
    hinges = [SLOT[joint] for joint in (4, 5, 18, 19)]
    backwards[:, hinges] = inverse(backwards[:, hinges])
    noise = torch.randn(FRAMES, 17, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(8))
    for targets in (pose(CHAIN, backwards).landmarks, 0.3 * noise):
        bend = bends(logarithm(fit(targets, priors=1.0).local))
        assert (bend - CHAIN.straight).min() > -1e-6
        assert bend.max() < FOLDED + 1e-6


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("case", ["rest", "straight", "collapsed", "line", "limb folded", "huge"])
def test_senseless_joints_give_finite_bodies(case: str, dtype: torch.dtype) -> None:
    rest = CHAIN.landmarks.clone()
    targets = {
        "rest": rest,
        "straight": _straightened(rest),
        "collapsed": torch.zeros_like(rest),
        "line": torch.linspace(0, 1, 17, dtype=torch.float64)[:, None] * torch.tensor((0.0, 0.0, 1.0)),
        "limb folded": _folded(rest),
        "huge": 1000 * rest,
    }[case]
    body = stick_landmarks(dtype)
    chain = Chain.of(body, BETAS.to(dtype))
    batch = targets.to(dtype).expand(3, -1, -1)
    solution = solve(chain, start(chain, batch), batch, 8)
    for values in vars(solution).values():
        assert values.isfinite().all()
    if case in ("rest", "straight"):
        assert (solution.landmarks - batch).norm(dim=-1).mean() < 0.002


def _straightened(rest: Tensor) -> Tensor:
    """Every limb on one line, its lengths kept."""
    points = rest.clone()
    for first, middle, last in ((1, 2, 3), (4, 5, 6), (11, 12, 13), (14, 15, 16)):
        direction = torch.nn.functional.normalize(points[middle] - points[first], dim=0)
        points[last] = points[middle] + direction * (rest[last] - rest[middle]).norm()
    return points


def _folded(rest: Tensor) -> Tensor:
    """Every wrist on its shoulder, every ankle on its hip."""
    points = rest.clone()
    points[[3, 6, 13, 16]] = points[[1, 4, 11, 14]]
    return points


def test_a_persons_shape_is_found_from_joints() -> None:
    """Shins and forearms to 5 mm, though betas are held back a little; and the fit is close."""
    joints = natural_joints(BODY, BETAS, FRAMES)
    shape = find_shape(MODEL, torch.zeros(OFFSETS), joints)
    found = Chain.of(BODY, shape.betas)
    for start_at, end in ((2, 3), (5, 6), (12, 13), (15, 16)):
        lengths = [(chain.landmarks[end] - chain.landmarks[start_at]).norm() for chain in (found, CHAIN)]
        assert abs(lengths[0] - lengths[1]) < 0.005
    fits = list(fit_frames(MODEL, shape, joints))
    assert torch.cat([part.residual for part in fits]).mean() < 2.0  # mm


def test_offsets_of_a_data_set_are_found() -> None:
    """Three people whose root lies 10 cm up and whose shoulders 3 cm out: shared offsets take that up."""
    truth = torch.zeros(OFFSETS, dtype=torch.float64)
    truth[0], truth[-3] = 0.10, 0.03
    body = with_offsets(BODY)
    people = [torch.cat((scale * BETAS, truth)) for scale in (-1.0, 0.3, 1.0)]
    joints = [natural_joints(body, shape, 80, seed) for seed, shape in enumerate(people)]
    offsets = find_offsets(MODEL, joints)
    assert abs(offsets[0] - 0.10) < 0.01
    plain = find_shape(MODEL, torch.zeros(OFFSETS), joints[2])
    calibrated = find_shape(MODEL, offsets, joints[2])
    residuals = [
        torch.cat([part.residual for part in fit_frames(MODEL, shape, joints[2])]).mean()
        for shape in (Shape(plain.betas, torch.zeros(OFFSETS, dtype=torch.float64)), calibrated)
    ]
    assert residuals[1] < 3.0 < 8.0 < residuals[0]


def test_offsets_are_mirror_images() -> None:
    basis = mirrored_offsets()
    mirrored = basis.clone()
    left, right = list(HUMAN36M_17.left), list(HUMAN36M_17.right)
    mirrored[left + right] = basis[right + left]
    torch.testing.assert_close(mirrored * torch.tensor((-1.0, 1.0, 1.0))[:, None], basis)


def test_fits_in_chunks_and_far_away_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Single precision does not suffer from a place in the world 100 m off, nor from chunks."""
    joints = natural_joints(BODY, BETAS, 50)
    shape = Shape(BETAS, torch.zeros(OFFSETS, dtype=torch.float64))
    (near,) = fit_frames(MODEL, shape, joints)
    monkeypatch.setattr("pipeline.body.fitting.CHUNK", {"cpu": 20})
    far = list(fit_frames(MODEL, shape, joints + 100))
    assert [len(part.residual) for part in far] == [20, 20, 10]
    torch.testing.assert_close(torch.cat([part.landmarks for part in far]) - 100, near.landmarks, atol=2e-5, rtol=0)
    assert near.rotations.shape == (50, 24, 3)
    placed = fitted_landmarks(MODEL, shape, near.rotations, near.translation)
    torch.testing.assert_close(placed, near.landmarks, atol=2e-5, rtol=0)
    rest = [joint for joint in range(24) if joint not in FREE]
    assert near.rotations[:, rest].abs().max() == 0


def test_broken_torsos_and_wrong_way_hinges_are_measured() -> None:
    rotations = torch.zeros(2, 24, 3)
    rotations[0, 3, 0], rotations[0, 9, 2] = 0.6, 0.3
    rotations[1, 4, 0], rotations[1, 18, 1], rotations[1, 19, 1] = -0.5, 0.5, 0.5  # a left elbow bends about -y
    torch.testing.assert_close(spine_rotation(rotations), torch.tensor((0.3, 0.0)))
    assert wrong_way(rotations).tolist() == [0, 2]


def test_samples_are_spread_over_all_frames() -> None:
    assert sample(5, 200).tolist() == [0, 1, 2, 3, 4]
    assert sample(1001, 5).tolist() == [0, 250, 500, 750, 1000]
    assert sample(1, 200).tolist() == [0]
