"""When a regressed keypoint moves to a heatmap's peak, and when it stays."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from pipeline.detection.peaks import MapHeads
from pipeline.detection.refinement import Candidates, find_candidates, refine

BOX = torch.tensor([[[0.0, 0.0, 10.0, 20.0]]])  # longer side 20: moves of less than 6 cells


def moved(keypoint: tuple[float, float], places: list[tuple[float, float]], counts: list[bool] | None = None) -> list:
    candidates = Candidates(torch.tensor([[places]]), torch.tensor([[counts or [True] * len(places)]]))
    return refine(torch.tensor([[[keypoint]]]), BOX, candidates)[0, 0, 0].tolist()


@pytest.mark.parametrize(
    ("keypoint", "places", "expected"),
    [
        ((5.0, 5.0), [(6.0, 7.0), (9.0, 9.0)], [6.0, 7.0]),  # the nearest of two
        ((5.0, 5.0), [(5.0, 10.9)], [5.0, 10.9]),  # just near enough
        ((5.0, 5.0), [(5.0, 11.1)], [5.0, 5.0]),  # too far
        ((9.0, 5.0), [(10.5, 5.0)], [9.0, 5.0]),  # outside the box
        ((9.0, 5.0), [(10.5, 5.0), (7.0, 5.0)], [9.0, 5.0]),  # the nearest is outside: the next is not asked
        ((-1.0, 5.0), [(1.0, 5.0)], [1.0, 5.0]),  # a keypoint outside its box may come in
        ((5.0, 5.0), [(5.0, 3.0), (5.0, 7.0)], [5.0, 3.0]),  # equally near: the one that scores more
    ],
)
def test_a_keypoint_moves_to_the_nearest_peak_that_may_be_it(keypoint, places, expected) -> None:
    assert moved(keypoint, places) == pytest.approx(expected)


def test_a_peak_that_does_not_count_hides_no_other() -> None:
    assert moved((5.0, 5.0), [(5.0, 5.5), (7.0, 5.0)], [False, True]) == [7.0, 5.0]
    assert moved((5.0, 5.0), [(5.0, 5.5)], [False]) == [5.0, 5.0]


def heads(peaks: dict[tuple[int, int, int, int], float], offset: float = 0.25) -> tuple[Tensor, MapHeads]:
    heat = torch.zeros(2, 3, 12, 12)
    for where, score in peaks.items():
        heat[where] = score
    return heat, MapHeads({"keypoint_local_offset": torch.full((2, 2, 12, 12), offset)})


def test_candidates_are_peaks_above_a_tenth_with_their_local_offset() -> None:
    candidates = find_candidates(*heads({(0, 1, 4, 7): 0.9, (0, 1, 8, 2): 0.100001, (1, 2, 3, 3): 0.1}))
    assert candidates.counts.sum(dim=-1).tolist() == [[0, 2, 0], [0, 0, 0]]
    assert candidates.place[0, 1, :2].tolist() == [[7.25, 4.25], [2.25, 8.25]]


def test_a_person_takes_only_peaks_of_its_own_image_and_joint() -> None:
    candidates = find_candidates(*heads({(0, 1, 4, 7): 0.9}, offset=0.0))
    keypoints = torch.full((2, 2, 3, 2), 6.0)
    refined = refine(keypoints, torch.tensor([0.0, 0.0, 12.0, 12.0]).expand(2, 2, 4), candidates)
    assert refined[0, :, 1].tolist() == [[7.0, 4.0]] * 2
    refined[0, :, 1] = 6.0
    assert (refined == 6.0).all()


def test_far_from_the_origin_the_nearest_is_still_the_nearest() -> None:
    """Distances are from differences: from squares a float32 would lose them."""
    count = 100
    places = torch.stack([torch.full((count,), 1000.0), 1000 + 0.02 * torch.arange(count)], dim=1)
    candidates = Candidates(places[None, None], torch.ones(1, 1, count, dtype=torch.bool))
    keypoints = (places + torch.tensor([0.0, 0.004]))[None, :, None]
    boxes = torch.tensor([0.0, 0.0, 2000.0, 2000.0]).expand(1, count, 4)
    torch.testing.assert_close(refine(keypoints, boxes, candidates)[0, :, 0], places)
