"""data/motion/keypoint_noise.py: every kind of error has the size, share and distribution of the settings."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import f as f_distribution

from pipeline.data.motion import keypoint_noise
from pipeline.data.motion.keypoint_noise import distance_summary, spoil
from pipeline.data.motion.settings import NoisyKeypoints
from pipeline.geometry.skeleton import HUMAN36M_17

NAMES = HUMAN36M_17.names
ARMS, LEGS = ("Shoulder", "Elbow", "Wrist"), ("Hip", "Knee", "Ankle")
SPREAD = {
    **{"trunk": 0.5, "head": 1.0, "hip": 1.5, "knee": 2.0},
    **{"ankle": 2.5, "shoulder": 3.0, "elbow": 3.5, "wrist": 4.0},
}
JITTER = NoisyKeypoints(spread=SPREAD, degrees_of_freedom=3, swap=0, miss=0)
EXACT = NoisyKeypoints(spread=dict.fromkeys(SPREAD, 0.0), degrees_of_freedom=3, swap=0, miss=0)
COUNT = 20_000


def people(count: int = COUNT, size: float = 400.0) -> np.ndarray:
    """The same person [count, 17, 2] px everywhere in the image: `size` high, half as wide, all joints apart."""
    numbers = np.random.default_rng(5)
    person = numbers.uniform(0.1, 0.9, (17, 2))
    person[0], person[10] = (0.0, 1.0), (1.0, 0.0)  # the box's corners
    places = numbers.integers(-200, 200, (count, 1, 2))
    return (person * (size / 2, size) + places).astype(np.float32)


def distances(found: np.ndarray, truth: np.ndarray) -> np.ndarray:
    return np.linalg.norm(found.astype(np.float64) - truth, axis=-1)


def joints_of(side: str, limb: tuple[str, ...]) -> list[int]:
    return [NAMES.index(f"{side}{joint}") for joint in limb]


# --- jitter -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("freedom", [1.5, 3.0, 50.0])
def test_the_median_distance_of_each_kind_of_joint_is_its_spread(freedom: float) -> None:
    truth = people()
    away = distances(spoil(truth, JITTER.model_copy(update={"degrees_of_freedom": freedom})), truth)
    expected = {
        **{"Hip": 0.5, "Spine": 0.5, "Thorax": 0.5, "Neck/Nose": 1.0, "Head": 1.0, "LHip": 1.5, "RHip": 1.5},
        **{"LKnee": 2.0, "RKnee": 2.0, "LAnkle": 2.5, "RAnkle": 2.5, "LShoulder": 3.0, "RShoulder": 3.0},
        **{"LElbow": 3.5, "RElbow": 3.5, "LWrist": 4.0, "RWrist": 4.0},
    }
    medians = dict(zip(NAMES, np.median(away, axis=0), strict=True))
    # Hundredths of 400 px. A median of 20000 is off by 1 % or so.
    assert medians == pytest.approx({name: 4 * spread for name, spread in expected.items()}, rel=0.05)


@pytest.mark.parametrize("freedom", [2.0, 3.0, 30.0])
def test_tails_are_those_of_students_t_in_two_dimensions(freedom: float) -> None:
    """A squared length over its scale's square, halved, is F-distributed with 2 and f degrees of freedom."""
    truth = people()
    away = distances(spoil(truth, JITTER.model_copy(update={"degrees_of_freedom": freedom})), truth)
    in_spreads = away / np.median(away, axis=0)
    distribution = f_distribution(2, freedom)
    for probability in (0.25, 0.1, 0.01, 0.001):
        limit = np.sqrt(distribution.isf(probability) / distribution.median())
        share = (in_spreads > limit).mean()
        assert share == pytest.approx(probability, rel=0.1), (probability, freedom)


def test_errors_point_everywhere_and_joints_err_on_their_own() -> None:
    truth = people()
    error = spoil(truth, JITTER.model_copy(update={"degrees_of_freedom": 50})).astype(np.float64) - truth
    flat = (error / error.std(axis=0)).reshape(COUNT, 34)
    correlation = flat.T @ flat / COUNT
    np.testing.assert_allclose(correlation, np.eye(34), atol=5 / np.sqrt(COUNT))
    assert np.abs(flat.mean(axis=0)).max() < 5 / np.sqrt(COUNT)


def test_the_spread_grows_with_the_person() -> None:
    small, large = people(2000, size=128), people(2000, size=512)
    errors = [spoil(truth, JITTER).astype(np.float64) - truth for truth in (small, large)]
    np.testing.assert_allclose(errors[1], 4 * errors[0], atol=1e-3)


def test_the_larger_side_is_the_size() -> None:
    upright = people(2000)
    lying = np.ascontiguousarray(upright[..., ::-1])
    one, other = (np.median(distances(spoil(truth, JITTER), truth)) for truth in (upright, lying))
    assert one == pytest.approx(other, rel=0.05)


