"""Images and their annotations are read unchanged, or refused in one line that names the file and the field."""

from __future__ import annotations

import json
import os
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import image_files
import numpy as np
import pytest
import torch
from image_files import person, some_people
from repository import ROOT

from pipeline.artifacts import InputError, read_json, write_arrays, write_json
from pipeline.detection import image_set
from pipeline.detection.image_store import ImageStore, decode
from pipeline.geometry import coco_keypoints

NONE = [0.0] * 51
IDENTITY = np.array([[[1.0, 0, 0], [0, 1, 0]]])


def test_objects_are_sorted_by_image(tmp_path: Path) -> None:
    annotations = [
        person(30, (1, 2, 3, 4)),
        person(10, (5, 6, 7, 8), keypoints=NONE),
        person(30, (9, 10, 11, 12)) | {"iscrowd": 1, "area": 17.5},
        person(10, (0, 0, 0, 5)),  # of no width: left out
    ]
    pixels = np.zeros((3, 64, 48, 3), np.uint8)
    data = image_files.write(tmp_path, annotations, pixels)
    assert data.first.tolist() == [0, 1, 1, 3] and len(data) == 3
    assert data.image_ids.tolist() == [10, 20, 30] and data.sizes.tolist() == [[48, 64]] * 3
    assert data.boxes.tolist() == [[5, 6, 12, 14], [1, 2, 4, 6], [9, 10, 20, 22]]
    assert data.crowd.tolist() == [False, False, True] and data.area[2] == 17.5
    assert not data.keypoints[0].any() and (data.keypoints[1, :, 2] == 2).all()
    assert data.category_ids == (1,) and data.category_names == ("person",) and data.back_view is None
    assert data.annotations == tmp_path / "train.json"


def test_a_subset_has_only_the_chosen_images(tmp_path: Path) -> None:
    data = some_people(tmp_path, images=5)
    part = data.subset(np.array([3, 0, 3]))
    assert part.image_ids.tolist() == [40, 10, 40] and part.first.tolist() == [0, 2, 4, 6]
    np.testing.assert_array_equal(part.boxes, data.boxes[[6, 7, 0, 1, 6, 7]])
    np.testing.assert_array_equal(part.keypoints, data.keypoints[[6, 7, 0, 1, 6, 7]])
    for index, image in enumerate((3, 0, 3)):
        np.testing.assert_array_equal(part.images[index], data.images[image])
    again = part.subset(np.array([1]))
    assert again.image_ids.tolist() == [10] and again.first.tolist() == [0, 2]
    np.testing.assert_array_equal(again.boxes, data.boxes[:2])
    np.testing.assert_array_equal(again.images[0], data.images[0])
    rows, place = part.objects_of(np.array([2, 1]))
    assert rows.tolist() == [4, 5, 2, 3] and place.tolist() == [0, 0, 1, 1]


def test_categories_are_counted_as_the_file_lists_them(tmp_path: Path) -> None:
    file = image_files.content([person(10, (0, 0, 2, 2)), person(10, (1, 1, 2, 2))], [(64, 64)])
    file["categories"] = [{"id": 90, "name": "cup"}, {"id": 3, "name": "car"}]
    for annotation, category in zip(file["annotations"], (3, 90), strict=True):
        annotation["category_id"] = category
        del annotation["keypoints"]
    write_json(tmp_path / "val.json", file)
    data = image_set.read(tmp_path, "val", "boxes", raw=tmp_path)
    assert data.category.tolist() == [1, 0] and data.category_names == ("cup", "car")
    assert data.keypoints.shape == (2, 17, 3) and not data.keypoints.any()


def test_back_views_are_read_if_all_annotations_have_them(tmp_path: Path) -> None:
    file = image_files.content([person(10, (0, 0, 2, 2)), person(10, (1, 1, 2, 2))], [(64, 64)])
    file["annotations"][0]["back_view"] = True
    write_json(tmp_path / "train.json", file)
    with pytest.raises(InputError, match=r"train.json: annotations\[1\].back_view: missing"):
        image_set.read(tmp_path, "train", "pose", raw=tmp_path)
    file["annotations"][1]["back_view"] = False
    write_json(tmp_path / "train.json", file)
    back_view = image_set.read(tmp_path, "train", "pose", raw=tmp_path).back_view
    assert back_view is not None and back_view.tolist() == [True, False]


def test_no_annotations_at_all(tmp_path: Path) -> None:
    data = image_files.write(tmp_path, [], np.zeros((2, 64, 64, 3), np.uint8))
    assert data.boxes.shape == (0, 4) and data.keypoints.shape == (0, 17, 3) and data.first.tolist() == [0, 0, 0]
    assert data.subset(np.array([1])).first.tolist() == [0, 0]


def _set(*path: str | int, value: Any) -> Callable[[dict[str, Any]], None]:
    def spoil(file: Any) -> None:
        for step in path[:-1]:
            file = file[step]
        file[path[-1]] = value

    return spoil


