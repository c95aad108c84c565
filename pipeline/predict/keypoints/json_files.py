"""The JSON files of pose estimators: COCO's results and annotations, AlphaPose's results, OpenPose's frames."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.artifacts import InputError
from pipeline.predict.keypoints.layouts import BODY_25, COCO_17, HALPE_26, OPENPOSE_18
from pipeline.predict.keypoints.table import FASTEST, Table, rows_of

LARGEST = 10**15  # of a person
OF_RESULTS = {layout.count: layout for layout in (COCO_17, HALPE_26)}
OF_OPENPOSE = {layout.count: layout for layout in (BODY_25, OPENPOSE_18)}
KNOWN = (
    "COCO results (a list with image_id and keypoints), COCO annotations (images and annotations), AlphaPose (a list "
    "with image_id and keypoints) or OpenPose (people with pose_keypoints_2d)"
)


def read(content: Any, path: Path) -> Table:
    """The table of a JSON file's content. Raises InputError for content of another kind."""
    if isinstance(content, list) and all(_has(entry, "image_id", "keypoints") for entry in content):
        return _results(content, path)
    if _has(content, "images", "annotations"):
        return _annotations(content, path)
    if _has(content, "people"):
        return openpose([(path.name, content)], path)
    raise InputError(f"{path}: JSON of an unknown kind; expected {KNOWN}")


def _has(value: Any, *keys: str) -> bool:
    return isinstance(value, Mapping) and all(key in value for key in keys)


def _results(content: Sequence[Mapping[str, Any]], path: Path) -> Table:
    """COCO's results name images by number, AlphaPose's by file; AlphaPose's tracker adds `idx`."""
    values = rows_of([list(_numbers(entry, "keypoints", path)) for entry in content], 3, path)
    images = tuple(str(entry["image_id"]) for entry in content)
    alphapose = any(isinstance(entry["image_id"], str) for entry in content)
    person = np.array([_identity(entry, path) for entry in content], dtype=int)
    if len(values) and values.shape[1] not in OF_RESULTS:
        raise InputError(f"{path}: {values.shape[1]} keypoints for a person; expected COCO's 17 or Halpe's 26")
    return Table(
        values=values,
        images=images,
        frame=_numbered(images),
        person=person,
        size=np.full((len(content), 2), np.nan),
        source="AlphaPose" if alphapose else "COCO results",
        sequence=bool(len(person)) and bool((person >= 0).all()),
        layout=OF_RESULTS.get(values.shape[1]),
    )


def _annotations(content: Mapping[str, Any], path: Path) -> Table:
    """COCO's annotations, and those that `predict` writes of a video: people with a `track_id`, as PoseTrack's have."""
    try:
        twice = [number for number, count in Counter(image["id"] for image in content["images"]).items() if count > 1]
        sizes = {image["id"]: (float(image["width"]), float(image["height"])) for image in content["images"]}
        names = {image["id"]: str(image.get("file_name", image["id"])) for image in content["images"]}
        people = [entry for entry in content["annotations"] if any(entry.get("keypoints", ()))]
        images = [entry["image_id"] for entry in people]
        unknown = sorted({image for image in images if image not in sizes})
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise InputError(f"{path}: not complete COCO annotations ({error!r} is missing or wrong)") from None
    if twice:
        raise InputError(f"{path}: images: more than one has the id {twice[0]!r:.40}; give each its own")
    if unknown:
        raise InputError(f"{path}: annotations: image_id {unknown[0]} is not in images")
    values = rows_of([list(_numbers(entry, "keypoints", path)) for entry in people], 3, path)
    without = len(content["annotations"]) - len(people)
    person = np.array([_identity(entry, path) for entry in people], dtype=int)
    place = {image: index for index, image in enumerate(sizes)}
    return Table(
        values=values,
        images=tuple(names[image] for image in images),
        frame=np.array([place[image] for image in images], dtype=int),
        person=person,
        size=np.array([sizes[image] for image in images]).reshape(-1, 2),
        source="COCO annotations",
        sequence=bool(len(person)) and bool((person >= 0).all()),
        layout=COCO_17,
        notes=(f"{without} annotations without keypoints were left out",) if without else (),
        frames_per_second=_rate(content.get("info"), path),
    )


def _rate(info: Any, path: Path) -> float | None:
    """The frames per second that the file of a video says."""
    rate = info.get("frames_per_second") if isinstance(info, Mapping) else None
    if rate is None:
        return None
    if not isinstance(rate, int | float) or not 0 < rate <= FASTEST:
        raise InputError(f"{path}: info.frames_per_second: {rate!r:.20} is no number above 0, and at most {FASTEST:,}")
    return float(rate)


def openpose(files: Sequence[tuple[str, Mapping[str, Any]]], path: Path) -> Table:
    """OpenPose writes a file for each frame; `files` are their names and contents in order."""
    numbers, frame, person = [], [], []
    for index, (name, content) in enumerate(files):
        if not _has(content, "people") or not isinstance(content["people"], list):
            raise InputError(f"{path}: {name} is no OpenPose file (it has no list `people`); a folder needs one kind")
        for entry in content["people"]:
            numbers.append(list(_numbers(entry, "pose_keypoints_2d", path)))
            frame.append(index)
            person.append(_identity(entry, path))
    values = rows_of(numbers, 3, path)
    if len(values) and values.shape[1] not in OF_OPENPOSE:
        raise InputError(f"{path}: {values.shape[1]} keypoints for a person; OpenPose has 25 (BODY_25) or 18 (COCO)")
    names = [name.removesuffix(".json").removesuffix("_keypoints") for name, _ in files]
    return Table(
        values=values,
        images=tuple(names[index] for index in frame),
        frame=np.array(frame, dtype=int),
        person=np.array(person, dtype=int),
        size=np.full((len(frame), 2), np.nan),
        source="OpenPose",
        sequence=len(files) > 1,
        layout=OF_OPENPOSE.get(values.shape[1]),
    )


def _numbers(entry: Any, key: str, path: Path) -> Sequence[float]:
    """The flat numbers of one person."""
    found = entry.get(key) if isinstance(entry, Mapping) else None
    if not isinstance(found, list) or not all(isinstance(value, int | float) for value in found):
        raise InputError(f"{path}: {key}: expected a list of numbers, x, y and confidence of each joint")
    if not found or len(found) % 3:
        raise InputError(f"{path}: {key}: has {len(found)} numbers; expected x, y and confidence of each joint")
    return found


def _identity(entry: Mapping[str, Any], path: Path) -> int:
    """A tracker's number of the person, or -1."""
    for key in ("track_id", "idx", "person_id"):
        value = entry.get(key)
        value = value[0] if isinstance(value, list) and value else value
        if isinstance(value, int | float) and value >= 0:
            if value > LARGEST:  # infinity too
                raise InputError(f"{path}: {key}: {value!r:.20} is no number of a person; number people 0, 1, 2, ...")
            return int(value)
    return -1


def _numbered(images: Sequence[Any]) -> np.ndarray:
    """0, 1, 2, ... for the images in their order of appearance, [N]."""
    numbers = {image: index for index, image in enumerate(dict.fromkeys(images))}
    return np.array([numbers[image] for image in images], dtype=int)
