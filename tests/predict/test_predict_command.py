"""`python -m pipeline predict`: what it writes, what it says, and what it refuses without writing anything."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import made_keypoints
import numpy as np
import pytest

from pipeline import load_model
from pipeline.__main__ import main
from pipeline.predict import flags, weights

SIZE = ("--width", "1000", "--height", "1002")


@pytest.fixture
def walk(tmp_path: Path) -> Path:
    np.savez(tmp_path / "walk.npz", keypoints=made_keypoints.human36m())
    return tmp_path / "walk.npz"


def predict(source: Path, model: Path, *options: str) -> int:
    return main(["predict", str(source), "--output", str(source.parent / "out"), "--model", str(model), *options])


def test_the_files_of_a_prediction(walk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The npz has what the model predicts; JSON and CSV have the same numbers."""
    model = made_keypoints.checkpoint(tmp_path, "mixture")
    assert predict(walk, model, *SIZE) == 0
    said = capsys.readouterr().out
    assert "40 poses in 40 images" in said and "layout: Human3.6M's 17 joints (its first five joints span" in said
    out = tmp_path / "out"
    names = [
        "angles.csv",
        "bvh",
        "keypoints.png",
        "poses.html",
        "predictions.csv",
        "predictions.json",
        "predictions.npz",
    ]
    assert sorted({file.name for file in out.iterdir()} - {"c3d"}) == names  # C3D needs an extra (test_movement.py)
    with np.load(out / "predictions.npz") as file:
        arrays = dict(file)
    joints = made_keypoints.human36m()
    expected = load_model(model).lift(joints, 1000, 1002)
    for name in ("hypotheses", "weights", "mean", "spread_mm"):
        np.testing.assert_array_equal(arrays[name], getattr(expected, name))
    assert arrays["hypotheses"].shape == (40, 3, 16, 3) and arrays["spread_mm"].shape == (40, 16)
    np.testing.assert_allclose(
        np.einsum("nk,nkjc->njc", arrays["weights"], arrays["hypotheses"]), arrays["mean"], atol=0.1
    )
    content = json.loads((out / "predictions.json").read_text())
    assert (len(content["poses"]), content["units"], content["input"]["layout"]) == (40, "mm", "human36m")
    for pose, mean, hypotheses in zip(content["poses"], arrays["mean"], arrays["hypotheses"], strict=True):
        np.testing.assert_allclose(pose["mean"], mean, atol=0.051)
        np.testing.assert_allclose(pose["hypotheses"], hypotheses, atol=0.051)
    rows = list(csv.DictReader((out / "predictions.csv").open()))
    assert len(rows) == 40 * 16 and rows[17]["joint"] == content["joints"][1]
    assert float(rows[17]["x_mm"]) == content["poses"][1]["mean"][1][0]
    angles = list(csv.DictReader((out / "angles.csv").open()))
    assert len(angles) == 40
    for index, name in enumerate(content["angles"]):
        assert float(angles[7][f"{name}_deg"]) == content["poses"][7]["angles_deg"][index]
        assert float(angles[7][f"{name}_spread_deg"]) == pytest.approx(arrays["angle_spread_deg"][7, index], abs=0.051)
    assert (out / "bvh" / "person_0.bvh").read_text().startswith("HIERARCHY\nROOT Hip\n")
    shown = (out / "poses.html").read_text()
    assert "walk.npz" in shown and "frame 39" in shown
    assert (out / "keypoints.png").read_bytes().startswith(b"\x89PNG")


def test_the_same_input_gives_the_same_files(walk: Path, tmp_path: Path) -> None:
    model = made_keypoints.checkpoint(tmp_path, "mixture")
    contents = []
    for _ in range(2):
        assert predict(walk, model, *SIZE) == 0
        contents.append({p: p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file()})
    assert contents[0] == contents[1]


def test_each_person_is_predicted_by_the_size_of_the_own_image(tmp_path: Path) -> None:
    """A picture twice as large shows the same pose."""
    content = made_keypoints.coco_annotations(made_keypoints.coco()[[0, 0]])
    content["images"][1] |= {"width": 2000, "height": 2004}
    second = content["annotations"][1]["keypoints"]
    content["annotations"][1]["keypoints"] = [2 * v if i % 3 < 2 else v for i, v in enumerate(second)]
    path = made_keypoints.write(tmp_path / "people.json", content)
    assert predict(path, made_keypoints.checkpoint(tmp_path, "point")) == 0
    with np.load(tmp_path / "out" / "predictions.npz") as file:
        np.testing.assert_allclose(file["mean"][0], file["mean"][1], atol=0.01)
    assert not (tmp_path / "out" / "bvh").exists()  # pictures are no video


