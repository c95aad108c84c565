"""Heads made from the truth decode to the truth; choices, flips and px; ties among peaks and missing peaks."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from truth_as_heads import GARBAGE, mirror_image, people, right_components, truth_maps, variant

from pipeline.detection.decode import (
    Candidates,
    Found,
    decode,
    decode_boxes,
    decode_keypoints,
    find_candidates,
    refine,
    to_detections,
)
from pipeline.detection.peaks import MapHeads, find_peaks, mirrored_cells
from pipeline.detection.targets import Annotations, Targets, make_targets

BATCH, SIZE, GRID = 3, 128, 32


def pose_targets(annotations: Annotations | None = None) -> Targets:
    return make_targets(annotations or people(BATCH, SIZE), "pose", 1, BATCH, GRID)


def best(found: Found, targets: Targets) -> tuple[Tensor, Tensor]:
    """Where each target object is among the found ones: indices [P] of images and rows."""
    rows = []
    for image, cell in zip(targets.image.tolist(), targets.cell.tolist(), strict=True):
        centre = torch.tensor([cell % GRID, cell // GRID])
        distance = (found.center[image].floor() - centre).abs().sum(dim=-1) + (found.score[image] < 0.9) * 1e6
        rows.append(int(distance.argmin()))
    return targets.image, torch.tensor(rows)


def boxes_of(targets: Targets) -> Tensor:
    centre = torch.stack([targets.cell % GRID, targets.cell // GRID], dim=1) + targets.center_offset
    return torch.cat([centre - targets.size / 2, centre + targets.size / 2], dim=1)


@pytest.mark.parametrize("head", [{}, {"components": 1}, {"components": 3}], ids=str)
def test_people_are_decoded_with_the_right_component(head: dict) -> None:
    annotations, what = people(BATCH, SIZE), variant("pose", **head)
    targets = pose_targets(annotations)
    found = decode(MapHeads(truth_maps(targets, what)), what)
    at = best(found, targets)
    assert found.keypoints is not None and found.component_keypoints is not None
    torch.testing.assert_close(found.keypoints[at] * 4, annotations.keypoints, atol=1e-4, rtol=0)
    torch.testing.assert_close(found.boxes[at], boxes_of(targets))
    right = right_components(targets, what.head.total_components)
    assert found.component[at].tolist() == right.tolist()
    chosen = found.component_keypoints[at][torch.arange(len(right)), right]
    torch.testing.assert_close(chosen, found.keypoints[at])
    torch.testing.assert_close(found.weights.sum(dim=-1), torch.ones(BATCH, 100))
    assert (found.score.diff(dim=1) <= 0).all()


@pytest.mark.parametrize("head", [{}, {"components": 2}, {"per_category": True}], ids=str)
def test_boxes_are_decoded_with_their_category(head: dict) -> None:
    what = variant("boxes", **head)
    targets = make_targets(people(BATCH, SIZE, categories=4), "boxes", 4, BATCH, GRID)
    found = decode_boxes(MapHeads(truth_maps(targets, what)), what)
    at = best(found, targets)
    torch.testing.assert_close(found.boxes[at], boxes_of(targets))
    assert found.category[at].tolist() == targets.category.tolist()
    assert found.keypoints is None
    assert found.sizes.shape == (BATCH, 100, what.head.total_components, 2)


def test_the_mean_weighs_all_components() -> None:
    targets, what = pose_targets(), variant("pose", components=2)
    maps = truth_maps(targets, what)
    maps["logits"] = torch.zeros_like(maps["logits"])
    maps["logits"][:, 0] = np.log(3.0)  # weights 3/4 and 1/4
    found = decode_keypoints(MapHeads(maps), what, choice="mean")
    at = best(found, targets)
    assert found.keypoints is not None
    cell = torch.stack([targets.cell % GRID, targets.cell // GRID], dim=1)
    share = torch.where(right_components(targets, 2) == 0, 0.75, 0.25)[:, None, None]
    expected = cell[:, None] + share * targets.keypoint_offset + (1 - share) * GARBAGE
    torch.testing.assert_close(found.keypoints[at], expected)
    torch.testing.assert_close(found.weights[at], torch.tensor([0.75, 0.25]).expand(len(share), 2))
    assert (found.component == 0).all()


def test_the_classifier_chooses_between_two_regressors() -> None:
    targets, what = pose_targets(), variant("pose", components=1, regressors=2)
    maps = truth_maps(targets, what)
    maps["logits"] = torch.zeros_like(maps["logits"])
    right = right_components(targets, 2)
    maps["classifier"] = torch.zeros(BATCH, 1, GRID, GRID)
    maps["classifier"].flatten(2)[targets.image, 0, targets.cell] = torch.where(right == 0, 5.0, -5.0)
    found = decode(MapHeads(maps), what)
    assert found.component[best(found, targets)].tolist() == right.tolist()


def test_sigmas_are_after_activation_and_follow_the_factor() -> None:
    targets, what = pose_targets(), variant("pose", components=2, minimum_sigma=10)
    maps = truth_maps(targets, what)
    maps["sigma"][:] = 2.0
    assert decode(MapHeads(maps), what).sigmas.unique().tolist() == [12.0]
    assert decode(MapHeads(maps), what, sigma_factor=2 / 9).sigmas.unique().tolist() == [5.0]
    base = variant("pose")
    assert not decode(MapHeads(truth_maps(targets, base)), base).sigmas.any()


@pytest.mark.parametrize("refined", [False, True])
@pytest.mark.parametrize("choice", ["largest", "mean"])
def test_the_mirror_image_of_the_same_heads_changes_nothing(refined: bool, choice) -> None:
    targets, what = pose_targets(), variant("pose", components=3)
    maps = truth_maps(targets, what)
    heads, mirrored = MapHeads(maps), MapHeads(mirror_image(maps, 3))
    alone = decode(heads, what, choice=choice, refined=refined)
    both = decode(heads, what, choice=choice, refined=refined, mirrored=mirrored)
    for name in ("score", "category", "center", "boxes", "component", "weights", "keypoints", "component_keypoints"):
        torch.testing.assert_close(getattr(both, name), getattr(alone, name), msg=name)


def test_the_component_is_chosen_in_each_image_before_averaging() -> None:
    targets, what = pose_targets(), variant("pose", components=2)
    maps = truth_maps(targets, what)
    other = {name: whole.clone() for name, whole in maps.items()}
    other["logits"] = maps["logits"].flip(1)  # the mirrored network trusts the other component
    found = decode_keypoints(MapHeads(maps), what, mirrored=MapHeads(mirror_image(other, 2)))
    at = best(found, targets)
    assert found.keypoints is not None
    cell = torch.stack([targets.cell % GRID, targets.cell // GRID], dim=1)
    expected = cell[:, None] + (targets.keypoint_offset + GARBAGE) / 2
    torch.testing.assert_close(found.keypoints[at], expected)
    assert found.component[at].tolist() == right_components(targets, 2).tolist()


def test_the_component_of_a_box_is_chosen_before_averaging() -> None:
    what = variant("boxes", components=2)
    targets = make_targets(people(BATCH, SIZE), "boxes", 1, BATCH, GRID)
    maps = truth_maps(targets, what)
    other = maps | {"logits": maps["logits"].flip(1)}
    found = decode_boxes(MapHeads(maps), what, mirrored=MapHeads(mirror_image(other, 2)))
    boxes = found.boxes[best(found, targets)]
    torch.testing.assert_close(boxes[:, 2:] - boxes[:, :2], (targets.size + GARBAGE) / 2)


@pytest.mark.parametrize(("aligned", "shift"), [(False, -0.375), (True, 0.0)])
@pytest.mark.parametrize("components", [0, 3])
def test_a_flip_that_is_not_aligned_shifts_keypoints_by_three_eighths_of_a_cell(
    aligned: bool, shift: float, components: int
) -> None:
    """Both networks see the truth, one of the images and one of their mirror images."""
    annotations = people(BATCH, SIZE)
    annotations.boxes[:] = annotations.boxes.round() // 8 * 8  # centres on whole cells: mirrored, they keep their cell
    targets, mirrored = pose_targets(annotations), pose_targets(annotations.mirrored(SIZE))
    what = variant("pose", components=components)
    other = MapHeads(truth_maps(mirrored, what))
    found = decode(MapHeads(truth_maps(targets, what)), what, mirrored=other, aligned=aligned)
    at = best(found, targets)
    assert found.keypoints is not None
    moved = found.keypoints[at] - annotations.keypoints / 4
    torch.testing.assert_close(moved, torch.tensor([shift, 0.0]).expand_as(moved), atol=1e-4, rtol=0)


def test_boxes_have_nothing_to_refine() -> None:
    with pytest.raises(ValueError, match="no keypoints"):
        decode(MapHeads({}), variant("boxes"), refined=True)


def test_mirrored_cells_are_at_the_same_distance_from_the_other_side() -> None:
    assert mirrored_cells(torch.tensor([0, 7, 8, 13]), 8).tolist() == [7, 0, 15, 10]


def test_peaks_are_local_maxima_and_equal_ones_are_in_order() -> None:
    heat = torch.full((1, 2, 6, 6), 0.0)
    heat[0, 0, 1, 1], heat[0, 0, 1, 2] = 0.8, 0.7  # the second is next to the first
    heat[0, 1, 4, 4] = heat[0, 1, 0, 0] = heat[0, 0, 5, 5] = 0.5  # apart and equal
    heat[0, 0, 4, 0] = heat[0, 0, 4, 1] = 0.4  # neighbours and equal: both count
    peaks = find_peaks(heat, limit=8)
    torch.testing.assert_close(peaks.score, torch.tensor([[0.8, 0.5, 0.5, 0.5, 0.4, 0.4, 0.0, 0.0]]))
    assert peaks.channel[0, :6].tolist() == [0, 0, 1, 1, 0, 0]
    assert peaks.cell[0, :6].tolist() == [7, 35, 0, 28, 24, 25]


def test_an_image_with_few_peaks_has_few_detections_and_a_small_grid_few_rows() -> None:
    what, grid = variant("boxes"), 6
    maps = {name: torch.zeros(2, 2, grid, grid) for name in ("center_offset", "size")}
    ramp = torch.linspace(-4, 4, grid * grid).reshape(1, 1, grid, grid)  # has one peak
    maps["center"] = ramp.repeat(2, 1, 1, 1)
    found = decode(MapHeads(maps), what)
    assert found.score.shape == (2, grid * grid)
    detections = to_detections(found, np.tile(np.eye(2, 3), (2, 1, 1)), 5, 4 * grid)
    assert detections.image.tolist() == [5, 6]


def test_detections_are_in_px_of_their_own_image() -> None:
    annotations, what = people(BATCH, SIZE), variant("pose", components=2)
    targets = pose_targets(annotations)
    found = decode(MapHeads(truth_maps(targets, what)), what, limit=4)
    scale, shift = np.array([0.5, 2.0, 1.25]), np.array([[3.0, 4.0], [0.0, -7.0], [1.0, 1.0]])
    matrices = np.zeros((BATCH, 2, 3))
    matrices[:, 0, 0], matrices[:, 1, 1], matrices[:, :, 2] = scale, scale, shift
    detections = to_detections(found, matrices, 10, SIZE)
    assert detections.image.tolist() == [10] * 4 + [11] * 4 + [12] * 4
    assert detections.keypoints is not None and detections.component_keypoints is not None
    own = detections.image - 10
    keypoints = detections.keypoints * scale[own, None, None] + shift[own, None]  # back to px of the input
    for image in range(BATCH):
        found_here = np.sort(keypoints[own == image].reshape(4, -1), axis=0)
        true = np.sort(annotations.keypoints[annotations.image == image].reshape(4, -1).numpy(), axis=0)
        np.testing.assert_allclose(found_here, true, atol=1e-3)
    width_height = detections.boxes[:, 2:] - detections.boxes[:, :2]
    np.testing.assert_allclose(detections.sizes[:, 0], width_height, rtol=1e-5)
    np.testing.assert_allclose((detections.boxes[:, :2] + detections.boxes[:, 2:]) / 2, detections.center, atol=1e-3)
    assert detections.keypoints.dtype == detections.sizes.dtype == np.float32
    chosen = detections.component_keypoints[np.arange(12), detections.component]
    np.testing.assert_allclose(chosen, detections.keypoints, atol=1e-4)


# --- refinement: when a keypoint moves to a heatmap's peak, and when it stays -----------------------------------------


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
def test_a_keypoint_moves_to_the_nearest_peak_within_its_limits(keypoint, places, expected) -> None:
    assert moved(keypoint, places) == pytest.approx(expected)


def test_a_peak_with_a_low_score_hides_no_other() -> None:
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


def test_distances_far_from_the_origin_are_exact() -> None:
    """Distances are computed from differences; the product form would lose them in float32."""
    count = 100
    places = torch.stack([torch.full((count,), 1000.0), 1000 + 0.02 * torch.arange(count)], dim=1)
    candidates = Candidates(places[None, None], torch.ones(1, 1, count, dtype=torch.bool))
    keypoints = (places + torch.tensor([0.0, 0.004]))[None, :, None]
    boxes = torch.tensor([0.0, 0.0, 2000.0, 2000.0]).expand(1, count, 4)
    torch.testing.assert_close(refine(keypoints, boxes, candidates)[0, :, 0], places)
