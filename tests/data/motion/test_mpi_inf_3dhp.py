"""data/motion/mpi_inf_3dhp.py: annotation files as MATLAB 7.3 writes them, with cameras and joints known here."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mpi_inf_3dhp_files import CENTER, FOCAL_LENGTH, FRAMES, VALID, arrays, people, place, seen, write, write_all

from pipeline.artifacts import InputError
from pipeline.data.motion import mpi_inf_3dhp
from pipeline.data.motion.mpi_inf_3dhp import LARGEST_RESIDUAL, ORDER, SEQUENCES, fit_camera
from pipeline.geometry.camera import project
from pipeline.geometry.poses import PoseSet
from pipeline.geometry.skeleton import HUMAN36M_17


@pytest.fixture
def licensed_folder(tmp_path: Path) -> Path:
    return write_all(tmp_path)


def load(folder: Path) -> tuple[PoseSet, dict[str, Any]]:
    return mpi_inf_3dhp.load(folder, progress=False)


def test_every_joint_lands_where_its_name_says(licensed_folder: Path) -> None:
    """Each joint is put at a place that spells its name in the test set's order, and read by our name."""
    order = [
        *("head top", "neck", "right shoulder", "right elbow", "right wrist", "left shoulder", "left elbow"),
        *("left wrist", "right hip", "right knee", "right ankle", "left hip", "left knee", "left ankle"),
        *("pelvis", "spine", "head"),
    ]
    content = arrays()
    content["univ_annot3"] = np.tile(np.arange(17)[:, None] * (45.0, -18.0, 4.5) + (0, 0, 3000), (FRAMES, 1, 1, 1))
    content["annot2"] = seen(content["univ_annot3"])
    write(place(licensed_folder, "TS1"), content)
    poses, _ = load(licensed_folder)
    of_our_name = {name: round(x / 45) for name, x in zip(HUMAN36M_17.names, poses.joints_3d[0, :, 0], strict=True)}
    assert {name: order[index] for name, index in of_our_name.items()} == {
        **{"Hip": "pelvis", "RHip": "right hip", "RKnee": "right knee", "RAnkle": "right ankle"},
        **{"LHip": "left hip", "LKnee": "left knee", "LAnkle": "left ankle", "Spine": "spine"},
        **{"Thorax": "neck", "Neck/Nose": "head", "Head": "head top"},
        **{"LShoulder": "left shoulder", "LElbow": "left elbow", "LWrist": "left wrist"},
        **{"RShoulder": "right shoulder", "RElbow": "right elbow", "RWrist": "right wrist"},
    }
    np.testing.assert_allclose(poses.keypoints_2d[0], seen(poses.joints_3d[0]), rtol=1e-5)
    # The same matching as EvoSkeleton's and, read the other way round, PoseLifter's.
    assert ORDER == (14, 8, 9, 10, 11, 12, 13, 15, 1, 16, 0, 5, 6, 7, 2, 3, 4)


def test_only_valid_frames_with_their_numbers(licensed_folder: Path) -> None:
    poses, summary = load(licensed_folder)
    assert len(poses) == 18
    assert poses.frame.tolist() == [2, 4, 5] * 6
    for number, sequence in enumerate(SEQUENCES):
        expected = people(FRAMES, number)[list(VALID)][:, list(ORDER)]
        np.testing.assert_allclose(poses.joints_3d[poses.take == number], expected, rtol=1e-6)
        assert summary["sequences"][sequence]["frames"] == 6
        assert summary["sequences"][sequence]["poses"] == 3
    assert summary["source"] == "mpi_inf_3dhp"
    assert summary["poses"] == 18


def test_scenes_sequences_and_image_sizes(licensed_folder: Path) -> None:
    poses, _ = load(licensed_folder)
    assert poses.subjects == poses.takes == ["TS1", "TS2", "TS3", "TS4", "TS5", "TS6"]
    scene = [poses.actions[poses.action[poses.take == number][0]] for number in range(6)]
    green, plain, outdoor = "studio with green screen", "studio without green screen", "outdoor"
    assert scene == [green, green, plain, plain, outdoor, outdoor]
    assert poses.actions == [green, plain, outdoor]
    seen_by = [poses.cameras[poses.camera[poses.take == number][0]] for number in range(6)]
    sizes = [[camera.width, camera.height] for camera in seen_by]
    assert sizes == [[2048, 2048]] * 4 + [[1920, 1080]] * 2
    assert poses.camera.tolist() == poses.take.tolist() == poses.subject.tolist()


def test_the_camera_is_recovered(licensed_folder: Path) -> None:
    poses, summary = load(licensed_folder)
    for camera in poses.cameras:
        assert camera.focal_length == pytest.approx(FOCAL_LENGTH, rel=1e-9)
        assert camera.center == pytest.approx(CENTER, rel=1e-9)
        pixels = camera.to_image(camera.to_camera(torch.from_numpy(poses.joints_3d)))
        np.testing.assert_allclose(pixels, poses.keypoints_2d, atol=0.01)
    assert summary["sequences"]["TS3"]["focal_length"] == [1500, 1480]
    assert summary["sequences"]["TS3"]["center"] == [1020, 1040]
    assert summary["sequences"]["TS3"]["residual_px"] == 0