def test_doubtful_people_are_flagged_and_people_with_few_joints_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values = made_keypoints.with_confidence(made_keypoints.coco()[:3])
    values[1, 9] = 0.0  # no left wrist
    values[2, 5:] = 0.0  # a face
    np.savez(tmp_path / "people.npz", keypoints=values)
    model = made_keypoints.checkpoint(tmp_path, "point")
    assert predict(tmp_path / "people.npz", model, *SIZE, "--layout", "coco") == 0
    said = capsys.readouterr().out
    assert f"flag: {flags.ABSENT}: 1 of 2 poses" in said and "left out: 1 of 3" in said
    content = json.loads((tmp_path / "out" / "predictions.json").read_text())
    assert [flags.ABSENT in pose["flags"] for pose in content["poses"]] == [False, True]
    assert content["poses"][1]["absent_joints"] == ["LWrist"]
    assert content["left_out"] == [{"image": "frame 2", "reason": "too few joints were found"}]
    assert content["flags"].keys() == {name for pose in content["poses"] for name in pose["flags"]}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "walk.npz: an array: the file does not say how large the images are; add --width and --height, in pixels"),
        (("--width", "1000"), "--width and --height: give both, in pixels"),
        (("--width", "0", "--height", "5"), "--width 0 --height 5: expected a size in pixels"),
        (("--width", "1" + "0" * 400, "--height", "5"), ": expected a size in pixels up to 1,000,000"),
        ((*SIZE, "--fps", "0"), "--fps 0: expected a number above 0"),
        ((*SIZE, "--min-confidence", "nan"), "--min-confidence nan: expected a number from 0 on"),
        ((*SIZE, "--smooth", "-1"), "--smooth -1: expected a number above 0"),
        ((*SIZE, "--focal-length", "nan"), "--focal-length nan: expected a number above 0"),
        ((*SIZE, "--fps", "1e300"), "--fps 1e+300: expected a number above 0, and at most 10,000"),
        ((*SIZE, "--smooth", "1e30"), "--smooth 1e+30: expected a number above 0, and at most 60"),
        ((*SIZE, "--focal-length", "1e300"), "--focal-length 1e+300: expected a number above 0, and at most"),
        ((*SIZE, "--min-confidence", "1"), "every joint is absent"),
        ((*SIZE, "--layout", "halpe_26"), "has 17 joints, but --layout halpe_26 has 26"),
        ((*SIZE, "--model", "nothing"), "--model: no file 'nothing' and no weights of this name"),
    ],
)
def test_what_is_refused_writes_nothing(
    walk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], words: str
) -> None:
    model = made_keypoints.checkpoint(tmp_path, "point")
    before = sorted(tmp_path.iterdir())
    assert predict(walk, model, *options) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ") and words in said and said.count("\n") == 1
    assert sorted(tmp_path.iterdir()) == before


