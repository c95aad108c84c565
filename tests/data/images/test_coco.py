"""COCO's files: which ones a preset needs, what is taken from an archive, and what is refused in one line."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import coco_files
import pytest
from repository import ROOT

from pipeline.artifacts import InputError
from pipeline.data.fetch.download import local_path
from pipeline.data.images import coco

POSE, BOXES = (coco.FILES[task].format("train") for task in ("pose", "boxes"))


def says(work: Callable[[], Any]) -> str:
    with pytest.raises(InputError) as caught:
        work()
    assert "\n" not in str(caught.value)
    return str(caught.value)


# --- which files ------------------------------------------------------------------------------------------------------


def test_archives_of_a_run() -> None:
    host = "http://images.cocodataset.org"
    assert coco.annotation_addresses(False) == [f"{host}/annotations/annotations_trainval2017.zip"]
    assert coco.annotation_addresses(True)[1:] == [f"{host}/annotations/image_info_test2017.zip"]
    nowhere = Path("nowhere")  # archives are known without the annotations
    assert coco.image_addresses(nowhere, False, None, False) == [
        f"{host}/zips/train2017.zip",
        f"{host}/zips/val2017.zip",
    ]
    assert coco.image_addresses(nowhere, False, None, True)[2:] == [f"{host}/zips/test2017.zip"]


def test_single_images_are_those_of_both_tasks(raw: Path) -> None:
    coco_files.write_annotations(raw)
    coco_files.write_test_info(raw)
    found = coco.image_addresses(raw, True, None, False)
    numbers = [int(Path(address).stem) for address in found]
    assert numbers == [1, 2, 3, 4, 101, 102, 103, 104]  # boxes want those without people as well
    assert found[0] == "http://images.cocodataset.org/train2017/000000000001.jpg"
    assert len(coco.image_addresses(raw, True, 2, False)) == 4
    assert [Path(one).parent.name for one in coco.image_addresses(raw, True, 1, True)].count("test2017") == 1
    listed = coco.read_annotations(raw, "train", "boxes")["images"]
    assert [local_path(address) for address in found[:4]] == [image["file_name"] for image in listed]


@pytest.fixture
def mirror() -> Path:
    folder = Path(os.environ.get("MIXPOSE_MIRROR") or ROOT.parent / "shared" / "mirror")
    if not coco_files.path_of(folder, coco.ANNOTATIONS).exists():
        pytest.skip("no COCO files at hand: set MIXPOSE_MIRROR to a folder that holds images.cocodataset.org")
    return folder


# --- annotations ------------------------------------------------------------------------------------------------------


def test_training_images_for_poses_are_those_with_a_person(raw: Path) -> None:
    coco_files.write_annotations(raw)
    counts = {
        (split, task): [len(coco.read_annotations(raw, split, task)[key]) for key in ("images", "annotations")]
        for split in ("train", "val")
        for task in coco.TASKS
    }
    assert counts == {
        ("train", "pose"): [2, 2],
        ("train", "boxes"): [4, 6],
        ("val", "pose"): [4, 2],  # all of them, as the papers' AP has it
        ("val", "boxes"): [4, 6],
    }


def test_what_is_kept_of_the_records(raw: Path) -> None:
    coco_files.write_annotations(raw)
    pose, boxes = (coco.read_annotations(raw, "train", task) for task in coco.TASKS)
    assert pose["images"][0] == {
        "id": 2,
        "width": coco_files.SIDE,
        "height": coco_files.SIDE,
        "license": 3,  # the terms stay with the image
        "flickr_url": "http://flickr/2",
        "file_name": "images.cocodataset.org/train2017/000000000002.jpg",
    }
    assert pose["licenses"] == [{"id": 3, "name": "a licence"}]
    assert set(pose["annotations"][0]) == {*coco.BOX, "keypoints", "num_keypoints"}
    assert set(boxes["annotations"][0]) == set(coco.BOX)
    assert [one["name"] for one in pose["categories"]] == ["person"]
    assert [one["name"] for one in boxes["categories"]] == ["person", "cup"]


def test_people_without_keypoints_can_be_left_out_of_training(mirror: Path) -> None:
    """In the mirror 86 people on 28 of the 36 training images have keypoints; validation is never touched."""
    content = coco.read_annotations(mirror, "train", "pose", 80, unlabelled_people=False)
    assert (len(content["images"]), len(content["annotations"])) == (28, 86)
    assert all(one["num_keypoints"] for one in content["annotations"])
    assert {one["image_id"] for one in content["annotations"]} == {image["id"] for image in content["images"]}
    assert len(coco.read_annotations(mirror, "val", "pose", 80, unlabelled_people=False)["annotations"]) == 118


def test_a_limit_takes_the_first_images_and_what_is_on_them(raw: Path) -> None:
    coco_files.write_annotations(raw)
    boxes = coco.read_annotations(raw, "train", "boxes", limit=2)
    assert [image["id"] for image in boxes["images"]] == [1, 2]
    assert {one["image_id"] for one in boxes["annotations"]} == {1, 2} and len(boxes["annotations"]) == 3
    pose = coco.read_annotations(raw, "train", "pose", limit=2)  # the same first two, less the one without people
    assert [image["id"] for image in pose["images"]] == [2]


def test_images_of_test_dev_have_no_annotations(raw: Path) -> None:
    coco_files.write_test_info(raw)
    for task in coco.TASKS:
        found = coco.read_annotations(raw, "test", task)
        assert [image["id"] for image in found["images"]] == [901, 902, 903]
        assert found["images"][0]["file_name"] == "images.cocodataset.org/test2017/000000000901.jpg"
        assert found["annotations"] == [] and [one["name"] for one in found["categories"]] == ["person"]
    coco_files.write_test_info(raw, categories=False)
    assert coco.read_annotations(raw, "test", "boxes")["categories"] == []


def test_the_files_of_the_mirror(mirror: Path) -> None:
    counts = {
        (split, task): len(coco.read_annotations(mirror, split, task, 80)["images"])
        for split in ("train", "val")
        for task in coco.TASKS
    }
    assert counts == {("train", "pose"): 36, ("train", "boxes"): 80, ("val", "pose"): 79, ("val", "boxes"): 79}
    listed = coco.image_addresses(mirror, True, 80, False)
    assert all(coco_files.path_of(mirror, address).exists() for address in listed)


# --- what is refused --------------------------------------------------------------------------------------------------


def test_an_archive_that_is_missing_or_damaged(raw: Path) -> None:
    def read() -> None:
        coco.read_annotations(raw, "val", "pose")

    path = coco_files.path_of(raw, coco.ANNOTATIONS)
    assert says(read) == f"{path}: missing; run `python -m pipeline download`"
    coco_files.write_annotations(raw)
    whole = path.read_bytes()
    remedy = "move it away and run `python -m pipeline download`"
    for damaged in (whole[: len(whole) // 2], b"not a zip", b"", whole[:200] + bytes(200) + whole[400:]):
        path.write_bytes(damaged)
        message = says(lambda: [coco.read_annotations(raw, "train", task) for task in ("pose", "boxes")])
        assert message.startswith(f"{path}: damaged (") and message.endswith(remedy), message


def test_a_member_that_is_missing_or_no_json(raw: Path) -> None:
    path = coco_files.write_annotations(raw, {POSE: None})
    message = says(lambda: coco.read_annotations(raw, "train", "pose"))
    assert message.startswith(f"{path}: {POSE}: not in the archive, which holds ")
    assert message.endswith("; move the archive away and download again")
    assert coco.read_annotations(raw, "train", "boxes")["images"]  # the other member is
    for text in ("{", "[]", "7", b"\xff\xfe"):
        coco_files.write_archive(path, {POSE: text})
        assert says(lambda: coco.read_annotations(raw, "train", "pose")).startswith(f"{path}: damaged (")


def changed(key: str, field: str, value: Any = None) -> dict[str, Any]:
    """Poses of the training images whose first record of `key` lacks a field, or has another value of it."""
    content = coco_files.contents("train")[POSE]
    records = [dict(record) for record in content[key]]
    del records[0][field]
    if value is not None:
        records[0][field] = value
    return content | {key: records}


@pytest.mark.parametrize("key", ["images", "annotations", "categories"])
@pytest.mark.parametrize("value", ["missing", None, 3, [3], ["text"], [[1, 2]]])
def test_a_list_that_is_none(raw: Path, key: str, value: Any) -> None:
    content = coco_files.contents("train")[POSE] | {key: value}
    if value == "missing":
        del content[key]
    path = coco_files.write_annotations(raw, {POSE: content})
    message = says(lambda: coco.read_annotations(raw, "train", "pose"))
    assert message.startswith(f"{path}: train: not COCO's annotations ("), message


@pytest.mark.parametrize(
    ("key", "field"),
    [
        *(("images", field) for field in ("id", "width", "height", "file_name")),
        *(("annotations", field) for field in (*coco.BOX, "keypoints", "num_keypoints")),
        ("categories", "name"),
    ],
)
def test_a_field_that_is_missing_is_named(raw: Path, key: str, field: str) -> None:
    path = coco_files.write_annotations(raw, {POSE: changed(key, field)})
    message = says(lambda: coco.read_annotations(raw, "train", "pose"))
    assert message.startswith(f"{path}: train: not COCO's annotations (") and repr(field) in message, message


@pytest.mark.parametrize(
    "name",
    ["../../../etc/000000000001.jpg", "/000000000001.jpg", "..", "1.jpg", "000000000001.jpg\n", "000000000001.png", 7],
)
def test_names_of_images_cannot_leave_the_folder(raw: Path, name: Any) -> None:
    path = coco_files.write_annotations(raw, {POSE: changed("images", "file_name", name)})
    message = says(lambda: coco.read_annotations(raw, "train", "pose"))
    assert message.startswith(f"{path}: train: not COCO's annotations (")


def test_terms_may_be_missing(raw: Path) -> None:
    coco_files.write_annotations(raw, {BOXES: changed("images", "license") | {"licenses": []}})
    assert "license" not in coco.read_annotations(raw, "train", "boxes")["images"][0]


# --- unpacking --------------------------------------------------------------------------------------------------------


def write_images(raw: Path, more: dict[str, bytes]) -> Path:
    path = coco_files.path_of(raw, f"{coco.ADDRESS}/zips/train2017.zip")
    return coco_files.write_archive(path, {**coco_files.jpegs("train"), **more})


def test_nothing_but_images_is_unpacked(raw: Path) -> None:
    strange = ["../evil.jpg", "train2017/../000000000009.jpg", "/train2017/000000000009.jpg", "000000000009.jpg"]
    strange += ["val2017/000000000009.jpg", "train2017/readme.txt", "train2017/deep/000000000009.jpg", "train2017/"]
    strange += ["train2017/000000000009.jpg.sh", "train2017\\..\\..\\000000000009.jpg"]
    write_images(raw, dict.fromkeys(strange, b"x"))
    before = {path for path in raw.parent.rglob("*") if path.is_file()}
    coco.unpack_images(raw, "train")
    made = {path for path in raw.parent.rglob("*") if path.is_file()} - before
    expected = coco_files.jpegs("train")
    assert made == {raw / coco.HOST / name for name in expected}
    assert all((raw / coco.HOST / name).read_bytes() == content for name, content in expected.items())
    assert all(path.stat().st_mode & 0o777 == 0o644 for path in made)


def test_unpacking_goes_on_where_it_stopped(raw: Path) -> None:
    write_images(raw, {})
    coco.unpack_images(raw, "train")
    whole, cut, gone, other = (raw / coco.HOST / name for name in coco_files.jpegs("train"))
    cut.write_bytes(cut.read_bytes()[:50])
    gone.unlink()
    times = {path: path.stat().st_mtime_ns for path in (whole, other)}
    coco.unpack_images(raw, "train")
    assert {path: path.stat().st_mtime_ns for path in times} == times
    assert [int(path.stem) for path in sorted(whole.parent.iterdir())] == [1, 2, 3, 4]
    assert cut.read_bytes() == coco_files.jpeg(2) and gone.read_bytes() == coco_files.jpeg(3)


def test_a_damaged_image_in_an_archive_is_not_unpacked(raw: Path) -> None:
    path = coco_files.path_of(raw, f"{coco.ADDRESS}/zips/train2017.zip")
    assert says(lambda: coco.unpack_images(raw, "train")).startswith(f"{path}: missing; run")
    name, content = "train2017/000000000001.jpg", b"an image that is stored as it is"
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(name, content)
    path.write_bytes(path.read_bytes().replace(b"stored", b"storex"))
    message = says(lambda: coco.unpack_images(raw, "train"))
    assert message.startswith(f"{path}: damaged (Bad CRC-32")
    assert not list((raw / coco.HOST).rglob("*.jpg*"))


def test_a_full_disk_is_not_reported_as_a_damaged_archive(raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_images(raw, {})

    def full(path: Path, content: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    message = says(lambda: coco.unpack_images(raw, "train"))
    assert "000000000001.jpg: cannot be written (No space left on device)" in message and "damaged" not in message


def test_what_the_files_say_of_themselves(raw: Path) -> None:
    coco_files.write_annotations(raw)
    content = coco.read_annotations(raw, "val", "pose")
    assert content["info"]["description"] == "COCO 2017, val, pose"
    assert json.loads(json.dumps(content)) == content
