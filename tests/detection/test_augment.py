"""CenterNet's augmentation: where crops lie, what happens to colours, and that annotations stay on their images."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import cv2
import image_files
import numpy as np
import pytest
import torch
from image_files import person, some_people
from torch import Tensor

from pipeline.detection import augment
from pipeline.detection.augment import annotations_of, crop_matrices, draw_crops, normalized, recolour, training_batch
from pipeline.detection.image_set import ImageSet
from pipeline.detection.targets import make_targets
from pipeline.geometry import coco_keypoints

MEAN, STD = torch.tensor(augment.MEAN)[:, None, None], torch.tensor(augment.STD)[:, None, None]


def colours(images: Tensor) -> Tensor:
    """A network's input as colours [B, 3, H, W], R, G, B from 0 to 1."""
    return images * STD + MEAN


def test_a_whole_image_in_the_middle_of_the_input(tmp_path: Path) -> None:
    pixels = np.full((1, 40, 80, 3), (255, 0, 51), np.uint8)
    data = image_files.write(tmp_path, [person(10, (0, 0, 80, 40))], pixels)
    images, matrices = augment.test_batch(data, torch.tensor([0]), 160)
    assert images.shape == (1, 3, 160, 160) and images.dtype == torch.float32
    np.testing.assert_allclose(matrices[0], [[2, 0, 0], [0, 2, 40]])
    inside = colours(images)[0, :, 42:117, 2:158]
    torch.testing.assert_close(inside, torch.tensor([1.0, 0, 0.2])[:, None, None].expand_as(inside), atol=1e-5, rtol=0)
    assert colours(images)[0, :, :38].abs().max() < 1e-6 > colours(images)[0, :, 121:].abs().max()
    same, annotations = training_batch(data, torch.tensor([0]), 160, augment="none", device="cpu")
    assert torch.equal(same, images) and annotations.boxes.tolist() == [[0, 40, 160, 120]]


def test_crops_are_placed_as_in_the_authors_code() -> None:
    torch.manual_seed(0)
    cases = {(640, 480): (128, 128), (300, 256): (128, 64), (640, 200): (128, 64), (64, 64): (16, 16), (30, 1): (8, 0)}
    for size, border in cases.items():
        center, side, mirrored = draw_crops(np.tile(size, (20_000, 1)))
        assert {round(float(value), 6) for value in np.unique(side / max(size))} == {
            round(0.1 * tenth, 6) for tenth in range(6, 14)
        }
        for axis in (0, 1):
            values = np.unique(center[:, axis])
            np.testing.assert_array_equal(values, np.arange(border[axis], size[axis] - border[axis]))
        assert abs(mirrored.mean() - 0.5) < 0.02
        assert abs(np.corrcoef(side, mirrored)[0, 1]) < 0.05


def test_the_middle_of_a_crop_is_the_middle_of_the_input() -> None:
    center, side = np.array([[30.0, 20.0], [30.0, 20.0]]), np.array([64.0, 64.0])
    plain, mirror = crop_matrices(center, side, np.array([False, True]), 128)
    np.testing.assert_allclose(plain @ [30, 20, 1], [64, 64])
    np.testing.assert_allclose(plain @ [30 + 32, 20 - 32, 1], [128, 0])
    np.testing.assert_allclose(mirror @ [30 + 32, 20 - 32, 1], [127 - 128, 0])


def parts_of(data: ImageSet, mirrored: bool) -> tuple[Tensor, augment.Annotations]:
    index = np.arange(len(data))
    middle = np.array([[30.0, 25.0], [40.0, 33.0], [17.0, 47.0], [32.0, 32.0]])
    flags = np.full(4, mirrored)
    matrices = crop_matrices(middle, np.array([64.0, 44.8, 83.2, 64.0]), flags, 64)
    pixels = torch.from_numpy(data.images.warped(index, matrices, 64))
    return pixels, annotations_of(data, index, matrices, flags, 64)


def test_a_mirrored_crop_is_the_mirror_image_of_the_crop(tmp_path: Path) -> None:
    data = some_people(tmp_path)
    pixels, annotations = parts_of(data, mirrored=False)
    mirror_pixels, mirror_annotations = parts_of(data, mirrored=True)
    difference = (mirror_pixels.int() - pixels.flip(2).int()).abs()
    assert difference.max() <= 3 and difference.float().mean() < 0.3  # opencv interpolates in steps of 1/32 px
    expected = annotations.mirrored(64)
    torch.testing.assert_close(mirror_annotations.boxes, expected.boxes, atol=1e-4, rtol=0)
    torch.testing.assert_close(mirror_annotations.keypoints, expected.keypoints, atol=1e-4, rtol=0)
    assert torch.equal(mirror_annotations.annotated, expected.annotated)
    well_inside = ((expected.keypoints > 0.01) & (expected.keypoints < 62.99)).all(dim=-1)
    assert torch.equal(mirror_annotations.visible[well_inside], expected.visible[well_inside])