def test_a_prediction_that_is_no_pose_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "far.npz", keypoints=1e9 * made_keypoints.human36m())
    assert predict(tmp_path / "far.npz", made_keypoints.checkpoint(tmp_path, "point"), *SIZE) == 2
    assert "image frame 0: the model puts joints farther than 30 m from the pelvis" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_folder_with_other_files_is_never_replaced(
    walk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = made_keypoints.checkpoint(tmp_path, "point")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("mine")
    assert predict(walk, model, *SIZE) == 2
    assert "has other files (thesis.tex); name a new folder" in capsys.readouterr().err
    assert (tmp_path / "out" / "thesis.tex").read_text() == "mine"
    assert main(["predict", str(walk), "--output", str(walk), "--model", str(model), *SIZE]) == 2
    assert "is a file; name a new folder" in capsys.readouterr().err


def broken_joint() -> np.ndarray:
    joints = made_keypoints.human36m().copy()
    joints[3, 9, 1] = np.nan
    return joints


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"keypoints": broken_joint()}, "row 3 (image frame 3), joint 9: "),
        ({"keypoints": np.ones((5, 3, 2))}, "has 3 joints; a known layout has 17 (coco)"),
        ({"keypoints": np.full((5, 17, 3), 1500.0)}, "which is no confidence; this command reads 2D joints"),
        ({"keypoints": made_keypoints.human36m(), "image_size": [1e308, 1e308]}, "expected a size up to 1,000,000"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_line_and_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arrays: dict[str, np.ndarray], words: str
) -> None:
    np.savez(tmp_path / "bad.npz", **arrays)  # type: ignore[arg-type]
    model = made_keypoints.checkpoint(tmp_path, "point")
    before = sorted(tmp_path.rglob("*"))
    assert predict(tmp_path / "bad.npz", model, *(() if "image_size" in arrays else SIZE)) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"error: {tmp_path / 'bad.npz'}: ") and words in said and said.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_weights_of_another_version_are_one_line_and_leave_nothing(
    walk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "FORMAT", "mixpose lifting weights 9")
    weights.write_weights(tmp_path / "new.safetensors", load_model(made_keypoints.checkpoint(tmp_path, "point")), 0)
    monkeypatch.undo()
    assert predict(walk, tmp_path / "new.safetensors", *SIZE) == 2
    said = capsys.readouterr().err
    assert "weights of another version (mixpose lifting weights 9; expected" in said and said.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_what_is_read_is_never_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Such as the keypoints that an earlier prediction wrote and that the user has corrected since."""
    model = made_keypoints.checkpoint(tmp_path, "point")
    mine = tmp_path / "out" / "keypoints.json"
    mine.parent.mkdir()
    made_keypoints.write(mine, made_keypoints.coco_results(made_keypoints.coco()[:2]))
    before = mine.read_bytes()
    (tmp_path / "link").symlink_to(mine.parent)
    for source, output in ((mine, "out"), (mine.parent, "out"), (mine, "link"), (tmp_path / "link" / mine.name, "out")):
        assert main(["predict", str(source), "--output", str(tmp_path / output), "--model", str(model), *SIZE]) == 2
        said = capsys.readouterr().err
        assert f"{output}: holds {source}, which is read and would be lost; name another folder" in said
    assert mine.read_bytes() == before and sorted(mine.parent.iterdir()) == [mine]


def test_an_output_that_is_a_link_stays_a_link(walk: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "elsewhere")
    assert predict(walk, made_keypoints.checkpoint(tmp_path, "point"), *SIZE) == 0
    assert (tmp_path / "out").is_symlink() and (tmp_path / "elsewhere" / "predictions.json").exists()


def test_places_where_nothing_can_be_written_are_refused_before_the_work(
    walk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "file").touch()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr("pipeline.tools.predict.weights.read", None)
    for output, words in (
        (".", "--output .: is the folder that you are in, or above it; name a folder inside it"),
        ("../file/poses", "file is a file, not a folder; name another place"),
        ("/proc/nowhere/poses", "/proc/nowhere/poses: cannot be written (No such file or directory)"),
    ):
        assert main(["predict", str(walk), "--output", output, *SIZE]) == 2
        said = capsys.readouterr().err
        assert words in said and said.count("\n") == 1


def test_people_without_numbers_are_not_mixed_into_one_movement(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = made_keypoints.human36m()[:4].reshape(4, -1)
    names = ",".join(f"j{index}" for index in range(34))
    lines = [f"{index // 2}," + ",".join(map(str, row)) for index, row in enumerate(rows)]
    (tmp_path / "two.csv").write_text("\n".join((f"frame,{names}", *lines)))
    assert predict(tmp_path / "two.csv", made_keypoints.checkpoint(tmp_path, "point"), *SIZE) == 0
    assert "so nobody is followed, and there are no BVH and C3D files" in capsys.readouterr().out
    assert not (tmp_path / "out" / "bvh").exists()


def test_a_name_that_is_no_unicode_is_one_line(walk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    odd = tmp_path / "caf\udce9.npz"
    odd.write_bytes(walk.read_bytes())
    assert predict(odd, made_keypoints.checkpoint(tmp_path, "point"), *SIZE) == 2
    assert r"caf\udce9.npz: its name is not UTF-8; rename it" in capsys.readouterr().err
