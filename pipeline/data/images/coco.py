"""COCO 2017: which files a preset needs, and the annotations that belong to its images and the task.

Annotations come in one archive; images come in one archive per split, or each alone. Terms: annotations CC BY 4.0;
every image under the Flickr licence that its record names (`licenses` in the annotation file).
"""

from __future__ import annotations

import json
import re
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from tqdm import tqdm

from pipeline.artifacts import InputError, atomic
from pipeline.layout import Task

HOST = "images.cocodataset.org"
ADDRESS = f"http://{HOST}"
ANNOTATIONS = f"{ADDRESS}/annotations/annotations_trainval2017.zip"
TEST_INFO = f"{ADDRESS}/annotations/image_info_test2017.zip"
FOLDERS = {"train": "train2017", "val": "val2017", "test": "test2017"}
FILES = {
    "pose": "annotations/person_keypoints_{}2017.json",
    "boxes": "annotations/instances_{}2017.json",
}
TEST_FILE = "annotations/image_info_test-dev2017.json"
KEPT_OF_IMAGE = ("id", "width", "height")
TERMS_OF_IMAGE = ("license", "flickr_url")
BOX = ("id", "image_id", "category_id", "bbox", "area", "iscrowd")
KEPT_OF_OBJECT = {"pose": (*BOX, "keypoints", "num_keypoints"), "boxes": BOX}
IMAGE_NAME = re.compile(r"\d{12}\.jpg")

Split = Literal["train", "val", "test"]
TASKS: tuple[Task, ...] = ("pose", "boxes")


def annotation_addresses(test_dev: bool) -> list[str]:
    """The archives that list the images."""
    return [ANNOTATIONS, *([TEST_INFO] if test_dev else [])]


def splits(test_dev: bool) -> tuple[Split, ...]:
    """The splits that a preset has."""
    return ("train", "val", "test") if test_dev else ("train", "val")


def archive_of(raw: Path, split: Split) -> Path:
    """Where the archive of a split's images is, or would be."""
    return _path(raw, f"{ADDRESS}/zips/{FOLDERS[split]}.zip")


def image_addresses(raw: Path, single: bool, limit: int | None, test_dev: bool) -> list[str]:
    """The archives, or the single images of both tasks, which the annotations in `raw` list.

    A split whose images a user has unpacked there, without the archive, is taken as single images: its 18 GB are not
    fetched again.
    """
    found: list[str] = []
    for split in splits(test_dev):
        unpacked = (raw / HOST / FOLDERS[split]).is_dir() and not archive_of(raw, split).exists()
        paths = _listed(raw, split, limit) if single or unpacked else []
        if single or (unpacked and all((raw / path).is_file() for path in paths)):
            found += [f"http://{path}" for path in paths]
        else:
            found.append(f"{ADDRESS}/zips/{FOLDERS[split]}.zip")
    return found


def _listed(raw: Path, split: Split, limit: int | None) -> list[str]:
    """The images of a split that the annotations of either task list, as paths below `raw`."""
    images = (image for task in TASKS for image in read_annotations(raw, split, task, limit)["images"])
    return sorted({image["file_name"] for image in images})


def read_annotations(
    raw: Path, split: Split, task: Task, limit: int | None = None, unlabelled_people: bool = True
) -> dict[str, Any]:
    """COCO's annotation file of a split without its segmentations; `file_name` is a path below `raw`.

    With `limit`, only the first images of the file. Training images for poses are those with a person (64 thousand);
    validation images are all. `test` (test-dev) has no annotations, and categories only if the file lists them. Without
    `unlabelled_people`, training for poses has only people with keypoints. Raises InputError with one line on an
    archive or a file that is not COCO's.
    """
    content = _test_images(raw) if split == "test" else _member(raw, ANNOTATIONS, FILES[task].format(split))
    where = f"{_path(raw, TEST_INFO if split == 'test' else ANNOTATIONS)}: {split}"
    try:
        images = [_image(image, FOLDERS[split]) for image in content["images"][:limit]]
        wanted = {image["id"] for image in images}
        objects = [
            {key: one[key] for key in KEPT_OF_OBJECT[task]}
            for one in content["annotations"]
            if one["image_id"] in wanted
        ]
        if task == "pose" and split == "train":
            objects = [one for one in objects if unlabelled_people or one["num_keypoints"]]
            with_people = {one["image_id"] for one in objects}
            images = [image for image in images if image["id"] in with_people]
        categories = [dict(one) for one in content["categories"] if task == "boxes" or one["name"] == "person"]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"{where}: not COCO's annotations ({error!r}); move the archive away and download again"
        ) from None
    return {
        "info": {"description": f"COCO 2017, {split}, {task}"},
        "licenses": content.get("licenses", []),
        "images": images,
        "annotations": objects,
        "categories": categories,
    }


