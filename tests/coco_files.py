"""Small versions of COCO's archives, in the places of a download."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from pipeline.artifacts import digest
from pipeline.data.images import coco

SIDE = 48
TEST = (901, 902, 903)  # the images of test-dev
WITH_PEOPLE = (1, 3)  # the images of a split on which there are people: of four, the second and the last


def image(number: int) -> dict[str, Any]:
    """A record like COCO's, with keys that are not used."""
    return {
        "id": number,
        "width": SIDE,
        "height": SIDE,
        "license": 3,
        "flickr_url": f"http://flickr/{number}",
        "date_captured": "2013-11-14",
        "file_name": f"{number:012d}.jpg",
    }


def annotated(identity: int, number: int, category: int, pose: bool) -> dict[str, Any]:
    record = {"id": identity, "image_id": number, "category_id": category, "bbox": [8.0, 6.0, 30.0, 36.0]}
    record |= {"area": 700.0, "iscrowd": 0, "segmentation": [[8, 6, 38, 6, 38, 42]]}
    if pose:
        points = [[12 + joint, 8 + 2 * joint, 2] for joint in range(17)]
        record |= {"keypoints": [value for point in points for value in point], "num_keypoints": 17}
    return record


def contents(split: str, count: int = 4) -> dict[str, dict[str, Any]]:
    """Both annotation files of a split: a cup on every image, people on some. Training images count from 1."""
    first = 1 if split == "train" else 101
    numbers = range(first, first + count)
    people = [number for number in numbers if number - first in WITH_PEOPLE]
    top = {"info": {}, "licenses": [{"id": 3, "name": "a licence"}], "images": [image(number) for number in numbers]}
    person, cup = {"id": 1, "name": "person"}, {"id": 47, "name": "cup"}
    posed = [person | {"keypoints": ["nose"]}]
    boxes = [annotated(number, number, 47, False) for number in numbers]
    boxes += [annotated(1000 + number, number, 1, False) for number in people]
    poses = [annotated(1000 + number, number, 1, True) for number in people]
    return {
        coco.FILES["pose"].format(split): top | {"annotations": poses, "categories": posed},
        coco.FILES["boxes"].format(split): top | {"annotations": boxes, "categories": [person, cup]},
    }


def path_of(raw: Path, address: str) -> Path:
    return raw / address.removeprefix("http://")


def write_archive(path: Path, members: dict[str, bytes | str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def write_annotations(raw: Path, changed: dict[str, Any] | None = None) -> Path:
    """The archive of annotations; `changed` has members that differ, None for one that is not there."""
    members = {**contents("train"), **contents("val"), **(changed or {})}
    written = {name: json.dumps(content) for name, content in members.items() if content is not None}
    return write_archive(path_of(raw, coco.ANNOTATIONS), written)


def write_test_info(raw: Path, categories: bool = True) -> Path:
    content: dict[str, Any] = {"images": [image(number) for number in TEST]}
    if categories:
        content["categories"] = [{"id": 1, "name": "person"}]
    return write_archive(path_of(raw, coco.TEST_INFO), {coco.TEST_FILE: json.dumps(content)})


def jpeg(number: int) -> bytes:
    """A JPEG of one colour, which encodes the number."""
    pixels = np.full((SIDE, SIDE, 3), number % 256, np.uint8)
    return cv2.imencode(".jpg", pixels)[1].tobytes()


def jpegs(split: str, count: int = 4) -> dict[str, bytes]:
    """Images by their paths below COCO's host."""
    first = 1 if split == "train" else 101
    return {f"{coco.FOLDERS[split]}/{number:012d}.jpg": jpeg(number) for number in range(first, first + count)}


def write_test_images(raw: Path) -> None:
    """Images of test-dev as single files of noise."""
    for number in TEST:
        pixels = np.random.default_rng(number).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
        path = raw / coco.HOST / coco.FOLDERS["test"] / f"{number:012d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(cv2.imencode(".jpg", pixels)[1].tobytes())


def write_mirror(mirror: Path, archives: bool) -> Path:
    """All that a preset can ask for: annotations, and images in archives or single files."""
    write_annotations(mirror)
    write_test_info(mirror)
    host = mirror / coco.HOST
    for split in ("train", "val"):
        if archives:
            write_archive(host / "zips" / f"{coco.FOLDERS[split]}.zip", jpegs(split))
        for name, content in ({} if archives else jpegs(split)).items():
            (host / name).parent.mkdir(parents=True, exist_ok=True)
            (host / name).write_bytes(content)
    files = sorted(path for path in host.rglob("*") if path.is_file())
    sums = "".join(f"{digest(path)}  {path.relative_to(mirror).as_posix()}\n" for path in files)
    (mirror / "SHA256SUMS").write_text(sums)
    return mirror
