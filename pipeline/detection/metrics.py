"""COCO's average precision and recall of detections and annotations in memory.

OKS and IoU are computed for all pairs at once (pipeline/detection/overlaps.py); faster-coco-eval matches and
accumulates. The results equal those of pycocotools on the same files (tests/detection/test_coco_metrics.py);
100,000 detections take a few seconds instead of 15.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline import artifacts
from pipeline.detection import overlaps
from pipeline.detection.detections import Detections
from pipeline.detection.image_set import ImageSet
from pipeline.detection.overlaps import Pairs, all_pairs, box_iou
from pipeline.geometry.coco_keypoints import COUNT, NAMES, SIGMAS
from pipeline.layout import Task

if TYPE_CHECKING:
    from pipeline.detection.results import Subset

NOSE = NAMES.index("nose")
OCCLUDED, VISIBLE = 1, 2  # COCO's visibility of an annotated keypoint
FACE_KEYPOINTS = 5  # of people in a subset by face; the paper's table of shares says "more than 5"
MAX_POSES = 20  # the best detections of an image (and category) that COCO looks at
MAX_BOXES = 100
Scores = dict[str, float | None]  # the fields of results.Precision


class NothingToFindError(ValueError):
    """The images have no annotated object (in the subset asked for), so precision is undefined."""


def evaluate(data: ImageSet, detections: Detections, subset: Subset = "all") -> Scores:
    """`evaluate_keypoints` or `evaluate_boxes`, by the data's task; boxes have only the subset `all`."""
    if data.task == "pose":
        return evaluate_keypoints(data, detections, subset=subset)
    assert subset == "all", f"boxes have no subset {subset}"
    return evaluate_boxes(data, detections)


def evaluate_keypoints(
    data: ImageSet,
    detections: Detections,
    joints: Sequence[int] | None = None,
    subset: Subset = "all",
    maximum: int = MAX_POSES,
) -> Scores:
    """AP and AR by OKS in percent, of all or some `joints` (MDN offset, Table 4) and of a subset (Table 2).

    Objects without any of these keypoints are ignored, as COCO ignores people without keypoints. The area of a
    detection is the extent of all its keypoints; by it COCO ignores unmatched detections in AP of medium and large
    people. Raises NothingToFindError.
    """
    assert detections.keypoints is not None, "these detections have no keypoints"
    chosen = list(range(COUNT) if joints is None else joints)
    visibility = subset_visibility(data.keypoints[..., 2], subset)[:, chosen]
    truths = np.concatenate([data.keypoints[:, chosen, :2], visibility[..., None]], axis=2)
    poses, factors = detections.keypoints, np.array(SIGMAS)[chosen]
    rows, true_rows, pairs = _pair(data, detections, maximum)
    similarity = overlaps.oks(
        poses[rows][:, chosen], truths[true_rows], data.boxes[true_rows], data.area[true_rows], factors, pairs
    )
    area = np.ptp(poses.astype(np.float64), axis=1).prod(axis=1)
    return _precision(
        data, detections, (rows, true_rows, pairs), similarity, area, (visibility > 0).sum(axis=1), maximum
    )


def evaluate_boxes(data: ImageSet, detections: Detections, maximum: int = MAX_BOXES) -> Scores:
    """AP and AR by IoU in percent, averaged over the categories that occur. Raises NothingToFindError."""
    rows, true_rows, pairs = _pair(data, detections, maximum)
    iou = box_iou(detections.boxes[rows], data.boxes[true_rows], data.crowd[true_rows], pairs)
    boxes = detections.boxes.astype(np.float64)
    area = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    return _precision(data, detections, (rows, true_rows, pairs), iou, area, None, maximum)


def _pair(data: ImageSet, detections: Detections, maximum: int) -> tuple[NDArray, NDArray, Pairs]:
    """The detections that count, sorted by image, category and falling score; the objects, sorted too; their pairs."""
    image = np.repeat(np.arange(len(data)), np.diff(data.first))
    truth_keys = image * len(data.category_ids) + data.category
    true_rows = np.argsort(truth_keys, kind="stable")
    keys = detections.image * len(data.category_ids) + detections.category
    rows = np.lexsort((-detections.score, keys))  # stable: equal scores keep their order
    place = np.arange(len(rows)) - np.searchsorted(keys[rows], keys[rows])  # 0 for the best of an image and category
    rows = rows[place < maximum]
    return rows, true_rows, all_pairs(keys[rows], truth_keys[true_rows])


