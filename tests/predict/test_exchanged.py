"""Two people who exchange their numbers are refused; people who cross, dance or are cut are not."""

from __future__ import annotations

from pathlib import Path

import made_keypoints
import numpy as np
import pytest

from pipeline.__main__ import main
from pipeline.artifacts import InputError
from pipeline.predict import keypoints

ONE = made_keypoints.coco()
OTHER = ONE[:, made_keypoints.coco_keypoints.MIRRORED] * (-1, 1) + np.array((900, 20))  # walks the other way


def read(folder: Path, people: np.ndarray) -> keypoints.Keypoints:
    np.savez(folder / "two.npz", keypoints=people)
    return keypoints.read(folder / "two.npz", "coco")


def test_people_who_change_places_in_one_frame_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    people = np.stack((ONE, OTHER), axis=1)
    assert np.linalg.norm(ONE - OTHER, axis=-1).mean() > 200
    people[17:] = people[17:, ::-1]
    with pytest.raises(InputError, match=r"two.npz: frame 17: people 0 and 1 have exchanged their numbers") as caught:
        read(tmp_path, people)
    assert "\n" not in str(caught.value)
    model = made_keypoints.checkpoint(tmp_path, "point")
    options = ("--model", str(model), "--width", "1000", "--height", "1002", "--layout", "coco")
    assert main(["predict", str(tmp_path / "two.npz"), "--output", str(tmp_path / "out"), *options]) == 2
    assert capsys.readouterr().err.count("\n") == 1 and not (tmp_path / "out").exists()


def test_a_third_person_and_absent_joints_hide_nothing(tmp_path: Path) -> None:
    people = np.stack((ONE, ONE + np.array((0, 400)), OTHER), axis=1)
    people[17:] = people[17:][:, [2, 1, 0]]
    people[:, :, :5] = 0
    with pytest.raises(InputError, match="people 0 and 2 have exchanged"):
        read(tmp_path, people)


def test_people_who_cross_keep_their_numbers(tmp_path: Path) -> None:
    """They walk towards each other and through one place, at 20 px a frame."""
    way = 20.0 * np.arange(40)[:, None, None] * (1, 0)
    people = np.stack((ONE[:1] + way, ONE[:1] + np.array((780, 0)) - way), axis=1)
    assert len(read(tmp_path, people).table) == 80
    assert len(read(tmp_path, np.stack((ONE, ONE), axis=1)).table) == 80  # one detection twice


def test_a_cut_and_someone_who_leaves_are_no_exchange(tmp_path: Path) -> None:
    cut = np.stack((ONE, OTHER), axis=1)
    cut[20:] = cut[20:] * 0.4 + np.array((100, 500))
    assert len(read(tmp_path, cut).table) == 80
    gone = np.stack((ONE, OTHER), axis=1)
    gone[20:, 1] = 0
    assert read(tmp_path, gone).absent[41::2].all()