def test_annotations_point_at_the_same_pixels_after_a_crop(tmp_path: Path) -> None:
    """A white dot at every keypoint of a person is found at the annotated place, under the name of its side."""
    spots = [(8 + 7 * (joint % 7), 10 + 16 * (joint // 7)) for joint in range(coco_keypoints.COUNT)]
    images = []
    for joint in range(coco_keypoints.COUNT):
        image = np.zeros((64, 64, 3), np.uint8)
        cv2.circle(image, spots[joint], 2, (255, 255, 255), -1)
        images.append(image)
    people = [
        person(10 * (joint + 1), (5, 5, 50, 50), [float(v) for spot in spots for v in (*spot, 2)])
        for joint in range(coco_keypoints.COUNT)
    ]
    data = image_files.write(tmp_path, people, np.stack(images))
    torch.manual_seed(1)
    seen = mirrors = 0
    for _ in range(4):
        batch, annotations = training_batch(data, torch.arange(17), 96, augment="full", device="cpu")
        brightness = batch.sum(dim=1)
        weights = (brightness - brightness.flatten(1).median(dim=1).values[:, None, None]).clamp(min=0)
        for row, image in enumerate(annotations.image.tolist()):
            places = annotations.keypoints[row]
            across = places[6, 0] - places[0, 0]  # the first seven lie in a row, from left to right
            mirrored = bool(across < 0)
            names = coco_keypoints.MIRRORED if mirrored else range(17)
            joint = list(names)[image]
            if not annotations.visible[row, joint] or not (places[joint] > 6).all() or not (places[joint] < 89).all():
                continue
            y, x = torch.meshgrid(torch.arange(96.0), torch.arange(96.0), indexing="ij")
            heavy = weights[image] * (weights[image] > 0.5 * weights[image].max())
            found = torch.stack([(heavy * x).sum(), (heavy * y).sum()]) / heavy.sum()
            torch.testing.assert_close(found, places[joint], atol=0.7, rtol=0)
            seen += 1
            mirrors += mirrored
    assert seen > 20 and 5 < mirrors < seen - 5


def test_keypoints_that_leave_the_crop_or_are_not_annotated_are_not_visible(tmp_path: Path) -> None:
    flags = [2.0, 1.0, 0.0, 2.0, 2.0] + [0.0] * 12
    places = [(10.0, 10.0), (40.0, 40.0), (40.0, 40.0), (64.5, 40.0), (40.0, 64.5)] + [(0.0, 0.0)] * 12
    keypoints = [value for (x, y), flag in zip(places, flags, strict=True) for value in (x, y, flag)]
    data = image_files.write(
        tmp_path,
        [
            person(10, (5, 5, 50, 50), keypoints),
            person(10, (0, 0, 20, 20), [0.0] * 51),
            person(10, (30, 30, 50, 50), [0.0] * 51) | {"iscrowd": 1},
        ],
        np.zeros((1, 64, 64, 3), np.uint8),
    )
    matrices = crop_matrices(np.array([[48.0, 48.0]]), np.array([32.0]), np.zeros(1, bool), 64)  # x and y from 32
    annotations = annotations_of(data, np.array([0]), matrices, np.zeros(1, bool), 64)
    assert annotations.boxes.tolist() == [[-54, -54, 46, 46], [-4, -4, 96, 96]]  # the second person is outside
    assert annotations.visible[0].tolist() == [False, True] + [False] * 15
    assert annotations.keypoints[0, 1].tolist() == [16, 16]
    assert annotations.annotated is not None and annotations.annotated.tolist() == [True, False]
    targets = make_targets(annotations, "pose", 1, 1, 16)
    assert len(targets.cell) == 2 and len(targets.point_cell) == 1  # the crowd is kept
    boxes = annotations_of(replace(data, task="boxes"), np.array([0]), matrices, np.zeros(1, bool), 64)
    assert boxes.annotated is not None and boxes.annotated.all()


def test_images_without_objects(tmp_path: Path) -> None:
    data = image_files.write(tmp_path, [], np.zeros((2, 64, 64, 3), np.uint8))
    images, annotations = training_batch(data, torch.tensor([1, 0, 1]), 64, augment="full", device="cpu")
    assert images.shape == (3, 3, 64, 64) and len(annotations) == 0
    assert annotations.keypoints.shape == (0, 17, 2) and annotations.visible.dtype == torch.bool


def test_a_seed_repeats_a_batch(tmp_path: Path) -> None:
    data = some_people(tmp_path)
    batches = []
    for seed in (5, 5, 6):
        torch.manual_seed(seed)
        batches.append(training_batch(data, torch.arange(4), 64, augment="full", device="cpu"))
    (first, one), (second, two), (third, _) = batches
    assert torch.equal(first, second) and torch.equal(one.keypoints, two.keypoints) and not torch.equal(first, third)


def plain_recolour(image: np.ndarray, factors: list[float], turns: list[int], shift: np.ndarray) -> np.ndarray:
    """The steps of the authors' code, one after the other, of an image [H, W, 3], R, G, B from 0 to 1."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    for step in np.argsort(turns):
        other = (0.0, grey.mean(), grey[..., None])[step]  # black, the mean grey, every pixel's own grey
        image = factors[step] * image + (1 - factors[step]) * other
    return (image + shift - augment.MEAN) / augment.STD


def test_one_product_of_colours_equals_the_single_steps() -> None:
    random = np.random.default_rng(0)
    orders = list(itertools.permutations(range(3)))
    pixels = random.integers(0, 256, (len(orders), 8, 10, 3)).astype(np.uint8)
    factors, shift = random.uniform(0.6, 1.4, (len(orders), 3)), random.normal(0, 0.1, (len(orders), 3))
    expected = [
        plain_recolour(*each)
        for each in zip((pixels / 255).astype(np.float32), factors.tolist(), orders, shift, strict=True)
    ]
    found = recolour(
        torch.from_numpy(pixels), torch.tensor(factors).float(), torch.tensor(orders), torch.tensor(shift).float()
    )
    torch.testing.assert_close(found, torch.tensor(np.stack(expected)).permute(0, 3, 1, 2).float(), atol=1e-4, rtol=0)


def test_factors_of_one_change_no_colour() -> None:
    pixels = torch.randint(0, 256, (2, 8, 8, 3), dtype=torch.uint8)
    same = recolour(pixels, torch.ones(2, 3), torch.arange(3).expand(2, 3), torch.zeros(2, 3))
    torch.testing.assert_close(same, normalized(pixels))
    torch.testing.assert_close(colours(same), pixels.permute(0, 3, 1, 2) / 255.0)


def test_both_ways_to_change_colours_agree() -> None:
    pixels = torch.randint(0, 256, (2, 5, 7, 3), dtype=torch.uint8)
    matrix, shift = torch.randn(2, 3, 3), torch.randn(2, 3)
    found = [way(pixels, matrix, shift) for way in (augment._one_by_one, augment._at_once)]
    torch.testing.assert_close(*found, atol=1e-3, rtol=1e-5)
    expected = matrix[1] @ pixels[1, 2, 3].float() + shift[1]
    torch.testing.assert_close(found[0][1, :, 2, 3], expected, atol=1e-3, rtol=1e-5)


def test_colour_changes_have_the_stated_distributions() -> None:
    torch.manual_seed(0)
    factors, turns, shift = augment.draw_colours(40_000)
    assert 0.6 <= factors.min() < 0.61 and 1.39 < factors.max() <= 1.4
    assert (turns.sort(dim=1).values == torch.arange(3)).all()
    shares = torch.bincount(turns @ torch.tensor([9, 3, 1])).double() / len(turns)
    torch.testing.assert_close(shares[shares > 0], torch.full((6,), 1 / 6, dtype=torch.float64), atol=0.01, rtol=0)
    vectors, values = np.array(augment.PCA_VECTORS), np.array(augment.PCA_VALUES)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(3), atol=1e-6)
    covariance = vectors @ np.diag((0.1 * values) ** 2) @ vectors.T
    np.testing.assert_allclose(np.cov(shift.numpy().T), covariance, atol=2e-5)


def test_colours_are_in_the_order_red_green_blue() -> None:
    """The mean colours are close to ImageNet's, which are in this order."""
    imagenet = [[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203]]
    np.testing.assert_allclose(augment.PCA_VECTORS, imagenet, atol=0.025)
    np.testing.assert_allclose(augment.MEAN, [0.485, 0.456, 0.406], atol=0.02)
    assert augment.STD == (0.278, 0.274, 0.289)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_gpu_gets_the_same_batch(tmp_path: Path) -> None:
    data = some_people(tmp_path)
    torch.manual_seed(0)
    expected, annotations = training_batch(data, torch.arange(4), 64, augment="full", device="cpu")
    torch.manual_seed(0)
    found, moved = training_batch(data, torch.arange(4, device="cuda"), 64, augment="full", device="cuda")
    torch.testing.assert_close(found.cpu(), expected, atol=1e-2, rtol=1e-2)
    targets, on_gpu = make_targets(annotations, "pose", 1, 4, 16), make_targets(moved, "pose", 1, 4, 16)
    torch.testing.assert_close(on_gpu.center_heatmap.cpu(), targets.center_heatmap)
    assert torch.equal(on_gpu.point_cell.cpu(), targets.point_cell)
