"""Smoothing over time: errors and jitter fall, movement stays, nothing is invented."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import made_keypoints
import numpy as np
import pytest

from pipeline.artifacts import InputError
from pipeline.data.motion.keypoint_noise import spoil
from pipeline.data.motion.settings import NoisyKeypoints
from pipeline.geometry.skeleton import HUMAN36M_17
from pipeline.predict import keypoints
from pipeline.predict.keypoints import Keypoints
from pipeline.predict.smoothing import smooth

# As the preset mini's stacked_hourglass.
NOISE = NoisyKeypoints(
    spread={
        "trunk": 1.0,
        "head": 1.2,
        "hip": 1.2,
        "shoulder": 1.4,
        "knee": 1.6,
        "elbow": 2.0,
        "ankle": 2.0,
        "wrist": 2.4,
    },
    degrees_of_freedom=3,
    swap=0.01,
    miss=0.01,
)
TRUE = made_keypoints.human36m(seconds=12)  # ten frames a second


def read(folder: Path, values: np.ndarray) -> Keypoints:
    np.savez(folder / "video.npz", keypoints=values, image_size=[1000, 1002])
    return keypoints.read(folder / "video.npz", "human36m")


def jitter(places: np.ndarray) -> float:
    """The mean length of the second difference of the errors."""
    return float(np.linalg.norm(np.diff(places - TRUE, 2, axis=0), axis=-1).mean())


def test_errors_and_jitter_of_a_detector_fall(tmp_path: Path) -> None:
    noisy = spoil(TRUE.astype(np.float32), NOISE).astype(np.float64)
    found = smooth(read(tmp_path, noisy), 0.5, 10.0, "video.npz").places
    before, after = (np.linalg.norm(places - TRUE, axis=-1).mean() for places in (noisy, found))
    assert after < 0.6 * before and jitter(found) < 0.2 * jitter(noisy)


def test_a_parabola_stays_and_so_does_its_order(tmp_path: Path) -> None:
    """A polynomial of second degree is its own fit; the median keeps what only rises. The rows may be in any order."""
    time = np.arange(40.0)
    values = np.tile((100 + 3 * time + 0.2 * time**2)[:, None, None], (1, 17, 2))
    values += np.arange(17)[:, None]
    given = read(tmp_path, values)
    inside = slice(5, -5)  # a median repeats the first and the last frame
    found = smooth(given, 0.3, 30.0, "video.npz")
    np.testing.assert_allclose(found.places[inside], values[inside], atol=1e-6)
    shuffled = np.random.default_rng(0).permutation(40)
    table = replace(given.table, values=given.table.values[shuffled], frame=given.table.frame[shuffled])
    other = smooth(replace(given, table=table, absent=given.absent[shuffled]), 0.3, 30.0, "video.npz")
    np.testing.assert_allclose(other.places, found.places[shuffled], atol=1e-9)


def test_a_joint_on_the_wrong_side_of_the_picture_for_two_frames_comes_back(tmp_path: Path) -> None:
    values = TRUE.copy()
    values[30:32, HUMAN36M_17.names.index("LWrist")] = 5.0
    found = smooth(read(tmp_path, values), 0.5, 10.0, "video.npz").places
    assert np.linalg.norm(found - TRUE, axis=-1)[30:32].max() < 80  # of 500 px


def test_what_was_not_found_stays_absent_and_pulls_nobody(tmp_path: Path) -> None:
    """A wrist is missing for half a second: the frames around it are as smooth as ever."""
    values = TRUE.copy()
    wrist = HUMAN36M_17.names.index("LWrist")
    values[30:35, wrist] = 0.0
    given = read(tmp_path, values)
    found = smooth(given, 0.5, 10.0, "video.npz")
    np.testing.assert_array_equal(found.absent, given.absent)
    assert (found.places[30:35, wrist] == 0).all()
    away = np.linalg.norm(found.places - TRUE, axis=-1)
    assert away[[*range(24, 30), *range(35, 41)], wrist].max() < 25


def test_people_and_scenes_are_smoothed_apart(tmp_path: Path) -> None:
    """Two people in each frame, and a gap of frames: each piece is as if it were alone."""
    given = read(tmp_path, np.stack((TRUE, TRUE[:, ::-1] + 90), axis=1))
    both = smooth(given, 0.5, 10.0, "video.npz").places.reshape(-1, 2, 17, 2)
    alone = smooth(read(tmp_path, TRUE), 0.5, 10.0, "video.npz").places
    np.testing.assert_allclose(both[:, 0], alone)
    first = read(tmp_path, TRUE)
    later = replace(
        first, table=replace(first.table, frame=np.where(first.table.frame < 60, 0, 500) + first.table.frame)
    )
    halves = [smooth(read(tmp_path, part), 0.5, 10.0, "video.npz").places for part in (TRUE[:60], TRUE[60:])]
    np.testing.assert_allclose(smooth(later, 0.5, 10.0, "video.npz").places, np.concatenate(halves))


def test_pictures_and_people_without_numbers_are_refused(tmp_path: Path) -> None:
    path = made_keypoints.write(tmp_path / "results.json", made_keypoints.coco_results(made_keypoints.coco()))
    with pytest.raises(InputError, match=r"--smooth: results.json: COCO results are no video; leave --smooth out"):
        smooth(keypoints.read(path), 0.3, 30.0, "results.json")
    given = read(tmp_path, np.stack((TRUE, TRUE), axis=1))
    untracked = replace(given, table=replace(given.table, person=np.full(len(given.table), -1)))
    with pytest.raises(InputError, match="have no numbers that follow them over time; track them first"):
        smooth(untracked, 0.3, 30.0, "video.npz")
