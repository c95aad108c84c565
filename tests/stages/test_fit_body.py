"""fit_body from poses to meshes: what it writes, what it leaves alone, how it goes on, and a user's own joints."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import planned
import pytest
import torch
from repository import replace_in
from stick_body import natural_joints, stick_landmarks, stick_model

from pipeline import artifacts
from pipeline.__main__ import main
from pipeline.body.fitting import joints_file, people
from pipeline.body.fitting.rotations import exponential
from pipeline.geometry import human36m
from pipeline.geometry.camera import rotation_matrix
from pipeline.geometry.coarsening import CoarseGraph, MeshGraphs
from pipeline.geometry.poses import PoseSet

MESHES = Path("data/tiny/targets/meshes")
MOTION = Path("data/tiny/motion/ground_truth")
BODY = Path("data/tiny/body")
FRAMES = 12  # of each person
FILES = ["drawings.npz", "graphs.npz", "quality.csv", "summary.json", "test.npz", "train.npz"]


def seen(subjects: list[str], seed: int) -> PoseSet:
    """Stick people whose every frame two cameras see, the second camera's views after all of the first's."""
    cameras = human36m.rig("S1")[:2]
    world = [
        natural_joints(stick_landmarks(), torch.full((10,), 0.5 * index, dtype=torch.float64), FRAMES, seed + index)
        for index in range(len(subjects))
    ]
    joints = [camera.to_camera(1000 * torch.cat(world)) for camera in cameras]
    count = FRAMES * len(subjects)
    return PoseSet(
        keypoints_2d=np.zeros((2 * count, 17, 2), np.float32),
        joints_3d=torch.cat(joints).numpy().astype(np.float32),
        camera=np.repeat([0, 1], count).astype(np.int16),
        subject=np.tile(np.repeat(np.arange(len(subjects)), FRAMES), 2).astype(np.int16),
        action=np.tile(np.arange(count) % 3, 2).astype(np.int16),
        take=np.zeros(2 * count, np.int16),
        frame=np.tile(np.arange(FRAMES), 2 * len(subjects)).astype(np.int32),
        cameras=cameras,
        subjects=subjects,
        actions=["Walking", "Sitting", "Eating"],
        takes=["only"],
    ).check()


def graphs() -> MeshGraphs:
    """Each joint's octahedron is a fine node, each pair of joints a coarse one; the last of each is a fake."""
    fine = np.kron(np.eye(24), np.ones((1, 6)) / 6).astype(np.float32)
    coarse = (fine[0::2] + fine[1::2]) / 2

    def graph(average: np.ndarray) -> CoarseGraph:
        size = len(average)
        real = np.arange(size) < size - 1
        joint = np.where(real, 0, -1).astype(np.int8)
        return CoarseGraph(np.zeros((size, size), np.float32), real, average[:-1], joint)

    return MeshGraphs(graph(coarse), graph(fine), np.arange(4, dtype=np.int32), np.array([4, 2], np.int32))


@pytest.fixture
def fitted_folder(folder: Path) -> Path:
    """The tiny preset with a stick body and stick people."""
    artifacts.write_arrays(MOTION / "train.npz", seen(["S1", "S5"], 0).to_arrays())
    artifacts.write_arrays(MOTION / "test.npz", seen(["S9"], 10).to_arrays())
    replace_in(folder / "params" / "tiny.yaml", "description:", "body: open\ndescription:")
    for name in ("body.npz", "small.npz"):
        artifacts.write_arrays(BODY / name, stick_model().to_arrays())
    artifacts.write_arrays(BODY / "graphs.npz", graphs().to_arrays())
    return folder


def fit(*options: str) -> int:
    return planned.stage("fit_body", *options)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the first test that needs the stick people's meshes leaves them for the others."""
    return tmp_path_factory.mktemp("kept") / "meshes"


@pytest.fixture
def with_meshes(fitted_folder: Path, kept: Path) -> Path:
    """The stick people and their meshes, which are fitted once."""
    if not kept.exists():
        assert fit() == 0
        shutil.copytree(MESHES, kept)
    shutil.rmtree(MESHES, ignore_errors=True)
    shutil.copytree(kept, MESHES)
    return fitted_folder


