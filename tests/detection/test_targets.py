"""CenterNet's targets, against a plain loop over people and cells that shares no code with them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from pipeline.detection import STRIDE
from pipeline.detection.targets import (
    Annotations,
    Targets,
    affine_transform,
    draw_gaussian,
    gaussian_radius,
    make_targets,
)
from pipeline.geometry import coco_keypoints

GRID = 24
SIZE = STRIDE * GRID


def some_annotations(objects: int = 30, batch: int = 4, categories: int = 1, whole: bool = False) -> Annotations:
    """Random objects, some over the border; `whole`: in px without fractions."""
    torch.manual_seed(0)
    corner = torch.rand(objects, 2) * SIZE * 1.2 - 0.2 * SIZE
    boxes = torch.cat([corner, corner + 2 + torch.rand(objects, 2) * 0.6 * SIZE], dim=1)
    keypoints = torch.rand(objects, 17, 2) * SIZE
    visible = torch.rand(objects, 17) < 0.6
    visible[::5] = False
    if whole:
        boxes, keypoints = boxes.round(), keypoints.floor()
    inside = (boxes[:, :2] < SIZE - STRIDE).all(dim=1) & (boxes[:, 2:] > 0).all(dim=1)
    assert 10 < inside.sum() <= objects
    return Annotations(
        torch.randint(batch, (objects,)).sort().values,
        torch.randint(categories, (objects,)),
        boxes,
        keypoints,
        visible,
        visible.any(dim=1),
    )


def radius_of(width: float, height: float) -> float:
    """CornerNet's three quadratics, solved by hand, with its slip: (b + root) / 2, whatever a is."""
    o, s, p = 0.7, width + height, width * height
    one_in_one_out = (s + math.sqrt(s * s - 4 * p * (1 - o) / (1 + o))) / 2
    both_in = (2 * s + math.sqrt(4 * s * s - 16 * (1 - o) * p)) / 2
    both_out = (-2 * o * s + math.sqrt(4 * o * o * s * s + 16 * o * (1 - o) * p)) / 2
    return min(one_in_one_out, both_in, both_out)


def plain_gaussian(image: np.ndarray, x: int, y: int, radius: int) -> None:
    for row in range(max(0, y - radius), min(len(image), y + radius + 1)):
        for column in range(max(0, x - radius), min(len(image), x + radius + 1)):
            squares = (row - y) ** 2 + (column - x) ** 2
            value = math.exp(-squares / (2 * ((2 * radius + 1) / 6) ** 2))
            image[row, column] = max(image[row, column], value)


def plain_heatmaps(annotations: Annotations, categories: int, batch: int) -> tuple[np.ndarray, np.ndarray]:
    centers = np.zeros((batch, categories, GRID, GRID))
    joints = np.zeros((batch, 17, GRID, GRID))
    for row in range(len(annotations)):
        x0, y0, x1, y1 = (min(max(float(value) / 4, 0), GRID - 1) for value in annotations.boxes[row])
        if x1 <= x0 or y1 <= y0:
            continue
        radius = max(0, int(radius_of(math.ceil(x1 - x0), math.ceil(y1 - y0))))
        image, category = int(annotations.image[row]), int(annotations.category[row])
        plain_gaussian(centers[image, category], int((x0 + x1) / 2), int((y0 + y1) / 2), radius)
        for joint in range(17):
            if annotations.visible[row, joint]:
                x, y = (int(float(value) / 4) for value in annotations.keypoints[row, joint])
                plain_gaussian(joints[image, joint], x, y, radius)
    return centers, joints


@pytest.mark.parametrize("categories", [1, 3])
def test_heatmaps_equal_those_of_a_plain_loop(categories: int) -> None:
    annotations = some_annotations(categories=categories)
    centers, joints = plain_heatmaps(annotations, categories, batch=4)
    targets = make_targets(annotations, "pose", categories, 4, GRID)
    assert targets.keypoint_heatmap is not None
    torch.testing.assert_close(targets.center_heatmap.double(), torch.from_numpy(centers), atol=1e-6, rtol=0)
    torch.testing.assert_close(targets.keypoint_heatmap.double(), torch.from_numpy(joints), atol=1e-6, rtol=0)
    peaks = targets.center_heatmap[targets.image, targets.category].flatten(1)
    assert (peaks.gather(1, targets.cell[:, None]) == 1).all()
    peaks = targets.keypoint_heatmap[targets.point_image, targets.point_joint].flatten(1)
    assert (peaks.gather(1, targets.point_cell[:, None]) == 1).all()
    boxes = make_targets(annotations, "boxes", categories, 4, GRID)
    assert boxes.keypoint_heatmap is None and torch.equal(boxes.center_heatmap, targets.center_heatmap)