# --- swaps ------------------------------------------------------------------------------------------------------------


def test_arms_and_legs_are_exchanged_each_on_their_own_and_nothing_else_moves() -> None:
    truth = people()
    found = spoil(truth, EXACT.model_copy(update={"swap": 0.3}))
    swapped = {}
    for limb in (ARMS, LEGS):
        left, right = joints_of("L", limb), joints_of("R", limb)
        exchanged = (found[:, left] == truth[:, right]).all(axis=(1, 2)) & (found[:, right] == truth[:, left]).all(
            axis=(1, 2)
        )
        kept = (found[:, left + right] == truth[:, left + right]).all(axis=(1, 2))
        assert (exchanged ^ kept).all()  # both sides or none
        swapped[limb] = exchanged
    others = [joint for joint, name in enumerate(NAMES) if name[1:] not in ARMS + LEGS]
    assert len(others) == 5
    np.testing.assert_array_equal(found[:, others], truth[:, others])
    for limb in (ARMS, LEGS):
        assert swapped[limb].mean() == pytest.approx(0.3, abs=0.015)
    assert (swapped[ARMS] & swapped[LEGS]).mean() == pytest.approx(0.09, abs=0.01)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_no_pose_or_every_pose_is_swapped(share: float) -> None:
    truth = people(50)
    found = spoil(truth, EXACT.model_copy(update={"swap": share}))
    order = list(range(17))
    if share:
        for left, right in zip(HUMAN36M_17.left, HUMAN36M_17.right, strict=True):
            order[left], order[right] = right, left
    np.testing.assert_array_equal(found, truth[:, order])


# --- misses -----------------------------------------------------------------------------------------------------------


def test_missed_joints_lie_anywhere_in_a_box_a_fifth_larger() -> None:
    truth = people()
    found = spoil(truth, EXACT.model_copy(update={"miss": 0.25}))
    missed = (found != truth).any(axis=-1)
    np.testing.assert_allclose(missed.mean(axis=0), 0.25, atol=0.02)  # every joint alike
    low, high = truth.min(axis=1, keepdims=True), truth.max(axis=1, keepdims=True)
    inside = ((found - (low + high) / 2) / (high - low))[missed]  # -0.5 ... 0.5 is the person's own box
    assert np.abs(inside).max() <= 0.6 + 1e-5
    for axis in range(2):
        heights, _ = np.histogram(inside[:, axis], bins=6, range=(-0.6, 0.6))
        np.testing.assert_allclose(heights / heights.sum(), 1 / 6, atol=0.01)


# --- the rest ---------------------------------------------------------------------------------------------------------


def test_equal_settings_give_equal_bytes_and_a_stream_or_seed_of_its_own_other_ones() -> None:
    truth, all_kinds = people(500), JITTER.model_copy(update={"swap": 0.1, "miss": 0.1})
    first = spoil(truth, all_kinds)
    assert first.tobytes() == spoil(truth, all_kinds).tobytes()
    for other in (spoil(truth, all_kinds, stream=1), spoil(truth, all_kinds.model_copy(update={"seed": 1}))):
        same = (other == first).all(axis=-1)
        assert same.mean() < 0.001


def test_more_poses_than_are_worked_on_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each part has noise of its own and lands in its own rows."""
    monkeypatch.setattr(keypoint_noise, "POSES_AT_ONCE", 64)
    truth = people(150)
    error = spoil(truth, JITTER) - truth
    assert error.shape == (150, 17, 2)
    assert len(np.unique(error[:, 3, 0])) == 150
    assert np.median(np.abs(error)) < 20  # truths are up to 400 px apart


def test_pixels_stay_float32_and_the_truth_stays_as_it_is() -> None:
    truth = people(10)
    before = truth.copy()
    found = spoil(truth, JITTER.model_copy(update={"swap": 1, "miss": 0.5}))
    assert found.dtype == np.float32 and found.shape == truth.shape and np.isfinite(found).all()
    np.testing.assert_array_equal(truth, before)


def test_no_pose_at_all() -> None:
    found = spoil(np.zeros((0, 17, 2), np.float32), JITTER)
    assert (found.shape, found.dtype) == ((0, 17, 2), np.float32)


def test_every_joint_is_of_one_kind() -> None:
    named = [joint for joints in keypoint_noise.KINDS.values() for joint in joints]
    assert sorted(named) == sorted(NAMES)


def test_the_summary_by_hand() -> None:
    truth = np.zeros((2, 2, 2), np.float32)
    found = np.array([[[3, 4], [0, 1]], [[0, 0], [6, 8]]], np.float32)  # 5, 1, 0 and 10 px
    summary = distance_summary(found, truth)
    assert summary == pytest.approx({"mean_error_px": 4, "median_error_px": 3, "p95_error_px": 9.25})
