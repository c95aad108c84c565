"""Initial means of mixtures at clusters of the training data."""

from __future__ import annotations

from pathlib import Path

import image_files
import numpy as np
import pytest
import torch
from detection_variants import detection_variant

from pipeline.config import SmallNetworks
from pipeline.detection import mixture_start
from pipeline.detection.image_set import ImageSet
from pipeline.detection.models import build_model
from pipeline.geometry import coco_keypoints

NETWORKS = SmallNetworks(stacks=2, widths=(32, 40), modules=1, map_width=4, center_width=4)
SIDE = image_files.SIDE


def people(folder: Path, boxes: list[tuple[float, float, float, float]]) -> ImageSet:
    """One person per image, with keypoints on the box's diagonal."""
    annotations = [image_files.person(10 * (index + 1), box) for index, box in enumerate(boxes)]
    return image_files.write(folder, annotations, np.zeros((len(boxes), SIDE, SIDE, 3), np.uint8))


def test_without_a_mixture_an_untrained_head_gives_the_mean_pose(tmp_path: Path) -> None:
    data = people(tmp_path, [(10, 10, 20, 40), (20, 5, 30, 50), (8, 8, 16, 16)])
    variant = detection_variant()
    model = build_model(variant, 1, NETWORKS)
    mixture_start.start_at_clusters(model, variant, data, SIDE, seed=0)
    expected = mixture_start.offsets(data, SIDE).mean(axis=0)
    share = np.linspace(0.05, 0.95, coco_keypoints.COUNT) - 0.5
    in_cells = np.stack([share * np.mean([20, 30, 16]), share * np.mean([40, 50, 16])], axis=1).ravel() / 4
    np.testing.assert_allclose(expected, in_cells, atol=1e-5)
    for stack in (0, 1):
        bias = model.head("keypoint_offsets", stack).output.bias
        np.testing.assert_allclose(bias.detach().numpy(), in_cells, atol=1e-5)


def test_two_components_start_at_two_sizes_of_boxes(tmp_path: Path) -> None:
    small, large = [(5, 5, 8, 4)] * 6, [(5, 5, 48, 56)] * 3
    data = people(tmp_path, small + large)
    variant = detection_variant("boxes", components=2)
    model = build_model(variant, 3, NETWORKS)
    mixture_start.start_at_clusters(model, variant, data, SIDE, seed=0)
    sizes = model.head("size").output.bias.detach().view(2, 2)
    np.testing.assert_allclose(sizes[sizes[:, 0].argsort()], [[2, 1], [12, 14]], rtol=1e-5)


def test_sizes_of_all_categories_start_equal(tmp_path: Path) -> None:
    data = people(tmp_path, [(5, 5, 8, 4), (5, 5, 32, 16)])
    variant = detection_variant("boxes", per_category=True)
    model = build_model(variant, 3, NETWORKS)
    mixture_start.start_at_clusters(model, variant, data, SIDE, seed=0)
    np.testing.assert_allclose(model.head("size").output.bias.detach().view(3, 2), [[4, 2]] * 3, rtol=1e-5)


def test_people_with_a_keypoint_missing_are_left_out(tmp_path: Path) -> None:
    whole, part = image_files.person(10, (8, 8, 16, 16)), image_files.person(20, (0, 0, 60, 60))
    part["keypoints"][2] = 0
    data = image_files.write(tmp_path, [whole, part], np.zeros((2, SIDE, SIDE, 3), np.uint8))
    assert mixture_start.offsets(data, SIDE).shape == (1, 34)


def test_the_seed_determines_clusters_and_too_few_objects_are_refused() -> None:
    rows = np.random.default_rng(0).normal(size=(40, 2))
    np.testing.assert_array_equal(mixture_start.clusters(rows, 3, seed=1), mixture_start.clusters(rows, 3, seed=1))
    with pytest.raises(ValueError, match=r"2 objects .* too few for 3"):
        mixture_start.clusters(rows[:2], 3, seed=0)


def test_clusters_use_no_random_numbers_of_torch(tmp_path: Path) -> None:
    """A resumed training repeats the random numbers that torch draws after initialisation."""
    data = people(tmp_path, [(5, 5, 8, 4), (5, 5, 32, 16)])
    variant = detection_variant("boxes", components=2)
    model = build_model(variant, 1, NETWORKS)
    before = torch.get_rng_state()
    mixture_start.start_at_clusters(model, variant, data, SIDE, seed=0)
    assert torch.equal(before, torch.get_rng_state())