def test_residual_by_hand() -> None:
    """Two joints at the same slope, 6 px apart in x and 8 in y: the line passes between, 5 px from each."""
    joints = np.array([[[0.0, 0.0, 1.0], [0.0, 0.0, 1.0], [1.0, 1.0, 1.0]]])
    pixels = np.array([[[97.0, 46.0], [103.0, 54.0], [300.0, 350.0]]])
    focal_length, center, residual = fit_camera(joints, pixels)
    assert focal_length == pytest.approx((200, 300))
    assert center == pytest.approx((100, 50))
    assert residual == pytest.approx(np.sqrt((25 + 25 + 0) / 3))


def test_a_distorted_lens_is_let_through_and_other_frames_are_not() -> None:
    """The calibration of the outdoor camera, which is distorted: well within; the 2D of other frames: far beyond."""
    joints = people(300)
    values = ((1684.0, 1673.0), (940.0, 558.0), (-0.2769, 0.1311, -0.0493), (-0.0004, -0.0011))
    pixels = project(torch.from_numpy(joints), *(torch.tensor(value, dtype=torch.float64) for value in values)).numpy()
    limit = LARGEST_RESIDUAL * 1920
    assert 1 < fit_camera(joints, pixels)[2] < limit / 3
    assert fit_camera(np.roll(joints, 1, axis=0), pixels)[2] > 3 * limit


def says(folder: Path, *parts: str) -> None:
    """Loading ends in one line that names the first sequence's file and says these things."""
    with pytest.raises(InputError) as error:
        load(folder)
    said = str(error.value)
    assert said.startswith(f"{place(folder, 'TS1')}: ") and "\n" not in said
    assert all(part in said for part in parts), said
    assert re.search(r"bring (the|TS1)", said)


def test_two_d_and_three_d_that_do_not_belong_together(licensed_folder: Path) -> None:
    content = arrays()
    write(place(licensed_folder, "TS1"), content | {"annot2": arrays(seed=7)["annot2"]})
    says(licensed_folder, "annot2 and univ_annot3 do not belong together", "at most 61 px")
    write(place(licensed_folder, "TS1"), content | {"univ_annot3": content["univ_annot3"] * (-1, 1, 1)})  # mirrored
    says(licensed_folder, "do not belong together", "focal lengths -1500 and 1480 px")


@pytest.mark.parametrize(
    ("name", "change", "parts"),
    [
        ("annot2", lambda a: a[:, :, :16], ["expected [frames, 1, 17, 2]", "found [6, 1, 16, 2]"]),
        ("univ_annot3", lambda a: a[:, 0], ["expected [frames, 1, 17, 3] (MATLAB's 3 x 17 x 1 x frames)"]),
        ("univ_annot3", lambda a: a.transpose(3, 2, 1, 0), ["found [3, 17, 1, 6]"]),
        ("univ_annot3", lambda a: a[:5], ["have 6, 5 and 6 frames"]),
        ("univ_annot3", lambda a: -a, ["univ_annot3", "behind the camera"]),
        ("univ_annot3", lambda a: a / 1000, ["univ_annot3: a person of 1.", "positions must be in mm"]),
        ("valid_frame", lambda a: a[:-1], ["have 6, 6 and 5 frames"]),
        ("valid_frame", lambda a: a * 0, ["valid_frame", "no frame"]),
        ("valid_frame", lambda a: a * np.nan, ["valid_frame", "expected 0 and 1 only"]),
        ("annot2", lambda a: np.array([b"text"]), ["annot2: no array of numbers"]),
    ],
)
def test_a_wrong_array_is_named(licensed_folder: Path, name: str, change: Any, parts: list[str]) -> None:
    content = arrays()
    write(place(licensed_folder, "TS1"), content | {name: change(content[name])})
    says(licensed_folder, *parts)


@pytest.mark.parametrize("name", ["annot2", "univ_annot3"])
def test_only_a_valid_frame_must_be_finite(licensed_folder: Path, name: str) -> None:
    content = arrays()
    content[name][0] = np.nan  # not valid
    write(place(licensed_folder, "TS1"), content)
    assert len(load(licensed_folder)[0]) == 18
    content[name][3, 0, 5, 1] = np.inf
    write(place(licensed_folder, "TS1"), content)
    says(licensed_folder, f"{name}: not finite in frame 4", "1 such")


def test_a_missing_key_is_named_beside_what_is_there(licensed_folder: Path) -> None:
    content = arrays()
    write(place(licensed_folder, "TS1"), {"annot2": content["annot2"], "valid_frame": content["valid_frame"]})
    says(licensed_folder, "univ_annot3: missing (the file holds activity_annotation, annot2, valid_frame)")


def test_a_file_that_is_no_hdf5_or_ends_early(licensed_folder: Path) -> None:
    path = place(licensed_folder, "TS1")
    whole = path.read_bytes()
    for content in (b"MATLAB 5.0 MAT-file", whole[: len(whole) // 2], whole[:600], b"\0" * 4096):
        path.write_bytes(content)
        says(licensed_folder, "not readable as MATLAB 7.3 (HDF5)")


def test_a_missing_sequence_is_asked_for(licensed_folder: Path) -> None:
    place(licensed_folder, "TS4").unlink()
    with pytest.raises(InputError, match=r"MPI-INF-3DHP's test set: .*TS4/annot_data\.mat; granted at"):
        load(licensed_folder)