def _drop(*path: str | int) -> Callable[[dict[str, Any]], None]:
    def spoil(file: Any) -> None:
        for step in path[:-1]:
            file = file[step]
        del file[path[-1]]

    return spoil


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (_drop("images"), "images: not a list"),
        (_set("annotations", value=[3]), "annotations: not a list of objects"),
        (_drop("annotations", 1, "bbox"), "annotations[1].bbox: missing"),
        (_drop("annotations", 1, "iscrowd"), "annotations[1].iscrowd: missing"),
        (_drop("images", 0, "width"), "images[0].width: missing"),
        (_set("images", 0, "width", value=0), "images[0].width: a width and a height are above 0"),
        (_set("images", 0, "width", value=65), "images[0].width: not the size of the images in train.npz"),
        (_set("annotations", 1, "bbox", value=[1, 2, 3]), "annotations[1].bbox: not a list of 4 numbers"),
        (_set("annotations", 1, "bbox", value=[1, 2, 3, "4"]), "annotations[1].bbox: not a list of 4 numbers"),
        (_set("annotations", 1, "bbox", value=[1, 2, 3, None]), "annotations[1].bbox: not a list of 4 numbers"),
        (_set("annotations", 1, "bbox", value=[1, 2, -3, 4]), "annotations[1].bbox: a width or height below 0"),
        (_set("annotations", 1, "bbox", value=[1, 2, 3, float("nan")]), "annotations[1].bbox: not finite"),
        (_set("annotations", 1, "area", value="big"), "annotations[1].area: not a number"),
        (_set("annotations", 1, "image_id", value=11), "annotations[1].image_id: not in the file"),
        (_set("annotations", 1, "image_id", value=10.5), "annotations[1].image_id: not a whole number"),
        (_set("annotations", 1, "category_id", value=2), "annotations[1].category_id: not in the file"),
        (_set("annotations", 1, "keypoints", value=[0] * 48), "annotations[1].keypoints: not a list of 51 numbers"),
        (_set("annotations", 1, "keypoints", 2, value=3), "annotations[1].keypoints: a visibility is 0, 1 or 2"),
        (_set("annotations", 1, "keypoints", 3, value=float("inf")), "annotations[1].keypoints: not finite"),
        (_set("images", value=[]), "train.npz: pixels: uint8 [2, 64, 64, 3], expected uint8 [0, H, W, 3]"),
        (_set("images", 1, "id", value=10), "images[1].id: twice in the file"),
        (_drop("categories", 0, "name"), "categories[0].name: missing"),
    ],
)
def test_an_error_is_one_line_with_file_and_field(
    tmp_path: Path, spoil: Callable[[dict[str, Any]], None], complaint: str
) -> None:
    some_people(tmp_path, images=2)
    file = read_json(tmp_path / "train.json")
    spoil(file)
    if not file.get("images", True):
        file["annotations"] = []
    (tmp_path / "train.json").write_text(json.dumps(file))
    with pytest.raises(InputError, match=re.escape(complaint)) as error:
        image_set.read(tmp_path, "train", "pose", raw=tmp_path)
    assert str(tmp_path) in str(error.value) and "\n" not in str(error.value) and "again" in str(error.value)


