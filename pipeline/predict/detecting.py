"""From images or a video to the file of keypoints that a person can look at, correct, and give to `predict` again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from pipeline.artifacts import InputError
from pipeline.geometry import coco_keypoints
from pipeline.predict import tracking
from pipeline.predict.detectors import Detector, People, overlap
from pipeline.predict.pictures import Pictures

FILE = "keypoints.json"
TOGETHER = 8  # images that are in memory at once
# Keypoints of a lower confidence are written as not found. In COCO's images, MoveNet's with less than 0.1 are a quarter
# of the person's length away from the truth (median), and those with 0.1 to 0.2 are an eighth.
LEAST_CONFIDENCE = 0.1
LEAST_FRAMES = 3  # of a video, that somebody must be seen in
USUAL_RATE = 30.0  # frames per second of a video that does not say


@dataclass(frozen=True)
class Found:
    """What a detector found in a number of images: names, sizes (width, height), people, and their numbers."""

    names: list[str]
    sizes: list[tuple[int, int]]
    people: list[People]
    numbers: list[NDArray[np.int64]] | None  # of a video
    left_out: int = 0  # people who were in too few frames


def detect(pictures: Pictures, detector: Detector) -> Found:
    """Find people in all images. Raises InputError for an image that cannot be read, and if there is nobody."""
    names, sizes, people = [], [], []
    with tqdm(total=pictures.count or None, desc="finding people", unit=" images", disable=None) as bar:
        for batch in _batches(pictures):
            names += [name for name, _ in batch]
            sizes += [(image.shape[1], image.shape[0]) for _, image in batch]
            people += detector.find([image for _, image in batch])
            bar.update(len(batch))
    if not any(map(len, people)):
        what = "frames" if pictures.sequence else "images"
        raise InputError(f"{pictures.path}: {detector.name} found nobody in its {len(names)} {what}")
    if not pictures.sequence:
        return Found(names, sizes, people, None)
    return _followed(Found(names, sizes, people, None), pictures)


def _batches(pictures: Pictures) -> Iterator[list[tuple[str, NDArray[np.uint8]]]]:
    images = iter(pictures)
    while batch := list(islice(images, TOGETHER)):
        yield batch


def _followed(found: Found, pictures: Pictures) -> Found:
    """With numbers of people, and without those who flash up."""
    everybody = tracking.follow([part.keypoints for part in found.people], pictures.frames_per_second or USUAL_RATE)
    numbers = tracking.without_short(everybody, LEAST_FRAMES)
    stay = [part != tracking.NOBODY for part in numbers]
    count = [
        len(np.unique(np.concatenate(part)))
        for part in (everybody, [part[rows] for part, rows in zip(numbers, stay, strict=True)])
    ]
    if not count[1]:
        raise InputError(
            f"{pictures.path}: nobody is found in {LEAST_FRAMES} of its {len(found.names)} frames; give single images"
        )
    people = [part.rows(rows) for part, rows in zip(found.people, stay, strict=True)]
    kept = [part[rows] for part, rows in zip(numbers, stay, strict=True)]
    return Found(found.names, found.sizes, people, kept, count[0] - count[1])


def as_coco(found: Found, pictures: Pictures, detector: Detector) -> dict[str, Any]:
    """COCO annotations: every image with its size, every person with keypoints.

    In place of COCO's visibility (0, 1 or 2) a keypoint has its confidence; 0 is "not there" in both. People of a video
    have a `track_id`, as in PoseTrack's files.
    """
    images = [
        {"id": index, "file_name": name, "width": width, "height": height}
        for index, (name, (width, height)) in enumerate(zip(found.names, found.sizes, strict=True))
    ]
    annotations: list[dict[str, Any]] = []
    for index, people in enumerate(found.people):
        for row in range(len(people)):
            number = {} if found.numbers is None else {"track_id": int(found.numbers[index][row])}
            person = _annotation(people.keypoints[row], float(people.score[row]))
            annotations.append({"id": len(annotations), "image_id": index, **number, **person})
    info: dict[str, Any] = {"description": f"found by {detector.name}", "source": pictures.path.name}
    if pictures.sequence:
        info["frames_per_second"] = pictures.frames_per_second or USUAL_RATE
    category = {"id": 1, "name": "person", "keypoints": list(coco_keypoints.NAMES)}
    skeleton = [[one + 1, other + 1] for one, other in coco_keypoints.BONES]
    return {
        "info": info,
        "images": images,
        "annotations": annotations,
        "categories": [{**category, "skeleton": skeleton}],
    }


def _annotation(keypoints: NDArray, score: float) -> dict[str, Any]:
    there = keypoints[:, 2] >= LEAST_CONFIDENCE
    written = np.where(there[:, None], keypoints, 0.0).astype(np.float64)
    written[:, :2] = written[:, :2].round(1)
    written[:, 2] = written[:, 2].round(3)
    box = overlap.boxes(written[None])[0] if there.any() else np.zeros(4)
    width, height = (box[2:] - box[:2]).round(1).tolist()
    return {
        "category_id": 1,
        "iscrowd": 0,
        "num_keypoints": int(there.sum()),
        "score": round(score, 3),
        "bbox": [*box[:2].round(1).tolist(), width, height],
        "area": round(width * height, 1),
        "keypoints": written.ravel().tolist(),
    }


def as_text(content: dict[str, Any]) -> str:
    """The JSON file, with a line for each image and each person."""
    parts = []
    for name, value in content.items():
        if name in ("images", "annotations"):
            parts.append(
                f'"{name}": [\n' + ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in value) + "\n]"
            )
        else:
            parts.append(f'"{name}": {json.dumps(value, ensure_ascii=False)}')
    return "{\n" + ",\n".join(parts) + "\n}\n"