def _precision(
    data: ImageSet,
    detections: Detections,
    paired: tuple[NDArray, NDArray, Pairs],
    overlap: NDArray,
    area: NDArray,
    annotated: NDArray | None,
    maximum: int,
) -> Scores:
    """Scores from the overlaps [P] of pairs, areas [D], and the number of annotated keypoints [M] of poses."""
    from pipeline.detection.coco_engine import accumulate

    rows, true_rows, pairs = paired
    ignored = data.crowd if annotated is None else data.crowd | (annotated == 0)
    if ignored.all():
        raise NothingToFindError(
            f"{data.annotations}: no annotated object to find among {len(data.crowd)}; take other images"
        )
    image = np.repeat(np.arange(len(data)), np.diff(data.first))
    identity = np.array(data.category_ids)
    truths = {
        "image_id": data.image_ids[image[true_rows]],
        "category_id": identity[data.category[true_rows]],
        "area": data.area[true_rows].astype(np.float64),
        "iscrowd": data.crowd[true_rows].astype(int),
        "num_keypoints": (~ignored[true_rows]).astype(int),
    }
    found = {
        "image_id": data.image_ids[detections.image[rows]],
        "category_id": identity[detections.category[rows]],
        "area": area[rows],
        "score": detections.score[rows].astype(np.float64),
    }
    return accumulate(data, truths, found, overlap, pairs, maximum, "keypoints" if data.task == "pose" else "bbox")


def subset_visibility(visibility: NDArray, subset: Subset) -> NDArray:
    """Visibility [M, 17] of the keypoints in a subset, 0 elsewhere (MDN offset, Table 2; Mixture Dense, Table 5).

    The subsets by face are of people with at least 5 annotated keypoints: those whose nose is visible, and those whose
    nose is occluded or not annotated. A keypoint outside the subset counts as "not annotated", so COCO's own rules
    apply to it, and a detection near a person without keypoints is neither right nor wrong. The papers only say
    "ignored". Their numbers show that detections of people outside the subset are no errors: 30 % of the people have an
    occluded face, and an AP of 52.8 on those alone would be impossible otherwise.
    """
    if subset == "all":
        kept = np.ones_like(visibility, dtype=bool)
    elif subset == "visible_keypoints":
        kept = visibility == VISIBLE
    elif subset == "occluded_keypoints":
        kept = visibility == OCCLUDED
    else:
        face = visibility[:, NOSE] == VISIBLE
        face = face if subset == "visible_face" else ~face
        kept = np.repeat(
            (face & ((visibility > 0).sum(axis=1) >= FACE_KEYPOINTS))[:, None], visibility.shape[1], axis=1
        )
    return np.where(kept, visibility, 0)


def face_share(visibility: NDArray, at_least: int) -> float | None:
    """Percentage with a visible nose of the people with this many annotated keypoints; None if there are none."""
    people = (visibility > 0).sum(axis=1) >= at_least
    return 100 * float((visibility[people, NOSE] == VISIBLE).mean()) if people.any() else None


def write_results(
    path: Path,
    detections: Detections,
    image_ids: NDArray,
    category_ids: Sequence[int],
    task: Task,
) -> None:
    """Write the file that COCO's server reads: the image, category, score, and keypoints or box in px of each object.

    `image_ids` [N] of the set's images. Coordinates are rounded to 0.01 px, scores to 1e-6.
    """
    if task == "pose":
        assert detections.keypoints is not None, "these detections have no keypoints"
        seen = np.ones((*detections.keypoints.shape[:2], 1))
        name, values = "keypoints", np.concatenate([detections.keypoints, seen], axis=2).reshape(len(detections), -1)
    else:
        boxes = detections.boxes.astype(np.float64)
        name, values = "bbox", np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
    rows = zip(
        np.asarray(image_ids)[detections.image].tolist(),
        np.array(category_ids)[detections.category].tolist(),
        values.astype(np.float64).round(2).tolist(),
        detections.score.astype(np.float64).round(6).tolist(),
        strict=True,
    )
    found = [{"image_id": i, "category_id": c, name: v, "score": s} for i, c, v, s in rows]
    artifacts.write_text(path, json.dumps(found, allow_nan=False))
