"""Modes of testing: the truth scores 100 in each, sharing passes changes nothing, scales are merged."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from truth_as_heads import mirror_image, people, truth_maps, variant

from pipeline.config.detection import DetectionVariant
from pipeline.config.presets import SmallNetworks
from pipeline.detection import inference, metrics, results
from pipeline.detection.augment import annotations_of, crop_matrices, whole_images
from pipeline.detection.detections import Detections
from pipeline.detection.image_set import ImageSet
from pipeline.detection.image_store import ImageStore
from pipeline.detection.inference import merge, predict, predict_modes, scaled_size
from pipeline.detection.models import build_model
from pipeline.detection.peaks import MapHeads
from pipeline.detection.results import Mode
from pipeline.detection.soft_nms import soft_nms
from pipeline.detection.targets import make_targets

SMALL = SmallNetworks(widths=(32, 40, 48, 64), map_width=16, center_width=16)
IMAGES = 5


def image_set(task: Any = "pose", width: int = 128, height: int = 128, images: int = IMAGES) -> ImageSet:
    """Noise with annotations; the first pixel of an image identifies it."""
    objects = people(images, 128, categories=1 if task == "pose" else 3)
    factor = torch.tensor([width / 128, height / 128])
    boxes = objects.boxes * factor.repeat(2)
    pixels = np.random.default_rng(0).integers(0, 256, (images, height, width, 3), dtype=np.uint8)
    visible = torch.full((len(objects), 17, 1), 2.0)
    return ImageSet(
        task=task,
        image_ids=np.arange(images) + 100,
        sizes=np.tile([[width, height]], (images, 1)),
        first=np.arange(images + 1) * 4,
        boxes=boxes.numpy(),
        category=objects.category.numpy(),
        crowd=np.zeros(len(objects), bool),
        area=((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])).numpy(),
        keypoints=torch.cat([objects.keypoints * factor, visible], dim=-1).numpy(),
        back_view=None,
        category_ids=(1, 2, 3)[: 1 if task == "pose" else 3],
        category_names=("person", "b", "c")[: 1 if task == "pose" else 3],
        annotations=Path("nowhere.json"),
        images=ImageStore.of_pixels(pixels),
    )


class Knowing(nn.Module):
    """A network that gives the truth for the images of a data set and for their mirror images."""

    divisor = 32

    def __init__(self, data: ImageSet, what: DetectionVariant, shift: float = 0.0) -> None:
        """`shift`: of offsets in mirror images; see `mirror_image`."""
        super().__init__()
        self.data, self.what, self.known = data, what, {}
        for size in (64, 96, 128, 160, 192):
            index = np.arange(len(data))
            matrices = crop_matrices(*whole_images(data.sizes), np.zeros(len(data), bool), size)
            objects = annotations_of(data, index, matrices, np.zeros(len(data), bool), size)
            targets = make_targets(objects, data.task, len(data.category_ids), len(data), size // 4)
            maps = truth_maps(targets, what)
            images = inference.test_batch(data, torch.arange(len(data)), size)[0]
            mirrored = mirror_image(maps, what.head.total_components, shift)
            self.known[size] = ((images, maps), (images.flip(-1), mirrored))

    def features(self, images: Tensor) -> list[dict[str, Tensor]]:
        for known, maps in self.known[images.shape[-1]]:
            same = (known[None] == images[:, None]).flatten(2).all(dim=2)  # [B, N]
            if same.any():
                rows = same.int().argmax(dim=1)
                return [{name: whole[rows] for name, whole in maps.items()}]
        raise AssertionError("never seen")

    def maps(self, features: list, stack: int = -1) -> dict[str, Tensor]:
        return features[stack]

    def at(self, features: list, image: Tensor, cell: Tensor, names: tuple[str, ...], stack: int = -1) -> dict:
        return dict(MapHeads(features[stack]).at(image, cell, names))


def test_modes_are_those_of_the_metrics_file() -> None:
    assert get_args(Mode) == get_args(results.Mode)


@pytest.mark.parametrize(("width", "height"), [(128, 128), (200, 150)])
@pytest.mark.parametrize("mode", get_args(Mode))
def test_a_perfect_network_finds_people_in_every_mode(mode: Mode, width: int, height: int) -> None:
    data, what = image_set(width=width, height=height), variant("pose", components=2)
    knowing = Knowing(data, what, 0.75 if mode == "flip_aligned" else 0.0)
    found = predict(knowing, what, data, 128, "cpu", 1.0, mode, batch=2)  # type: ignore[arg-type]
    assert metrics.evaluate(data, found)["ap"] == 100
    assert found.image.tolist() == sorted(found.image)


@pytest.mark.parametrize("mode", ["plain", "mean", "flip", "scales_3"])
@pytest.mark.parametrize("head", [{}, {"components": 3}, {"per_category": True}], ids=str)
def test_a_perfect_network_finds_boxes(mode: Mode, head: dict) -> None:
    data, what = image_set("boxes"), variant("boxes", **head)
    found = predict(Knowing(data, what), what, data, 128, "cpu", 1.0, mode)  # type: ignore[arg-type]
    assert metrics.evaluate(data, found)["ap"] == 100


def distance(data: ImageSet, found: Detections) -> float:
    """Median over people and keypoints of the distance in px to the best pose found in their image."""
    assert found.keypoints is not None
    image = np.repeat(np.arange(len(data)), np.diff(data.first))
    gaps = [
        np.linalg.norm(found.keypoints[found.image == where] - true[:, :2], axis=-1).mean(axis=1).min()
        for where, true in zip(image, data.keypoints, strict=True)
    ]
    return float(np.median(gaps))


def test_each_mode_does_what_its_name_says() -> None:
    data, what = image_set(), variant("pose", components=2)
    model = Knowing(data, what)
    for (_, maps), (_, mirrored) in model.known.values():
        maps["keypoint_offsets"][:, 0::2] += 1  # x, a cell too far; right in the mirror image
        maps["logits"] *= np.log(9) / 40  # the right component has a weight of 0.9
        mirrored["logits"] *= np.log(9) / 40
    modes: list[Mode] = list(get_args(Mode))
    found = predict_modes(model, what, data, 128, "cpu", 1.0, modes)  # type: ignore[arg-type]
    gaps = {mode: distance(data, one) for mode, one in found.items()}
    assert gaps["plain"] == pytest.approx(4, abs=1e-3)  # a cell of 4 px
    assert gaps["refined"] == pytest.approx(0, abs=1e-3) == gaps["flip_refined"]
    assert gaps["flip"] == pytest.approx(2, abs=1e-3)
    assert gaps["flip_aligned"] == pytest.approx(4 * (0.5 + 0.375), abs=1e-3)  # this network mirrors by the sign
    assert gaps["scales_3"] == pytest.approx(2 * 128 / 160, abs=1e-3)  # the finest of its grids
    assert gaps["scales_5"] == pytest.approx(2 * 128 / 192, abs=1e-3)
    assert abs(gaps["mean"] - 4) > 0.1


def test_an_aligned_flip_of_a_network_that_sees_the_mirror_images_truth_is_the_truth() -> None:
    data, what = image_set(), variant("pose", components=2)
    modes: list[Mode] = ["flip", "flip_aligned", "flip_refined"]
    found = predict_modes(Knowing(data, what, 0.75), what, data, 128, "cpu", 1.0, modes)  # type: ignore[arg-type]
    gaps = {mode: distance(data, one) for mode, one in found.items()}
    assert gaps == pytest.approx({"flip": 1.5, "flip_aligned": 0.0, "flip_refined": 0.0}, abs=1e-3)


def equal(one: Detections, other: Detections) -> None:
    for name, value in one.to_arrays().items():
        np.testing.assert_allclose(value, other.to_arrays()[name], rtol=1e-3, atol=1e-2, err_msg=name)


def test_modes_in_one_pass_equal_single_modes_whatever_the_batch_size() -> None:
    torch.manual_seed(0)
    data, what = image_set(), variant("pose", components=2)
    model = build_model(what, 1, SMALL).train()
    modes: list[Mode] = ["plain", "refined", "flip", "scales_3"]
    together = predict_modes(model, what, data, 128, "cpu", 1.0, modes, batch=5)
    assert model.training
    for mode in modes:
        equal(predict(model, what, data, 128, "cpu", 1.0, mode, batch=2), together[mode])
        assert np.bincount(together[mode].image).max() <= 100


def test_a_flip_of_a_symmetric_image_makes_a_symmetric_heatmap() -> None:
    """Peaks have equal scores in pairs, which the unflipped image alone does not give."""
    torch.manual_seed(0)
    data, what = image_set(images=1), variant("boxes")
    half = torch.randint(0, 256, (1, 128, 64, 3), dtype=torch.uint8)
    symmetric = ImageStore.of_pixels(torch.cat([half, half.flip(2)], dim=2).numpy())
    data = ImageSet(**{**vars(data), "task": "boxes", "images": symmetric})
    found = predict_modes(build_model(what, 1, SMALL), what, data, 128, "cpu", 1.0, ["plain", "flip"])
    pairs = {mode: np.log(np.sort(one.score)[::-1][:40].reshape(20, 2)) for mode, one in found.items()}
    assert np.abs(np.diff(pairs["flip"])).max() < 1e-5 < 1e-4 < np.abs(np.diff(pairs["plain"])).max()


@pytest.mark.parametrize(
    ("size", "scale", "expected"), [(64, 0.75, 64), (64, 0.5, 32), (512, 1.25, 640), (64, 0.1, 32)]
)
def test_test_sizes_are_multiples_that_the_network_takes(size: int, scale: float, expected: int) -> None:
    assert scaled_size(size, scale, 32) == expected


def test_merging_equals_soft_nms_of_each_image() -> None:
    generator = np.random.default_rng(0)

    def found(counts: list[int]) -> Detections:
        rows = sum(counts)
        low = generator.uniform(0, 50, (rows, 2)).astype(np.float32)
        boxes = np.concatenate([low, low + generator.uniform(5, 50, (rows, 2))], axis=1).astype(np.float32)
        return Detections(
            image=np.repeat(np.arange(len(counts)), counts),
            score=generator.uniform(0.1, 1, rows).astype(np.float32),
            category=generator.integers(0, 2, rows),
            center=low,
            boxes=boxes,
            component=np.zeros(rows, np.int64),
            weights=np.ones((rows, 1), np.float32),
            sigmas=np.zeros((rows, 1, 2), np.float32),
            sizes=np.ones((rows, 1, 2), np.float32),
        )

    parts = [found([30, 0, 60, 3]), found([70, 0, 1, 100])]
    merged = merge(parts)
    assert np.bincount(merged.image).tolist()[1:] == [0, 61, 100]  # of 0, 60 + 1 and 3 + 100
    for image in (0, 2, 3):
        alone = Detections.concatenate([part.rows(part.image == image) for part in parts])
        tensors = (torch.from_numpy(values)[None] for values in (alone.boxes, alone.score, alone.category))
        index, score = soft_nms(*tensors, keep=100)
        there = score[0] > 0
        np.testing.assert_allclose(merged.score[merged.image == image], score[0, there])
        np.testing.assert_allclose(merged.boxes[merged.image == image], alone.boxes[index[0, there]])
    nothing = found([])
    assert len(merge([nothing, nothing])) == 0
