"""Folders like those of prepare_images: a few small made images with people, in COCO's own format."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import write_arrays, write_json
from pipeline.detection import image_set
from pipeline.detection.image_set import ImageSet
from pipeline.geometry import coco_keypoints

SIDE = 64


def person(image: int, box: tuple[float, float, float, float], keypoints: list[float] | None = None) -> dict[str, Any]:
    """One annotation. Keypoints are on the box's diagonal, all visible, unless they are given."""
    x, y, width, height = box
    if keypoints is None:
        share = np.linspace(0.05, 0.95, coco_keypoints.COUNT)
        places = np.stack([x + share * width, y + share * height, np.full_like(share, 2)], axis=1)
        keypoints = places.ravel().tolist()
    return {
        "id": 0,
        "image_id": image,
        "category_id": 1,
        "bbox": list(box),
        "area": width * height / 2,
        "iscrowd": 0,
        "keypoints": keypoints,
        "num_keypoints": sum(flag > 0 for flag in keypoints[2::3]),
    }


def content(annotations: list[dict[str, Any]], sizes: list[tuple[int, int]]) -> dict[str, Any]:
    """A whole file. Image i has the id 10 (i + 1)."""
    for number, annotation in enumerate(annotations):
        annotation["id"] = number + 1
    return {
        "info": {},
        "images": [
            {"id": 10 * (index + 1), "width": width, "height": height, "file_name": f"host/{index}.png"}
            for index, (width, height) in enumerate(sizes)
        ],
        "annotations": annotations,
        "categories": [{"id": 1, "name": "person", "keypoints": list(coco_keypoints.NAMES), "skeleton": []}],
    }


def write(folder: Path, annotations: list[dict[str, Any]], pixels: NDArray[np.uint8]) -> ImageSet:
    """Write `train` of images of one size, [N, H, W, 3], and read it."""
    count, height, width, _ = pixels.shape
    write_json(folder / "train.json", content(annotations, [(width, height)] * count))
    write_arrays(folder / "train.npz", {"pixels": pixels})
    return image_set.read(folder, "train", "pose", raw=folder)


def some_people(folder: Path, images: int = 4, people: int = 2, side: int = SIDE, seed: int = 0) -> ImageSet:
    """Smooth colours, people in random places, some over the border, some keypoints hidden or not annotated."""
    random = np.random.default_rng(seed)
    across = np.arange(side) * (2 * np.pi / side)
    phase = random.uniform(0, 6, (images, 1, 1, 3))
    waves = np.sin(across[:, None, None] + phase) + np.sin(2 * across[None, :, None] + phase)
    pixels = (127 + 60 * waves).astype(np.uint8)
    annotations = []
    for image in range(images):
        for _ in range(people):
            corner, size = random.uniform(-0.2, 0.7, 2) * side, random.uniform(0.2, 0.8, 2) * side
            annotation = person(10 * (image + 1), (*corner.tolist(), *size.tolist()))
            annotation["keypoints"][2::3] = random.integers(0, 3, coco_keypoints.COUNT).tolist()
            annotations.append(annotation)
    return write(folder, annotations, pixels)