def test_truncated_files_are_refused(tmp_path: Path) -> None:
    some_people(tmp_path)
    for name in ("train.npz", "train.json"):  # the images first: without their list they are not looked for
        whole = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(whole[: len(whole) // 2])
        with pytest.raises(InputError, match=rf"{name}: not (a readable npz|readable as JSON)"):
            image_set.read(tmp_path, "train", "pose", raw=tmp_path)
    write_arrays(tmp_path / "train.npz", {"colours": np.zeros(3)})
    write_json(tmp_path / "train.json", image_files.content([], [(64, 64)]))
    with pytest.raises(InputError, match=r"train.npz: pixels: missing"):
        image_set.read(tmp_path, "train", "pose", raw=tmp_path)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_shift_by_whole_pixels_copies_them(threads: int) -> None:
    pixels = np.random.default_rng(0).integers(1, 256, (3, 20, 30, 3)).astype(np.uint8)
    matrices = np.repeat(IDENTITY, 2, axis=0)
    matrices[1, :, 2] = 4, -2
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        out = ImageStore.of_pixels(pixels).warped(np.array([2, 0]), matrices, (24, 16))
    finally:
        torch.set_num_threads(before)
    np.testing.assert_array_equal(out[0], pixels[2, :16, :24])
    np.testing.assert_array_equal(out[1, :, 4:], pixels[0, 2:18, :20])
    assert not out[1, :, :4].any()


def test_an_image_is_scaled_between_its_pixels() -> None:
    """Bilinear interpolation is exact for linear changes of colour, up to rounding."""
    y, x = np.mgrid[:40, :50]
    plane = np.stack([4 * x, 3 * y, x + 2 * y], axis=2).astype(np.uint8)
    matrix = np.array([[[0.7, 0.1, 3.0], [-0.2, 0.8, 9.0]]])
    out = ImageStore.of_pixels(plane[None]).warped(np.array([0]), matrix, 24)[0]
    to_x, to_y = np.mgrid[:24, :24][::-1]
    source = np.linalg.inv(matrix[0, :, :2]) @ np.stack([to_x - 3.0, to_y - 9.0]).reshape(2, -1)
    from_x, from_y = source.reshape(2, 24, 24)
    inside = (from_x >= 0) & (from_x <= 49) & (from_y >= 0) & (from_y <= 39)
    expected = np.stack([4 * from_x, 3 * from_y, from_x + 2 * from_y], axis=2)
    assert inside.sum() > 300
    assert np.abs(out - expected)[inside].max() < 1


def _images_in_files(folder: Path, count: int = 3) -> tuple[list[Path], np.ndarray, np.ndarray]:
    pixels = np.random.default_rng(0).integers(0, 256, (count, 8, 12, 3)).astype(np.uint8)
    paths = [folder / f"{index}.png" for index in range(count)]
    for path, image in zip(paths, pixels, strict=True):
        cv2.imwrite(str(path), image[..., ::-1])
    return paths, pixels, np.tile([12, 8], (count, 1))


def test_files_are_decoded_once_within_the_memory_budget(tmp_path: Path) -> None:
    paths, pixels, sizes = _images_in_files(tmp_path)
    images = ImageStore.of_files(paths, sizes, memory_bytes=2 * pixels[0].nbytes)
    everything = np.arange(3)
    matrices = np.repeat(IDENTITY, 3, axis=0)
    np.testing.assert_array_equal(images.warped(everything, matrices, (12, 8)), pixels)
    for path in paths:
        path.unlink()
    part = images.select(np.array([1, 0]))  # shares what is in memory
    np.testing.assert_array_equal(part.warped(np.array([0, 1]), matrices[:2], (12, 8)), pixels[[1, 0]])
    with pytest.raises(InputError, match=r"2.png: cannot be read"):
        images.warped(everything, matrices, (12, 8))


def test_images_that_cannot_be_used(tmp_path: Path) -> None:
    paths, pixels, sizes = _images_in_files(tmp_path)
    with pytest.raises(InputError, match=r"0.png: 12 x 8 px, annotated as 13 x 8"):
        _ = ImageStore.of_files(paths, sizes + np.array([1, 0]), memory_bytes=0)[0]
    jpeg = tmp_path / "image.jpg"
    big = cv2.resize(pixels[0], (300, 200))
    cv2.imwrite(str(jpeg), big)
    whole = jpeg.read_bytes()
    assert decode(jpeg).shape == (200, 300, 3)
    for damaged in (whole[:-2], whole[: len(whole) // 2], whole[:100], b"", b"no image", whole[200:]):
        jpeg.write_bytes(damaged)
        with pytest.raises(InputError, match=r"image.jpg: not a whole image; .*again$"):
            decode(jpeg)


def test_the_cameras_orientation_is_ignored(tmp_path: Path) -> None:
    """COCO's annotations are for the pixels as they are stored."""
    jpeg = tmp_path / "turned.jpg"
    cv2.imwrite(str(jpeg), np.zeros((20, 30, 3), np.uint8))
    entry = b"\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00"  # orientation: turn by 90 degrees
    exif = b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01" + entry + b"\x00\x00\x00\x00"
    whole = jpeg.read_bytes()
    jpeg.write_bytes(whole[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + whole[2:])
    assert cv2.imread(str(jpeg)).shape == (30, 20, 3)
    assert decode(jpeg).shape == (20, 30, 3)


def test_red_green_blue(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "red.png"), np.full((4, 4, 3), (0, 0, 255), np.uint8))
    assert decode(tmp_path / "red.png")[0, 0].tolist() == [255, 0, 0]


def test_real_images_of_coco(tmp_path: Path) -> None:
    """Files have the sizes that COCO states, and keypoints are inside the images."""
    mirror = Path(os.environ.get("MIXPOSE_MIRROR") or ROOT.parent / "shared" / "mirror")
    archive = mirror / "images.cocodataset.org/annotations/annotations_trainval2017.zip"
    if not archive.exists():
        pytest.skip("no COCO files at hand: set MIXPOSE_MIRROR to a folder that holds images.cocodataset.org")
    with zipfile.ZipFile(archive) as file:
        known = json.loads(file.read("annotations/person_keypoints_val2017.json"))
    for image in known["images"]:
        image["file_name"] = f"images.cocodataset.org/val2017/{image['file_name']}"
    write_json(tmp_path / "val.json", known)
    data = image_set.read(tmp_path, "val", "pose", raw=mirror)
    some = np.arange(0, len(data), 10)
    assert data.images.warped(some, np.repeat(IDENTITY, len(some), axis=0), 16).any()
    assert len(data.boxes) == len(known["annotations"])
    counted = [annotation["num_keypoints"] for annotation in known["annotations"]]
    assert (data.keypoints[..., 2] > 0).sum() == sum(counted)
    width, height = np.repeat(data.sizes, np.diff(data.first), axis=0).T[:, :, None]
    flagged = data.keypoints[..., 2] > 0
    x, y = data.keypoints[..., 0], data.keypoints[..., 1]
    assert ((x >= 0) & (x < width) & (y >= 0) & (y < height))[flagged].all()
    assert len(coco_keypoints.NAMES) == data.keypoints.shape[1]
