"""Soft-NMS of a batch against a plain loop over one image and category at a time."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from pipeline.detection.soft_nms import soft_nms


def overlap(one: list[float], other: list[float]) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0]) + 1
    height = min(one[3], other[3]) - max(one[1], other[1]) + 1
    if width <= 0 or height <= 0:
        return 0.0
    areas = [(box[2] - box[0] + 1) * (box[3] - box[1] + 1) for box in (one, other)]
    return width * height / (sum(areas) - width * height)


def plainly(boxes: list[list[float]], scores: list[float]) -> dict[int, float]:
    """The final score of each index, of one image and category."""
    left, final = dict(enumerate(scores)), {}
    while left:
        best = max(left, key=lambda index: left[index])
        final[best] = left.pop(best)
        for index in list(left):
            shared = overlap(boxes[best], boxes[index])
            if shared > 0:
                left[index] *= math.exp(-(shared**2) / 0.5)
                if left[index] < 0.001:
                    del left[index]
    return final


def boxes_of(batch: int, count: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    low = torch.randint(0, 40, (batch, count, 2), generator=generator).double()
    size = torch.randint(4, 40, (batch, count, 2), generator=generator).double()
    score = torch.rand(batch, count, generator=generator, dtype=torch.float64)
    category = torch.randint(0, 3, (batch, count), generator=generator)
    return torch.cat([low, low + size], dim=-1), score, category


@pytest.mark.parametrize("keep", [100, 7])
def test_a_batch_is_scored_like_each_image_and_category_alone(keep: int) -> None:
    boxes, score, category = boxes_of(batch=3, count=40, seed=0)
    index, final = soft_nms(boxes, score, category, keep)
    for image in range(3):
        expected = {}
        for one in range(3):
            rows = (category[image] == one).nonzero()[:, 0].tolist()
            alone = plainly(boxes[image, rows].tolist(), score[image, rows].tolist())
            expected |= {rows[row]: value for row, value in alone.items()}
        best = dict(sorted(expected.items(), key=lambda item: -item[1])[:keep])
        found = {i: s for i, s in zip(index[image].tolist(), final[image].tolist(), strict=True) if s > 0}
        assert found == pytest.approx(best)


def test_two_equal_boxes_keep_exp_minus_two_of_the_lower_score() -> None:
    boxes = torch.tensor([[[0.0, 0.0, 9.0, 9.0]] * 2])
    _, score = soft_nms(boxes, torch.tensor([[0.5, 0.8]]), torch.zeros(1, 2, dtype=torch.int64))
    torch.testing.assert_close(score, torch.tensor([[0.8, 0.5 * math.exp(-2)]]))


def test_other_categories_and_boxes_apart_keep_their_scores() -> None:
    boxes = torch.tensor([[[0.0, 0.0, 9.0, 9.0], [0.0, 0.0, 9.0, 9.0], [20.0, 0.0, 29.0, 9.0]]])
    index, score = soft_nms(boxes, torch.tensor([[0.5, 0.8, 0.0004]]), torch.tensor([[0, 1, 0]]))
    assert index.tolist() == [[1, 0, 2]]
    torch.testing.assert_close(score, torch.tensor([[0.8, 0.5, 0.0004]]))


def test_scores_of_boxes_with_negative_sizes_are_finite() -> None:
    boxes = torch.tensor([[[5.0, 5.0, 1.0, 1.0], [5.0, 5.0, 4.0, 4.0], [0.0, 0.0, 9.0, 9.0]]])
    _, score = soft_nms(boxes, torch.tensor([[0.9, 0.8, 0.7]]), torch.zeros(1, 3, dtype=torch.int64))
    assert score.isfinite().all()


def test_images_without_boxes_have_none_kept() -> None:
    index, score = soft_nms(torch.zeros(2, 0, 4), torch.zeros(2, 0), torch.zeros(2, 0, dtype=torch.int64))
    assert index.shape == score.shape == (2, 0)