def test_numbers_at_centers_give_the_annotations_back() -> None:
    annotations = some_annotations()
    targets = make_targets(annotations, "pose", 1, 4, GRID)
    cell = torch.stack([targets.cell % GRID, targets.cell // GRID], dim=1).float()
    center = STRIDE * (cell + targets.center_offset)
    boxes = torch.cat([center - STRIDE * targets.size / 2, center + STRIDE * targets.size / 2], dim=1)
    cut = annotations.boxes.clamp(0, STRIDE * (GRID - 1))
    kept = (cut[:, 2:] > cut[:, :2]).all(dim=1)
    assert 0 < len(boxes) == kept.sum() < len(annotations)
    torch.testing.assert_close(boxes, cut[kept], atol=1e-4, rtol=0)
    assert (targets.center_offset >= 0).all() and (targets.center_offset < 1).all()
    keypoints = STRIDE * (cell[:, None] + targets.keypoint_offset)
    mask = annotations.visible[kept]
    assert torch.equal(targets.keypoint_mask, mask)
    torch.testing.assert_close(keypoints[mask], annotations.keypoints[kept][mask], atol=1e-4, rtol=0)
    assert not targets.keypoint_offset[~mask].any()
    point = torch.stack([targets.point_cell % GRID, targets.point_cell // GRID], dim=1) + targets.point_offset
    torch.testing.assert_close(STRIDE * point, annotations.keypoints[kept][mask], atol=1e-4, rtol=0)


def test_people_without_keypoints_have_only_a_centre_peak() -> None:
    annotations = some_annotations()
    targets = make_targets(annotations, "pose", 1, 4, GRID)
    assert targets.regressed is not None and not targets.regressed.all()
    assert torch.equal(targets.regressed, targets.keypoint_mask.any(dim=1))
    heat = targets.center_heatmap[targets.image, 0].flatten(1).gather(1, targets.cell[:, None])[:, 0]
    assert (heat == 1).all()


def test_a_mirror_image_of_the_annotations_has_the_mirror_image_of_the_targets() -> None:
    """Exact for whole px only: a point between a cell's last px and the next cell changes its cell."""
    annotations = some_annotations(whole=True)
    boxes = annotations.boxes.clamp(8, SIZE - 8).long()
    boxes[:, 2:] -= (boxes[:, 2:] - boxes[:, :2]) % 2  # centres in whole px
    annotations = replace(annotations, boxes=boxes.float())
    targets = make_targets(annotations, "pose", 1, 4, GRID)
    mirror = make_targets(annotations.mirrored(SIZE), "pose", 1, 4, GRID)
    swap = list(coco_keypoints.MIRRORED)
    assert targets.keypoint_heatmap is not None and mirror.keypoint_heatmap is not None
    torch.testing.assert_close(mirror.center_heatmap, targets.center_heatmap.flip(3))
    torch.testing.assert_close(mirror.keypoint_heatmap, targets.keypoint_heatmap.flip(3)[:, swap])
    assert torch.equal(mirror.size, targets.size) and torch.equal(mirror.keypoint_mask, targets.keypoint_mask[:, swap])
    assert torch.equal(mirror.cell % GRID, GRID - 1 - targets.cell % GRID)
    last = (STRIDE - 1) / STRIDE
    torch.testing.assert_close(mirror.center_offset[:, 0], last - targets.center_offset[:, 0])
    expected = torch.where(targets.keypoint_mask, last - targets.keypoint_offset[..., 0], 0.0)[:, swap]
    torch.testing.assert_close(mirror.keypoint_offset[..., 0], expected)


def test_mirrored_twice_is_as_before() -> None:
    annotations = some_annotations(whole=True)
    once, twice = annotations.mirrored(SIZE), annotations.mirrored(SIZE).mirrored(SIZE)
    for name in ("image", "category", "boxes", "keypoints", "visible", "annotated"):
        assert torch.equal(getattr(twice, name), getattr(annotations, name)), name
    left, right = coco_keypoints.NAMES.index("left_wrist"), coco_keypoints.NAMES.index("right_wrist")
    assert torch.equal(once.visible[:, left], annotations.visible[:, right])
    assert torch.equal(once.keypoints[:, left, 0], SIZE - 1 - annotations.keypoints[:, right, 0])


def test_radius_is_the_closed_form() -> None:
    sizes = torch.cartesian_prod(torch.arange(1.0, 129, 7), torch.arange(1.0, 129, 7)).double()
    expected = torch.tensor([radius_of(*size) for size in sizes.tolist()], dtype=torch.float64)
    torch.testing.assert_close(gaussian_radius(sizes), expected)
    # One corner in, one out is never the least; of a square of side s the last one is s (-1.4 + sqrt(1.96 + 0.84)).
    torch.testing.assert_close(gaussian_radius(torch.tensor([10.0, 10.0])), torch.tensor(10 * (2.8**0.5 - 1.4)))
    assert gaussian_radius(torch.ones(5, 3, 2)).shape == (5, 3)


def test_a_gaussian_ends_at_its_radius_and_the_larger_wins() -> None:
    maps = torch.zeros(2, 9, 11)
    maps[1, 4, 4] = 0.9
    plane, x, y, radius = (torch.tensor(values) for values in ([0, 1, 1], [5, 0, 3], [4, 8, 4], [2, 3, 1]))
    draw_gaussian(maps, plane, x, y, radius)
    assert (maps[0] > 0).sum() == 25 and maps[0, 4, 5] == 1
    torch.testing.assert_close(maps[0, 2, 3], torch.tensor(math.exp(-8 / (2 * (5 / 6) ** 2))))
    assert (maps[1, 5:, :4] > 0).all() and maps[1, 4, 3] == 1 and maps[1, 4, 4] == 0.9
    assert (maps[1, 3, 2:5] > 0).all() and (maps[1] > 0).sum() == 16 + 9 - 2  # two cells have both


def test_radius_zero_is_one_cell() -> None:
    maps = draw_gaussian(torch.zeros(1, 5, 5), *(torch.tensor([value]) for value in (0, 2, 3, 0)))
    assert maps.sum() == 1 == maps[0, 3, 2]


def test_no_objects_at_all() -> None:
    annotations = Annotations(
        torch.zeros(0, dtype=torch.long),
        torch.zeros(0, dtype=torch.long),
        torch.zeros(0, 4),
        torch.zeros(0, 17, 2),
        torch.zeros(0, 17, dtype=torch.bool),
    )
    targets = make_targets(annotations, "pose", 2, 3, GRID)
    assert targets.center_heatmap.shape == (3, 2, GRID, GRID) and not targets.center_heatmap.any()
    assert targets.keypoint_heatmap is not None and targets.keypoint_heatmap.shape == (3, 17, GRID, GRID)
    assert targets.size.shape == (0, 2) and targets.keypoint_offset.shape == (0, 17, 2)
    assert targets.point_offset.shape == (0, 2)


def dtypes(targets: Targets) -> dict[str, torch.dtype]:
    return {name: value.dtype for name, value in vars(targets).items() if isinstance(value, Tensor)}


def test_types_of_the_targets() -> None:
    found = dtypes(make_targets(some_annotations(), "pose", 1, 4, GRID))
    whole = {"image", "cell", "category", "point_image", "point_cell", "point_joint"}
    assert {name for name, kind in found.items() if kind == torch.int64} == whole
    assert {name for name, kind in found.items() if kind == torch.bool} == {"keypoint_mask", "regressed"}
    assert set(found.values()) == {torch.int64, torch.bool, torch.float32}


def test_an_affine_transform_and_its_inverse() -> None:
    torch.manual_seed(0)
    points, matrices = torch.randn(5, 17, 2), torch.randn(5, 1, 2, 3)
    moved = affine_transform(points, matrices)
    whole = torch.cat([matrices, torch.tensor([0.0, 0, 1]).expand(5, 1, 1, 3)], dim=2)
    expected = (whole[:, 0] @ torch.cat([points, torch.ones(5, 17, 1)], dim=2).transpose(1, 2))[:, :2].transpose(1, 2)
    torch.testing.assert_close(moved, expected)
    back = affine_transform(moved, torch.linalg.inv(whole)[..., :2, :])
    torch.testing.assert_close(back, points, atol=1e-4, rtol=1e-4)
