"""BVH and C3D have a frame for each frame of the video; C3D is read by a small reader of its own."""

from __future__ import annotations

import importlib.util
import struct
from pathlib import Path

import made_keypoints
import numpy as np
import pytest

from pipeline.__main__ import main
from pipeline.geometry.skeleton import HUMAN36M_16, HUMAN36M_17
from pipeline.predict import c3d, timeline

needs_ezc3d = pytest.mark.skipif(not c3d.available(), reason="ezc3d is not installed: pip install '.[biomechanics]'")


def read_c3d(path: Path) -> tuple[np.ndarray, list[str], float]:
    """Points [F, J, 3], NaN where they are missing, their labels and the rate.

    From the format's manual (c3d.org): blocks of 512 bytes, the first with the header of 16-bit words, then parameters
    in groups, then frames of four floats a point. The scale is negative where data are floats. The fourth float is
    negative for a missing point.
    """
    data = path.read_bytes()
    words = struct.unpack("<6h", data[:12])
    assert data[1] == 0x50 and data[512 * (data[0] - 1) + 3] == 84  # a C3D of an Intel processor
    count, first, last = words[1], words[3], words[4]
    scale, block = struct.unpack("<fh", data[12:18])
    rate = struct.unpack("<f", data[20:24])[0]
    assert scale < 0
    start, frames = 512 * (block - 1), last - first + 1
    values = np.frombuffer(data[start : start + 16 * count * frames], "<f4").reshape(frames, count, 4).copy()
    return np.where(values[..., 3:] < 0, np.nan, values[..., :3]), labels(data), rate


def labels(data: bytes) -> list[str]:
    """POINT:LABELS, a parameter of characters [length, count]: found by its name, then read by its own sizes."""
    at = data.index(b"LABELS") + len("LABELS") + 2  # the name, and the distance to the next parameter
    kind, dimensions = struct.unpack("<bb", data[at : at + 2])
    assert (kind, dimensions) == (-1, 2)
    length, count = data[at + 2], data[at + 3]
    text = data[at + 4 : at + 4 + length * count].decode()
    return [text[length * i : length * (i + 1)].strip() for i in range(count)]


@needs_ezc3d
def test_points_are_in_mm_with_z_up_and_missing_where_nobody_was_found(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    joints = random.normal(0, 400, (4, 17, 3))
    c3d.write(tmp_path / "a.c3d", joints, np.array([0, 1, 4, 5]), HUMAN36M_17, 25.0)
    values, names, rate = read_c3d(tmp_path / "a.c3d")
    assert rate == 25.0 and names == [name.replace("/", "_") for name in HUMAN36M_17.names]
    assert values.shape == (6, 17, 3) and np.isnan(values[[2, 3]]).all()
    found = values[[0, 1, 4, 5]]
    np.testing.assert_allclose(found[..., 0], joints[..., 0], atol=1e-3)
    np.testing.assert_allclose(found[..., 1], joints[..., 2], atol=1e-3)  # away from the camera
    np.testing.assert_allclose(found[..., 2], -joints[..., 1], atol=1e-3)  # up


def predicted(folder: Path, frames: np.ndarray) -> Path:
    """The output of the repository's own weights for one person who was found in these frames of a made walk."""
    walk = made_keypoints.human36m()
    rows = [",".join(map(str, (frame, *walk[index].ravel()))) for index, frame in enumerate(frames)]
    names = ",".join(f"{joint}_{axis}" for joint in range(17) for axis in "xy")
    (folder / "walk.csv").write_text("\n".join([f"frame,{names}", *rows]) + "\n")
    options = ("--width", "1000", "--height", "1002", "--fps", "10")
    assert main(["predict", str(folder / "walk.csv"), "--output", str(folder / "out"), *options]) == 0
    return folder / "out"


def bvh_frames(path: Path) -> np.ndarray:
    lines = path.read_text().partition("MOTION\n")[2].splitlines()
    found = np.array([[float(value) for value in line.split()] for line in lines[2:]])
    assert int(lines[0].split()[1]) == len(found) and lines[1] == "Frame Time: 0.100000"
    return found


def test_time_runs_as_in_the_video(tmp_path: Path) -> None:
    """Frames 10, 12, 14 follow each other; a person who is missing for three of them holds the pose."""
    frames = 10 + 2 * np.array([0, 1, 2, 6, 7, 8, 9])
    out = predicted(tmp_path, frames)
    animation = bvh_frames(out / "bvh" / "person_0.bvh")
    assert len(animation) == 10
    np.testing.assert_array_equal(animation[3:6], np.repeat(animation[2:3], 3, axis=0))
    assert (animation[6] != animation[5]).any()


@needs_ezc3d
def test_the_c3d_of_a_video_has_the_predicted_poses(tmp_path: Path) -> None:
    out = predicted(tmp_path, np.array([0, 1, 2, 5, 6]))
    values, names, rate = read_c3d(out / "c3d" / "person_0.c3d")
    with np.load(out / "predictions.npz") as file:
        mean, root = file["mean"], file["weak_perspective_root_mm"]
    assert np.isfinite(root).all()
    expected = mean + (root - root[0])[:, None]
    assert values.shape == (7, 16, 3) and (names, rate) == (list(HUMAN36M_16.names), 10.0)
    found = values[[0, 1, 2, 5, 6]]
    np.testing.assert_allclose(found[..., 0], expected[..., 0], atol=0.01)
    np.testing.assert_allclose(found[..., 2], -expected[..., 1], atol=0.01)
    assert np.isnan(values[[3, 4]]).all()


def test_without_ezc3d_there_is_no_c3d_and_the_command_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == "ezc3d" else found(name, *more)
    )
    out = predicted(tmp_path, np.arange(5))
    assert not (out / "c3d").exists() and (out / "bvh" / "person_0.bvh").exists()
    assert "note: no C3D, because ezc3d is not installed; pip install '.[biomechanics]'" in capsys.readouterr().out


def test_ticks_of_a_timeline() -> None:
    frame = np.array([0, 33, 67, 100, 333, 100_000])
    assert timeline.step(frame) == pytest.approx(34, abs=1)
    assert timeline.ticks(frame, 33.3, 50).tolist() == [0, 1, 2, 3, 10, 60]
    assert timeline.step(np.array([7])) == 1.0 and timeline.ticks(np.array([7]), 1.0, 5).tolist() == [0]
