"""Every format of keypoints is told apart by its content and read as the same joints; the rest is refused in a line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import made_keypoints
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.artifacts import InputError
from pipeline.geometry import coco_keypoints
from pipeline.predict import keypoints
from pipeline.predict.keypoints.layouts import BODY_25, COCO_17, HALPE_26, LAYOUTS, OPENPOSE_18, Layout

PLACES = made_keypoints.coco()[:5]


def in_layout(layout: Layout) -> NDArray:
    """The same people in a layout with more joints; what COCO has not is put at (1, 1)."""
    found = np.ones((len(PLACES), layout.count, 3))
    for index, name in enumerate(layout.joints):
        if name in coco_keypoints.NAMES:
            found[:, index, :2] = PLACES[:, coco_keypoints.NAMES.index(name)]
    return found


def openpose_people(layout: Layout) -> list[dict[str, Any]]:
    return [{"person_id": [-1], "pose_keypoints_2d": row.ravel().tolist()} for row in in_layout(layout)]


def alphapose(values: NDArray) -> list[dict[str, Any]]:
    return [
        {"image_id": f"{index}.jpg", "category_id": 1, "keypoints": row.ravel().tolist(), "score": 2.9, "idx": 7}
        for index, row in enumerate(values)
    ]


def write_npz(path: Path) -> Path:
    np.savez(path, keypoints=PLACES.astype(np.float32), image_size=[1000, 1002])
    return path


def write_npy(path: Path) -> Path:
    np.save(path, made_keypoints.with_confidence(PLACES))
    return path


def write_csv(path: Path) -> Path:
    names = ",".join(f"{name}_{axis}" for name in coco_keypoints.NAMES for axis in "xy")
    rows = "\n".join(f"{frame + 10}," + ",".join(map(str, row.ravel())) for frame, row in enumerate(PLACES))
    path.write_text(f"frame,{names}\n{rows}\n")
    return path


def write_folder(path: Path) -> Path:
    path.mkdir()
    for index, person in enumerate(openpose_people(BODY_25)):
        made_keypoints.write(path / f"walk_{index:012d}_keypoints.json", {"version": 1.3, "people": [person]})
    return path


FILES: dict[str, tuple[str, Layout, Callable[[Path], Path]]] = {
    "coco results": (
        "COCO results",
        COCO_17,
        lambda path: made_keypoints.write(path, made_keypoints.coco_results(PLACES)),
    ),
    "coco annotations": (
        "COCO annotations",
        COCO_17,
        lambda path: made_keypoints.write(path, made_keypoints.coco_annotations(PLACES)),
    ),
    "openpose": ("OpenPose", BODY_25, write_folder),
    "openpose, coco model": (
        "OpenPose",
        OPENPOSE_18,
        lambda path: made_keypoints.write(path, {"people": openpose_people(OPENPOSE_18)}),
    ),
    "alphapose": (
        "AlphaPose",
        COCO_17,
        lambda path: made_keypoints.write(path, alphapose(in_layout(COCO_17))),
    ),
    "alphapose, halpe": (
        "AlphaPose",
        HALPE_26,
        lambda path: made_keypoints.write(path, alphapose(in_layout(HALPE_26))),
    ),
    "npz": ("an array", COCO_17, write_npz),
    "npy": ("an array", COCO_17, write_npy),
    "csv": ("csv", COCO_17, write_csv),
}  # fmt: skip


@pytest.mark.parametrize("kind", FILES)
def test_a_format_is_told_apart_and_read(tmp_path: Path, kind: str) -> None:
    source, layout, write = FILES[kind]
    path = write(tmp_path / ("walk.npz" if kind == "npz" else "walk.npy" if kind == "npy" else "walk"))
    found = keypoints.read(path)
    assert (found.table.source, found.layout) == (source, layout)
    for index, name in enumerate(layout.joints):
        if name in coco_keypoints.NAMES:
            places = found.places[:, index]
            np.testing.assert_allclose(places, PLACES[:, coco_keypoints.NAMES.index(name)], rtol=1e-6)
    assert not found.absent.any()
    sizes = found.table.size
    assert (sizes == (1000, 1002)).all() if kind in ("npz", "coco annotations") else np.isnan(sizes).all()


def test_images_and_people_keep_their_names(tmp_path: Path) -> None:
    results = made_keypoints.coco_results(PLACES)
    results[1]["image_id"] = 100  # a second person in the first image
    found = keypoints.read(made_keypoints.write(tmp_path / "results.json", results)).table
    assert found.images == ("100", "100", "102", "103", "104")
    assert found.frame.tolist() == [0, 0, 1, 2, 3] and not found.sequence
    tracked = keypoints.read(made_keypoints.write(tmp_path / "tracked.json", alphapose(in_layout(COCO_17)))).table
    assert tracked.sequence and tracked.person.tolist() == [7] * 5 and tracked.images[0] == "0.jpg"
    assert keypoints.read(write_csv(tmp_path / "walk.csv")).table.frame.tolist() == [10, 11, 12, 13, 14]
    assert keypoints.read(write_folder(tmp_path / "folder")).table.images[1] == "walk_000000000001"


def test_people_in_one_array_are_rows_of_their_own(tmp_path: Path) -> None:
    np.savez(tmp_path / "two.npz", keypoints=np.stack((PLACES, PLACES + 50), axis=1))
    found = keypoints.read(tmp_path / "two.npz").table
    assert found.frame.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert found.person.tolist() == [0, 1] * 5
    np.testing.assert_array_equal(found.values[1::2, :, :2], PLACES + 50)


def test_joints_that_were_not_found(tmp_path: Path) -> None:
    """At (0, 0), or with too little confidence."""
    values = made_keypoints.with_confidence(PLACES)
    values[0, 9, :2] = 0.0
    values[1, 10, 2] = 0.0
    values[2, 11, 2] = 0.3
    np.savez(tmp_path / "walk.npz", keypoints=values)
    assert np.argwhere(keypoints.read(tmp_path / "walk.npz").absent).tolist() == [[0, 9], [1, 10]]
    found = keypoints.read(tmp_path / "walk.npz", least_confidence=0.3)
    assert np.argwhere(found.absent).tolist() == [[0, 9], [1, 10], [2, 11]]


def test_annotations_without_keypoints_are_left_out_and_counted(tmp_path: Path) -> None:
    content = made_keypoints.coco_annotations(PLACES)
    content["annotations"][2]["keypoints"] = [0] * 51
    found = keypoints.read(made_keypoints.write(tmp_path / "a.json", content)).table
    assert len(found) == 4 and found.images[2] == "003.jpg"
    assert found.notes == ("1 annotations without keypoints were left out",)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"a": 1}, "JSON of an unknown kind; expected COCO results"),
        ([], "no person in it (COCO results)"),
        ({"people": []}, "no person in it (OpenPose)"),
        ([{"image_id": 1, "keypoints": [1.0, 2.0]}], "keypoints: has 2 numbers; expected x, y and confidence"),
        ([{"image_id": 1, "keypoints": [10**400] * 51}], "a keypoint is not 3 numbers"),
        ([{"image_id": 1, "keypoints": ["a"] * 51}], "keypoints: expected a list of numbers"),
        ([{"image_id": 1, "keypoints": [1.0] * 9}], "3 keypoints for a person; expected COCO's 17 or Halpe's 26"),
        ({"people": [{"pose_keypoints_2d": [1.0] * 9}]}, "3 keypoints for a person; OpenPose has 25 (BODY_25) or 18"),
        ({"images": [{"id": 1}], "annotations": []}, "not complete COCO annotations (KeyError('width')"),
        (
            {"images": [], "annotations": [{"image_id": 4, "keypoints": [1.0] * 51}]},
            "annotations: image_id 4 is not in images",
        ),
    ],
)
def test_json_that_cannot_be_used(tmp_path: Path, content: Any, words: str) -> None:
    refused(made_keypoints.write(tmp_path / "file.json", content), words)


def refused(path: Path, words: str) -> None:
    with pytest.raises(InputError) as caught:
        keypoints.read(path)
    assert words in str(caught.value) and "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"{path.parent}")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("notes.txt", b"Just some words.\n", "not a known format: no JSON, no npz, and as csv it has 1 columns"),
        ("words.csv", b"Just some words.\n", "51 (x, y and confidence); `python -m pipeline predict --help` has the"),
        ("empty.json", b"", "empty; give a file with keypoints"),
        ("cut.json", b'[{"image_id": 1, "keypo', "not readable as JSON"),
        ("film.mp4", b"\x00\x00\x00\x18ftypmp42\xff\xfe", "not a readable image or video; convert it to"),
        ("noise.bin", b"\xff\xfe\x00\x01", "not a known format; expected COCO results"),
        ("cut.npz", b"PK\x03\x04cut", "damaged (File is not a zip file); save the keypoints"),
        ("row.csv", b",".join([b"1"] * 34) + b"\n1,2\n", "line 2: expected 34 numbers for the keypoints"),
        ("far.csv", b"frame" + b",k" * 34 + b"\n1e300" + b",1" * 34, "column frame: expected numbers up to 1e+15"),
    ],
)
def test_files_of_something_else(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)
    refused(tmp_path / name, words)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"keypoints": np.ones((5, 3, 2))}, "has 3 joints; a known layout has 17 (coco)"),
        ({"joints": np.ones((5, 17))}, "no array [frames, joints, 2 or 3]"),
        ({"a": PLACES, "b": PLACES}, "several arrays could be the keypoints (a, b)"),
        ({"keypoints": np.concatenate((PLACES, PLACES[..., :1] - 400), -1)}, "which is no confidence; "),
        ({"keypoints": PLACES, "image_size": np.array([0, 5])}, "image_size: expected width and height in pixels"),
        ({"keypoints": np.zeros((5, 17, 2))}, "every joint is absent"),
        ({"keypoints": np.array([["a"] * 2] * 17)[None]}, "are no numbers"),
    ],
)
def test_arrays_that_cannot_be_used(tmp_path: Path, arrays: dict[str, NDArray], words: str) -> None:
    np.savez(tmp_path / "file.npz", **arrays)  # type: ignore[arg-type]
    refused(tmp_path / "file.npz", words)


def test_a_number_that_is_none_is_named(tmp_path: Path) -> None:
    broken = PLACES.copy()
    broken[3, 9, 1] = np.nan
    np.savez(tmp_path / "file.npz", keypoints=broken)
    refused(tmp_path / "file.npz", "row 3 (image frame 3), joint 9")


def test_pickles_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "file.npz", keypoints=np.array([{"a": 1}], dtype=object))
    refused(tmp_path / "file.npz", "holds pickled objects, which are not read; save the keypoints with np.savez")


@pytest.mark.parametrize("value", [0.0, -1.0, 9999.0])
def test_places_that_mean_not_found(tmp_path: Path, value: float) -> None:
    places = PLACES.copy()
    places[3, 9] = value
    np.savez(tmp_path / "file.npz", keypoints=places)
    absent = keypoints.read(tmp_path / "file.npz").absent
    assert absent[3, 9] and absent.sum() == 1


def test_folders(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", "has no image and no .json file")
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.jpg").touch()
    refused(tmp_path / "pictures", "has no image and no .json file; a folder holds images")
    refused(tmp_path / "nowhere", "no such file or folder")


# --- the layout of bare arrays ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["Walking", "Sitting", "SittingDown", "Photo", "Greeting"])
@pytest.mark.parametrize("order", ["coco", "human36m"])
def test_the_order_of_17_joints_follows_from_their_geometry(tmp_path: Path, action: str, order: str) -> None:
    places = made_keypoints.coco(action) if order == "coco" else made_keypoints.human36m(action)
    np.savez(tmp_path / "file.npz", keypoints=places)
    found = keypoints.read(tmp_path / "file.npz")
    assert found.layout.name == order
    assert "% of the person" in found.why


def test_the_order_can_be_named_and_is_asked_for_where_the_geometry_does_not_say(tmp_path: Path) -> None:
    places = PLACES.copy()
    places[:, 0] = places[:, :5].mean(axis=1) + np.array(
        [0.0, 0.34 * np.ptp(places[..., 1], axis=1).mean()]
    )  # a nose at the hips
    np.savez(tmp_path / "file.npz", keypoints=places)
    refused(tmp_path / "file.npz", "say --layout coco or --layout human36m")
    assert keypoints.read(tmp_path / "file.npz", "human36m").layout.name == "human36m"
    with pytest.raises(InputError, match="has 17 joints, but --layout body_25 has 25"):
        keypoints.read(tmp_path / "file.npz", "body_25")


def test_layouts_name_each_joint_once() -> None:
    counts = {name: (layout.count, len(set(layout.joints))) for name, layout in LAYOUTS.items()}
    assert counts == {
        "coco": (17, 17),
        "human36m": (17, 17),
        "body_25": (25, 25),
        "openpose_18": (18, 18),
        "halpe_26": (26, 26),
    }
    assert [HALPE_26.joints[index] for index in (17, 18, 19, 20, 25)] == [
        *("head", "neck", "mid_hip", "left_big_toe", "right_heel"),
    ]
    assert [BODY_25.joints[index] for index in (8, 9, 12, 15, 19, 24)] == [
        *("mid_hip", "right_hip", "left_hip", "right_eye", "left_big_toe", "right_heel"),
    ]
