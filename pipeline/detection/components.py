"""What each component of a mixture does: its share, its sigma, where its offsets point, which sizes and views it takes.

All statistics are of predictions of score 0.5 or more, made by the component that was chosen. Shares are in percent.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.detection.detections import Detections
from pipeline.detection.image_set import ImageSet
from pipeline.detection.overlaps import all_pairs, box_iou
from pipeline.geometry.coco_keypoints import LEFT, RIGHT

CONFIDENT, STRICT = 0.5, 0.7  # scores (MDN offset, Table 3)
COLLAPSED = 95.0  # percent of predictions by one component
USED = 5.0  # percent of predictions, from which a component is said to have a view
SAME = 0.5  # IoU from which a detection is of an annotated person
PERCENTILES = {"low": 5, "first": 25, "median": 50, "third": 75, "high": 95}
Statistics = dict[str, float]


def rounded(value: float | np.floating) -> float:
    return round(float(value), 4)


def confident(detections: Detections, score: float = CONFIDENT) -> Detections:
    return detections.rows(detections.score >= score)


def shares(detections: Detections) -> list[float] | None:
    """Percent of the predictions made by each component; None if there are no predictions."""
    if not len(detections):
        return None
    counts = np.bincount(detections.component, minlength=detections.components)
    return [rounded(100 * count / len(detections)) for count in counts]


def spread(detections: Detections, component: int) -> Statistics | None:
    """detection.results.Spread of sigma in cells (Mixture Dense, Table 4)."""
    sigma = detections.sigmas[detections.component == component, component].astype(np.float64)
    if not len(sigma):
        return None
    (mean_x, mean_y), (sd_x, sd_y) = sigma.mean(axis=0), sigma.std(axis=0)
    return {"mean_x": rounded(mean_x), "mean_y": rounded(mean_y), "sd_x": rounded(sd_x), "sd_y": rounded(sd_y)}


def directions(detections: Detections, component: int) -> Statistics | None:
    """detection.results.Directions of offsets from the centre, before any refinement (Mixture Dense, Table 4)."""
    assert detections.component_keypoints is not None, "directions are those of keypoints"
    rows = detections.component == component
    if not rows.any():
        return None
    positive = detections.component_keypoints[rows, component] - detections.center[rows, None] > 0  # [n, 17, 2]
    left, right = (100 * positive[:, list(side)].mean(axis=(0, 1)) for side in (LEFT, RIGHT))
    return {
        "left_x": rounded(left[0]),
        "left_y": rounded(left[1]),
        "right_x": rounded(right[0]),
        "right_y": rounded(right[1]),
    }


def front_and_back(portions: list[float] | None, pointing: list[Statistics | None]) -> tuple[int | None, int | None]:
    """The components that see people from the front and from behind; None, None if those in use do not differ.

    A person who faces the camera has the left parts on the image's right (+x). In use is one that makes
    5 % of the predictions or more.
    """
    facing = {
        index: sides["left_x"] - sides["right_x"]
        for index, (portion, sides) in enumerate(zip(portions or [], pointing, strict=False))
        if portion >= USED and sides is not None
    }
    if not facing:
        return None, None
    front, back = max(facing, key=facing.__getitem__), min(facing, key=facing.__getitem__)
    return (front, back) if facing[front] > 0 > facing[back] else (None, None)


def matched(data: ImageSet, detections: Detections) -> NDArray[np.int64]:
    """For each detection [D] the annotated object that it is of, or -1.

    By IoU of boxes, 0.5 or more, best scores first, each object once and no crowds. Boxes and not keypoints decide, so
    that a component is not counted only where its pose is right.
    """
    image = np.repeat(np.arange(len(data)), np.diff(data.first))
    pairs = all_pairs(detections.image, image)
    iou = box_iou(detections.boxes, data.boxes, data.crowd, pairs)
    iou[data.crowd[pairs.truth] | (data.category[pairs.truth] != detections.category[pairs.detection])] = 0
    result = np.full(len(detections), -1)
    taken = np.zeros(len(data.category), dtype=bool)
    order = np.lexsort((-iou, -detections.score[pairs.detection]))
    for pair in order[iou[order] >= SAME]:
        found, true = pairs.detection[pair], pairs.truth[pair]
        if result[found] < 0 and not taken[true]:
            result[found], taken[true] = true, True
    return result


def back_views(data: ImageSet, detections: Detections) -> list[float | None]:
    """Percent of people seen from the back among the matched predictions of each component; None where unknown."""
    if data.back_view is None:
        return [None] * detections.components
    objects = matched(data, detections)
    seen = [data.back_view[objects[(detections.component == k) & (objects >= 0)]] for k in range(detections.components)]
    return [rounded(100 * views.mean()) if len(views) else None for views in seen]


def scales(sizes: NDArray) -> NDArray[np.float64]:
    """Square root of width times height [..., 2], in px."""
    return np.sqrt(np.asarray(sizes, dtype=np.float64).clip(min=0).prod(axis=-1))


def quartiles(values: NDArray, total: int) -> Statistics | None:
    """detection.results.Quartiles of scales, which are a part of `total` objects (Mixture Dense, Figure 2)."""
    if not len(values):
        return None
    points = {name: rounded(np.percentile(values, percent)) for name, percent in PERCENTILES.items()}
    return {**points, "share": rounded(100 * len(values) / total)}


def scale_division(detections: Detections) -> dict[str, float | None]:
    """How far components of boxes divide by scale and by category (Mixture Dense, Section 4.3.1 and Figure 2).

    `scale_correlation` and `category_correlation`: Pearson's, of the chosen component's rank (components ordered by
    median scale) with the predicted scale and with the category's number. That number is arbitrary, and so is the
    second correlation; it is the paper's check that nothing is there. `scale_variance`: of log scale within components,
    weighted by their shares. None where nothing varies.
    """
    size = scales(detections.boxes[:, 2:] - detections.boxes[:, :2])
    present = np.unique(detections.component)
    medians = [np.median(size[detections.component == k]) for k in present]
    rank = np.zeros(detections.components)
    rank[present[np.argsort(medians, kind="stable")]] = np.arange(len(present))
    logs = np.log(size.clip(min=1e-3))
    within = [((part := logs[detections.component == k]) - part.mean()) ** 2 for k in present]
    chosen = rank[detections.component]
    return {
        "scale_correlation": correlation(chosen, size),
        "category_correlation": correlation(chosen, detections.category),
        "scale_variance": rounded(np.concatenate(within).mean()) if within else None,
    }


def correlation(first: NDArray, second: NDArray) -> float | None:
    """Pearson's; None if one of them is constant."""
    if len(first) < 2 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    return rounded(np.corrcoef(first, second)[0, 1])
