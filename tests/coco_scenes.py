"""Random annotations and detections as COCO's files and as our arrays, and the scores of pycocotools."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.detection.detections import Detections
from pipeline.detection.image_set import ImageSet
from pipeline.geometry.coco_keypoints import NAMES


def quarter(values: NDArray) -> NDArray:
    """Rounded to quarters, which float32 and JSON keep exactly."""
    return np.round(np.asarray(values, dtype=np.float64) * 4) / 4


def random_set(images: int, objects: int, task: str, seed: int = 0, plain: bool = False) -> ImageSet:
    """Objects of all sizes in images of 640 x 480, an eighth of the images without any.

    Unless `plain`, some are crowds, some people have no keypoints, and their areas are smaller than their boxes.
    """
    rng = np.random.default_rng(seed)
    of_image = np.sort(rng.integers(0, images - images // 8, objects))
    size = quarter(np.exp(rng.uniform(np.log(8), np.log(300), (objects, 2))))
    corner = quarter(rng.uniform(0, 1, (objects, 2)) * (np.array([640, 480]) - size).clip(min=0))
    places = quarter(corner[:, None] + rng.uniform(0, 1, (objects, 17, 2)) * size[:, None])
    visibility = rng.choice([0, 1, 2], (objects, 17), p=[0.3, 0.2, 0.5])
    if plain:
        visibility[:] = 2
    else:
        visibility[rng.random(objects) < 0.3] = 0
    keypoints = np.concatenate([places * (visibility > 0)[..., None], visibility[..., None]], axis=2)
    category_ids = (1,) if task == "pose" else (1, 4, 9, 90)
    return ImageSet(
        task=task,
        image_ids=rng.permutation(np.arange(images) * 7 + 3),
        sizes=np.tile([640, 480], (images, 1)),
        first=np.searchsorted(of_image, np.arange(images + 1)),
        boxes=np.concatenate([corner, corner + size], axis=1).astype(np.float32),
        category=rng.integers(0, len(category_ids) - (task == "boxes"), objects),  # the last category does not occur
        crowd=np.zeros(objects, bool) if plain else rng.random(objects) < 0.1,
        area=quarter(size.prod(axis=1) * (1 if plain else rng.uniform(0.3, 1, objects))).astype(np.float32),
        keypoints=(keypoints if task == "pose" else np.zeros_like(keypoints)).astype(np.float32),
        back_view=None,
        category_ids=category_ids,
        category_names=tuple(f"kind {i}" for i in category_ids),
        annotations=Path("annotations.json"),
        images=None,
    )


def people_apart(images: int, each: int, task: str = "pose") -> ImageSet:
    """People (or objects of one category) of 40 x 40 px side by side, 100 px apart, every keypoint visible."""
    count = images * each
    data = random_set(images, count, task, plain=True)
    corner = np.stack([100.0 * (np.arange(count) % each), np.zeros(count)], axis=1)
    places = np.random.default_rng(0).uniform(0, 40, (17, 2))
    keypoints = np.concatenate([corner[:, None] + places, np.full((count, 17, 1), 2.0)], axis=2)
    return replace(
        data,
        first=np.arange(images + 1) * each,
        boxes=np.concatenate([corner, corner + 40], axis=1).astype(np.float32),
        area=np.full(count, 1600, np.float32),
        keypoints=keypoints.astype(np.float32),
        category=np.zeros(count, int),
    )


def detect(data: ImageSet, detections: int, noise: float = 0.1, components: int = 1, seed: int = 1) -> Detections:
    """Detections near random objects (moved by `noise` of the size, or wildly, or in another image)."""
    rng = np.random.default_rng(seed)
    objects = rng.integers(0, len(data.category), detections)
    image = np.repeat(np.arange(len(data)), np.diff(data.first))[objects]
    image = np.where(rng.random(detections) < 0.05, rng.integers(0, len(data), detections), image)
    score = rng.choice(np.arange(1, 1000) / 1024, detections).astype(np.float32)  # many are equal
    order = np.lexsort([-score, image])
    objects, image, score = objects[order], image[order], score[order]
    boxes = data.boxes[objects]
    size = np.sqrt((boxes[:, 2:] - boxes[:, :2]).prod(axis=1))
    spread = noise * size * rng.choice([0.3, 1, 4], detections)
    keypoints = data.keypoints[objects, :, :2] + spread[:, None, None] * rng.standard_normal((detections, 17, 2))
    boxes = quarter(boxes + spread[:, None] * rng.standard_normal((detections, 4)))
    boxes[:, 2:] = np.maximum(boxes[:, 2:], boxes[:, :2] + 1)
    wrong = rng.random(detections) < 0.2
    category = np.where(wrong, rng.integers(0, len(data.category_ids), detections), data.category[objects])
    return make_detections(
        image, score, category, boxes, quarter(keypoints) if data.task == "pose" else None, components
    )


def make_detections(
    image: NDArray,
    score: NDArray,
    category: NDArray,
    boxes: NDArray,
    keypoints: NDArray | None,
    components: int = 1,
) -> Detections:
    """Detections whose components all predict the same; the first is chosen and has all the weight."""
    count = len(image)
    places = None if keypoints is None else keypoints.astype(np.float32)
    weights = np.zeros((count, components), np.float32)
    weights[:, :1] = 1
    return Detections(
        image=np.asarray(image),
        score=np.asarray(score, np.float32),
        category=np.asarray(category),
        center=((boxes[:, :2] + boxes[:, 2:]) / 2).astype(np.float32),
        boxes=np.asarray(boxes, np.float32),
        component=np.zeros(count, np.int64),
        weights=weights,
        sigmas=np.ones((count, components, 2), np.float32),
        sizes=np.repeat((boxes[:, 2:] - boxes[:, :2])[:, None], components, axis=1).astype(np.float32),
        keypoints=places,
        component_keypoints=None
        if keypoints is None
        else np.repeat(keypoints[:, None], components, 1).astype(np.float32),
    )


def perfect(data: ImageSet, components: int = 1) -> Detections:
    """The annotations as detections, of score 0.9."""
    image = np.repeat(np.arange(len(data)), np.diff(data.first))
    keypoints = data.keypoints[..., :2] if data.task == "pose" else None
    score = np.full(len(image), 0.9)
    return make_detections(image, score, data.category, data.boxes, keypoints, components)


def annotations_of(data: ImageSet) -> dict:
    """COCO's annotation file."""
    image = np.repeat(data.image_ids, np.diff(data.first))
    boxes = data.boxes.astype(np.float64)
    rows = []
    for i in range(len(image)):
        row = {"id": i + 1, "image_id": int(image[i]), "category_id": data.category_ids[data.category[i]]}
        row |= {"bbox": [*boxes[i, :2].tolist(), *(boxes[i, 2:] - boxes[i, :2]).tolist()]}
        row |= {"area": float(data.area[i]), "iscrowd": int(data.crowd[i])}
        if data.task == "pose":
            row["keypoints"] = data.keypoints[i].astype(np.float64).ravel().tolist()
            row["num_keypoints"] = int((data.keypoints[i, :, 2] > 0).sum())
        rows.append(row)
    kinds = [{"id": i, "name": n} for i, n in zip(data.category_ids, data.category_names, strict=True)]
    if data.task == "pose":
        kinds[0] |= {"keypoints": list(NAMES), "skeleton": []}
    sizes = data.sizes.tolist()
    images = [{"id": int(i), "width": w, "height": h} for i, (w, h) in zip(data.image_ids, sizes, strict=True)]
    return {"info": {}, "images": images, "annotations": rows, "categories": kinds}


def reference(annotations: dict, results: Path, task: str, factors: NDArray | None = None) -> dict[str, float | None]:
    """The scores of pycocotools for annotations and a results file: the fields of detection.results.Precision."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    path = results.with_name("annotations.json")
    path.write_text(json.dumps(annotations))
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(path))
        engine = COCOeval(truth, truth.loadRes(str(results)), "keypoints" if task == "pose" else "bbox")
        if factors is not None:
            engine.params.kpt_oks_sigmas = factors
        engine.evaluate()
        engine.accumulate()
        engine.summarize()
    stats = [None if value == -1 else round(100 * float(value), 4) for value in engine.stats]
    if task == "pose":
        names = ("ap", "ap_50", "ap_75", "ap_medium", "ap_large", "ar")
        return {**dict(zip(names, stats, strict=False)), "ap_small": None}
    names = ("ap", "ap_50", "ap_75", "ap_small", "ap_medium", "ap_large", "", "", "ar")
    return {name: value for name, value in zip(names, stats, strict=False) if name}