def counts(content: dict[str, Any], task: Task) -> dict[str, int]:
    """The numbers of images and objects of a split; for poses also of people with keypoints."""
    found = {"images": len(content["images"]), "objects": len(content["annotations"])}
    if task == "pose":
        found["with_keypoints"] = sum(one["num_keypoints"] > 0 for one in content["annotations"])
    return found


def unpack_images(raw: Path, split: Split) -> None:
    """Unpack a split's archive beside it, to where single images would be; files that are there already stay.

    Raises InputError for a damaged archive. Only <folder>/<number>.jpg is unpacked.
    """
    folder = FOLDERS[split]
    path = archive_of(raw, split)

    def unpack(archive: zipfile.ZipFile) -> None:
        members = [one for one in archive.infolist() if _is_image(one.filename, folder)]
        for member in tqdm(members, desc=f"unpack {folder}", unit=" images", delay=5):
            target = raw / HOST / member.filename
            if not target.exists() or target.stat().st_size != member.file_size:
                _write(target, archive.read(member))  # which checks the CRC

    _with_archive(path, unpack)


def _write(target: Path, content: bytes) -> None:
    try:
        with atomic(target) as part:
            part.write_bytes(content)
    except OSError as error:  # not an archive that cannot be read
        raise InputError(f"{target}: cannot be written ({error.strerror}); make room and run it again") from None


def _is_image(name: str, folder: str) -> bool:
    place, _, file = name.rpartition("/")
    return place == folder and IMAGE_NAME.fullmatch(file) is not None


def _image(image: dict[str, Any], folder: str) -> dict[str, Any]:
    name = image["file_name"]
    if not IMAGE_NAME.fullmatch(name):
        raise KeyError(f"file_name {name!r}")
    kept = {key: image[key] for key in KEPT_OF_IMAGE} | {key: image[key] for key in TERMS_OF_IMAGE if key in image}
    return {"file_name": f"{HOST}/{folder}/{name}"} | kept


def _test_images(raw: Path) -> dict[str, Any]:
    return {"annotations": [], "categories": []} | _member(raw, TEST_INFO, TEST_FILE)


def _member(raw: Path, address: str, name: str) -> dict[str, Any]:
    """A JSON file in an archive of `raw`."""
    path = _path(raw, address)

    def read(archive: zipfile.ZipFile) -> dict[str, Any]:
        try:
            content = json.loads(archive.read(name))
        except KeyError:
            holds = ", ".join(archive.namelist()[:3]) or "nothing"
            raise InputError(
                f"{path}: {name}: not in the archive, which holds {holds}; move the archive away and download again"
            ) from None
        if not isinstance(content, dict):
            raise ValueError(f"{name} is no mapping")
        return content

    return _with_archive(path, read)


def _with_archive(path: Path, work: Callable[[zipfile.ZipFile], Any]) -> Any:
    try:
        with zipfile.ZipFile(path) as archive:
            return work(archive)
    except FileNotFoundError:
        raise InputError(f"{path}: missing; run `python -m pipeline download`") from None
    except (OSError, ValueError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise InputError(f"{path}: damaged ({error}); move it away and run `python -m pipeline download`") from None


def _path(raw: Path, address: str) -> Path:
    return raw / address.removeprefix("http://")
