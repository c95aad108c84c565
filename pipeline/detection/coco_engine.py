"""Matching, accumulation and averages by faster-coco-eval, from overlaps that are already computed."""

from __future__ import annotations

from typing import Literal

import numpy as np
from faster_coco_eval.core import COCO
from faster_coco_eval.core.faster_eval_api import COCOeval_faster
from numpy.typing import NDArray

from pipeline.detection.image_set import ImageSet
from pipeline.detection.overlaps import Pairs

HALF, THREE_QUARTERS = 0, 5  # rows of the thresholds 0.50, 0.55, ..., 0.95


def _silent(*_: object) -> None:
    pass


class _Evaluation(COCOeval_faster):
    """The evaluator with our overlaps, {(image, category): [detections by falling score, objects]}."""

    overlaps: dict[tuple[int, int], NDArray]

    def computeOks(self, imgId: int, catId: int) -> NDArray | list:  # noqa: N802, N803 - its names
        return self.overlaps.get((imgId, catId), [])

    computeIoU = computeOks  # noqa: N815


def accumulate(
    data: ImageSet,
    truths: dict[str, NDArray],
    found: dict[str, NDArray],
    overlap: NDArray,
    pairs: Pairs,
    maximum: int,
    kind: Literal["keypoints", "bbox"],
) -> dict[str, float | None]:
    """The fields of results.Precision, in percent.

    `truths` and `found`: columns of COCO's annotations and results, sorted by image and category, and `found` also by
    falling score; `overlap` [P] of their pairs.
    """
    frame = {"images": [{"id": int(i)} for i in data.image_ids], "categories": [{"id": i} for i in data.category_ids]}
    engine = _Evaluation(
        *(COCO({**frame, "annotations": _records(columns)}, print_function=_silent) for columns in (truths, found)),
        iouType=kind,
        print_function=_silent,
    )
    engine.overlaps = _blocks(found, overlap, pairs)
    engine.params.maxDets = [maximum]
    engine.evaluate()
    engine.accumulate()
    precision, recall = engine.eval["precision"][..., 0], engine.eval["recall"][..., 0]  # [T, R, C, A], [T, C, A]
    labels = engine.params.areaRngLbl
    scores = {
        "ap": _mean(precision[..., 0]),
        "ap_50": _mean(precision[HALF, ..., 0]),
        "ap_75": _mean(precision[THREE_QUARTERS, ..., 0]),
    }
    for size in ("small", "medium", "large"):
        scores[f"ap_{size}"] = _mean(precision[..., labels.index(size)]) if size in labels else None
    return {**scores, "ar": _mean(recall[..., 0])}


def _records(columns: dict[str, NDArray]) -> list[dict]:
    names = ("id", *columns)
    ids = range(1, len(columns["image_id"]) + 1)  # 0 would mean "not matched"
    return [
        dict(zip(names, row, strict=True)) for row in zip(ids, *(v.tolist() for v in columns.values()), strict=True)
    ]


def _blocks(found: dict[str, NDArray], overlap: NDArray, pairs: Pairs) -> dict[tuple[int, int], NDArray]:
    """The flat overlaps, split by image and category."""
    place = np.stack([found["image_id"], found["category_id"]])
    starts = np.flatnonzero(np.concatenate([[True], (place[:, 1:] != place[:, :-1]).any(axis=0)])[: place.shape[1]])
    ends = np.append(starts[1:], place.shape[1])
    return {
        (image, category): overlap[low:high].reshape(count, -1)
        for image, category, low, high, count in zip(
            *place[:, starts].tolist(),
            pairs.first[starts].tolist(),
            pairs.first[ends].tolist() if len(starts) else [],
            (ends - starts).tolist() if len(starts) else [],
            strict=True,
        )
        if high > low
    }


def _mean(values: NDArray) -> float | None:
    """The mean in percent over the categories that occur; None if none occurs."""
    values = np.asarray(values)[np.asarray(values) > -1]
    return round(100 * float(values.mean()), 4) if values.size else None