def digests() -> dict[str, str]:
    return {path.name: artifacts.digest(path) for path in sorted(MESHES.iterdir())}


def test_meshes_of_every_pose(with_meshes: Path) -> None:
    assert sorted(digests()) == FILES
    poses = PoseSet.from_arrays(artifacts.read_arrays(MOTION / "train.npz"))
    fits = artifacts.read_arrays(MESHES / "train.npz")
    frames = 2 * FRAMES
    assert fits["row_frame"].dtype == np.int32
    np.testing.assert_array_equal(fits["row_frame"], np.tile(np.arange(frames), 2))  # both cameras see the same body
    np.testing.assert_array_equal(fits["subject"], np.repeat([0, 1], FRAMES))
    assert {name: (values.shape, values.dtype.name) for name, values in fits.items()} == {
        "row_frame": ((2 * frames,), "int32"),
        "subject": ((frames,), "int16"),
        "residual": ((frames,), "float32"),
        "rotations": ((frames, 24, 3), "float32"),
        "translation": ((frames, 3), "float32"),
        "meshes": ((frames, 11 + 23, 3), "float16"),
        "usable": ((frames,), "bool"),
        "betas": ((2, 10), "float32"),
        "offsets": ((2, 16), "float32"),
    }
    assert fits["usable"].all()
    assert fits["residual"].mean() < 5  # mm
    # The meshes are averages of the skinned body in the world, about the data's root joint.
    rotations = rotation_matrix(exponential(torch.from_numpy(fits["rotations"])))
    betas = torch.from_numpy(fits["betas"][fits["subject"]])
    vertices, _ = stick_model().skin(betas, rotations, torch.from_numpy(fits["translation"]))
    camera = poses.cameras[0]
    turn = rotation_matrix(torch.tensor(camera.orientation, dtype=torch.float64))
    root = torch.from_numpy(poses.joints_3d[:frames, 0]).double() @ turn.T + torch.tensor(camera.translation)
    average = np.concatenate((graphs().coarse.average, graphs().fine.average))
    expected = torch.from_numpy(average) @ vertices - (root / 1000).float()[:, None]
    np.testing.assert_allclose(fits["meshes"], expected, atol=2e-3)  # half precision


def test_quality_by_subject_and_action_and_in_total(with_meshes: Path) -> None:
    with (MESHES / "quality.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["split"], row["subject"], row["action"]) for row in rows] == [
        (split, subject, action)
        for split, subject in (("train", "S1"), ("train", "S5"), ("test", "S9"))
        for action in ("Walking", "Sitting", "Eating")
    ]
    residual = artifacts.read_arrays(MESHES / "test.npz")["residual"]
    assert float(rows[-1]["worst_mm"]) == pytest.approx(residual[2::3].max(), abs=0.005)
    assert {row["frames"] for row in rows} == {"4"}
    total = json.loads((MESHES / "summary.json").read_text())["test"]
    assert total["frames"] == FRAMES
    assert total["poses"] == 2 * FRAMES
    assert total["mean_mm"] == pytest.approx(residual.mean(), abs=0.005)
    drawn = artifacts.read_arrays(MESHES / "drawings.npz")
    assert drawn["vertices"].shape == (3, 144, 3)
    assert sorted(label.split(", ")[1] for label in drawn["label"]) == ["Eating", "Sitting", "Walking"]
    assert drawn["residual"][0] == residual.min()
    away = np.linalg.norm(drawn["fitted"] - drawn["joints"], axis=-1).mean(axis=1)
    np.testing.assert_allclose(1000 * away, drawn["residual"], atol=0.02)


def test_fits_beyond_25_mm_are_left_out_and_counted(fitted_folder: Path) -> None:
    path = MOTION / "test.npz"
    poses = PoseSet.from_arrays(artifacts.read_arrays(path))
    joints = poses.joints_3d.copy()
    joints[[4, FRAMES + 4], 13] += 900.0  # a wrist nearly a metre away, in both views of one frame
    artifacts.write_arrays(path, replace(poses, joints_3d=joints).to_arrays())
    assert fit() == 0
    fits = artifacts.read_arrays(MESHES / "test.npz")
    assert np.flatnonzero(~fits["usable"]).tolist() == [4]
    total = json.loads((MESHES / "summary.json").read_text())["test"]
    assert (total["frames_left_out"], total["poses_left_out"]) == (1, 2)


def test_test_people_change_nothing_of_the_training_peoples_fits(with_meshes: Path) -> None:
    before = digests()
    artifacts.write_arrays(MOTION / "test.npz", seen(["S9", "S11"], 30).to_arrays())
    assert fit() == 0
    after = digests()
    assert after["train.npz"] == before["train.npz"]
    assert after["test.npz"] != before["test.npz"]


def test_stopped_and_started_again_writes_the_same_bytes(with_meshes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    straight = digests()
    shutil.rmtree(MESHES)
    fitted: list[int] = []
    fit_person = people._fit_person

    def stop_at_the_last(model, coarse, offsets, joints, bar):  # type: ignore[no-untyped-def]
        if len(fitted) == 2:
            raise KeyboardInterrupt
        fitted.append(len(joints))
        return fit_person(model, coarse, offsets, joints, bar)

    monkeypatch.setattr(people, "_fit_person", stop_at_the_last)
    assert fit() == 130
    assert not MESHES.exists()
    fitted.clear()
    assert fit() == 0  # one person was left
    assert fitted == [FRAMES]
    assert digests() == straight
    assert not Path(".resume/tiny/fit_body").exists()


def test_state_of_other_poses_is_not_taken_up(with_meshes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    straight = digests()
    kept = MOTION.joinpath("train.npz").read_bytes()
    artifacts.write_arrays(MOTION / "train.npz", seen(["S1", "S5"], 50).to_arrays())
    with monkeypatch.context() as patch:
        patch.setattr(people, "assemble", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        assert fit() == 130
    MOTION.joinpath("train.npz").write_bytes(kept)
    assert fit() == 0
    assert digests() == straight


def says(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    """The one line of a refusal."""
    capsys.readouterr()
    assert fit(*options) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    return lines[0]


def test_a_preset_without_a_body_fits_none(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert says(capsys) == "error: fit_body: preset tiny has no such job"
    assert "no body to fit (preset tiny has no body)" in says(capsys, "--joints", "a.npz", "--output", "b.npz")


def test_without_a_body_it_says_which_stage_makes_one(fitted_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(BODY)
    for options in ((), ("--joints", "a.npz", "--output", "b.npz")):
        assert "python -m pipeline build_body --preset tiny` first" in says(capsys, *options)


def test_a_users_own_joints(fitted_folder: Path) -> None:
    """Two people in turn: betas by person, everything else by pose, in the axes of the joints."""
    shapes = {"ann": torch.zeros(10, dtype=torch.float64), "bob": torch.ones(10, dtype=torch.float64)}
    joints = np.empty((2 * FRAMES, 17, 3))
    for index, shape in enumerate(shapes.values()):
        joints[index::2] = 1000 * natural_joints(stick_landmarks(), shape, FRAMES, 20 + index).numpy()
    np.savez("mine.npz", joints_3d=joints, subject=np.array(["ann", "bob"] * FRAMES))
    before = digests() if MESHES.exists() else {}
    assert main(["fit_body", "--preset", "tiny", "--joints", "mine.npz", "--output", "made/bodies.npz"]) == 0  # no plan
    made = artifacts.read_arrays(Path("made/bodies.npz"))
    assert made["subjects"].tolist() == ["ann", "bob"]
    assert made["subject"].tolist() == [0, 1] * FRAMES
    assert made["betas"].shape == (2, 10)
    assert made["residual"].max() < 10
    np.testing.assert_allclose(
        1000 * np.linalg.norm(made["fitted"] - joints / 1000, axis=-1).mean(axis=1), made["residual"], atol=0.01
    )
    rotations = rotation_matrix(exponential(torch.from_numpy(made["rotations"])))
    betas = torch.from_numpy(made["betas"][made["subject"]])
    vertices, _ = stick_model().skin(betas, rotations, torch.from_numpy(made["translation"]))
    np.testing.assert_allclose(made["vertices"], vertices, atol=1e-5)
    assert (digests() if MESHES.exists() else {}) == before
    assert not Path("data/tiny/made").exists()


def test_one_pose_is_enough(fitted_folder: Path) -> None:
    joints = 1000 * natural_joints(stick_landmarks(), torch.zeros(10, dtype=torch.float64), 1)
    np.savez("mine.npz", joints_3d=joints.numpy().astype(np.float32))
    assert fit("--joints", "mine.npz", "--output", "bodies.npz") == 0
    made = artifacts.read_arrays(Path("bodies.npz"))
    assert made["vertices"].shape == (1, 144, 3)
    assert made["usable"].all()


def standing() -> np.ndarray:
    return 1000 * natural_joints(stick_landmarks(), torch.zeros(10, dtype=torch.float64), 5).numpy()


def with_zeros(place: Any) -> np.ndarray:
    joints = standing()
    joints[place] = 0
    return joints


WRONG = {
    "too few joints": (
        {"joints_3d": np.ones((5, 16, 3))},
        "joints_3d: expected numbers [N, 17, 3], got float64 (5, 16",
    ),
    "no pose": ({"joints_3d": np.ones((0, 17, 3))}, "joints_3d: expected numbers [N, 17, 3]"),
    "words": ({"joints_3d": np.full((5, 17, 3), "x")}, "joints_3d: expected numbers"),
    "another name": ({"joints": np.ones((5, 17, 3))}, "joints_3d: missing, the file has joints"),
    "not a number": ({"joints_3d": np.full((9, 17, 3), np.nan)}, "joints_3d: not finite in row 0, 1, 2, 3, 4, ... (9"),
    "metres": ({"joints_3d": standing() / 1000}, "a person of 1.778 mm"),
    "nobody": (
        {"joints_3d": with_zeros(np.s_[[2, 4]])},
        "joints that were not found (all coordinates 0, -1 or 9999) in row 2, 4",
    ),
    "a joint": (
        {"joints_3d": with_zeros(np.s_[2, 9])},
        "joints that were not found (all coordinates 0, -1 or 9999) in row 2; leave",
    ),
    "people": ({"joints_3d": standing(), "subject": np.zeros(4, int)}, "subject: expected 5 whole numbers or names"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_joints_are_one_line(case: str, fitted_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arrays, message = WRONG[case]
    np.savez("mine.npz", **arrays)
    line = says(capsys, "--joints", "mine.npz", "--output", "bodies.npz")
    assert line.startswith("error: mine.npz: ")
    assert message in line
    assert not Path("bodies.npz").exists()


def test_other_wrong_options_are_one_line(fitted_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "mine.npz: no such file; save it with np.savez" in says(
        capsys, "--joints", "mine.npz", "--output", "bodies.npz"
    )
    assert "--joints without --output" in says(capsys, "--joints", "mine.npz")
    assert "--output without --joints" in says(capsys, "--output", "bodies.npz")
    Path("mine.npz").write_text("no archive")
    assert "mine.npz: no npz; save it with np.savez" in says(capsys, "--joints", "mine.npz", "--output", "bodies.npz")


def test_an_output_that_cannot_be_is_refused_before_the_fit(
    fitted_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joints_file, "find_offsets", None)  # the fit does not begin
    np.savez("mine.npz", joints_3d=standing())
    before = Path("mine.npz").read_bytes()
    for output, words in (("data", "is a folder"), ("mine.npz/out.npz", "is a file"), ("mine.npz", "is the input")):
        assert (
            f"--output {output}: " in (line := says(capsys, "--joints", "mine.npz", "--output", output))
            and words in line
        )
    assert Path("mine.npz").read_bytes() == before
