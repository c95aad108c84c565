"""pipeline/detection/examples.py: which images are chosen, and that objects are scaled with the pixels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.detection import examples
from pipeline.detection.detections import Detections
from pipeline.detection.image_set import ImageSet


class NumberedImages:
    """Images that are filled with their own number; records how they are warped."""

    def __init__(self) -> None:
        self.matrices: NDArray = np.zeros(0)

    def warped(self, images: NDArray, matrices: NDArray, size: int) -> NDArray[np.uint8]:
        self.matrices = matrices
        return np.broadcast_to(images.astype(np.uint8)[:, None, None, None], (len(images), size, size, 3)).copy()


def image_set(
    sizes: list[tuple[int, int]], counts: list[int], task: str = "pose", back: list[bool] | None = None
) -> ImageSet:
    """`counts[i]` objects on image i; the box of object j starts at (j, 2 j) and ends at the keypoints."""
    objects = sum(counts)
    corner = np.arange(objects)[:, None] * [1.0, 2.0]
    boxes = np.concatenate([corner, corner + np.array([4.0, 6.0])], axis=1).astype(np.float32)
    keypoints = np.concatenate(
        [np.repeat(boxes[:, None, 2:], 17, axis=1), np.full((objects, 17, 1), 2.0)], axis=2
    ).astype(np.float32)
    return ImageSet(
        task=task,  # type: ignore[arg-type]
        image_ids=np.arange(len(sizes)),
        sizes=np.array(sizes),
        first=np.cumsum([0, *counts]),
        boxes=boxes,
        category=np.zeros(objects, np.int64),
        crowd=np.zeros(objects, bool),
        area=np.full(objects, 24.0, np.float32),
        keypoints=keypoints,
        back_view=None if back is None else np.array(back),
        category_ids=(1,),
        category_names=("person",),
        annotations=Path("val.json"),
        images=NumberedImages(),  # type: ignore[arg-type]
    )


def detections(image: list[int], score: list[float], keypoints: bool = True) -> Detections:
    """Two components; centre at (20, 10), 8 x 4 px, keypoints at (10, 5)."""
    count = len(image)
    center = np.tile([20.0, 10.0], (count, 1)).astype(np.float32)
    half = np.array([4.0, 2.0], np.float32)
    parts = np.tile([10.0, 5.0], (count, 2, 17, 1)).astype(np.float32)
    return Detections(
        image=np.array(image, np.int64),
        score=np.array(score, np.float32),
        category=np.zeros(count, np.int64),
        center=center,
        boxes=np.concatenate([center - half, center + half], axis=1),
        component=np.zeros(count, np.int64),
        weights=np.full((count, 2), 0.5, np.float32),
        sigmas=np.full((count, 2, 2), 10.0, np.float32),
        sizes=np.tile([8.0, 4.0], (count, 2, 1)).astype(np.float32),
        keypoints=parts[:, 0] if keypoints else None,
        component_keypoints=parts if keypoints else None,
    )


def test_small_images_of_one_size_are_not_changed() -> None:
    """Every matrix is the identity, and every coordinate is unchanged."""
    data = image_set([(64, 64)] * 3, [1, 1, 1])
    found = detections([0, 1, 2], [0.9, 0.8, 0.7])
    arrays = examples.choose(data, found)
    assert arrays["pixels"].shape == (3, 64, 64, 3)
    assert data.images.matrices == pytest.approx(np.tile(np.eye(2, 3), (3, 1, 1)))  # type: ignore[attr-defined]
    for name in ("center", "boxes", "sizes", "keypoints", "component_keypoints", "sigmas", "weights"):
        assert arrays[name] == pytest.approx(getattr(found, name)), name
    shown = arrays["pixels"][:, 0, 0, 0]
    assert arrays["score"] == pytest.approx(found.score[shown])
    assert arrays["truth_boxes"] == pytest.approx(data.boxes[shown])
    assert arrays["truth_keypoints"] == pytest.approx(data.keypoints[shown])


def test_a_large_image_is_shrunk_whole_and_centred() -> None:
    """512 x 256 at half its size has 64 px of black above and below."""
    data = image_set([(512, 256)], [1])
    arrays = examples.choose(data, detections([0], [0.9]))
    assert arrays["pixels"].shape == (1, 256, 256, 3)
    assert data.images.matrices[0] == pytest.approx(np.array([[0.5, 0, 0], [0, 0.5, 64]]))  # type: ignore[attr-defined]
    assert arrays["center"][0] == pytest.approx([10.0, 69.0])
    assert arrays["boxes"][0] == pytest.approx([8.0, 68.0, 12.0, 70.0])
    assert arrays["sizes"][0, 0] == pytest.approx([4.0, 2.0])
    assert arrays["keypoints"][0, 0] == pytest.approx([5.0, 66.5])
    assert arrays["component_keypoints"][0, 1, 16] == pytest.approx([5.0, 66.5])
    assert arrays["sigmas"][0, 0] == pytest.approx([10.0, 10.0])  # in cells: not of the image
    assert arrays["truth_boxes"][0] == pytest.approx([0.0, 64.0, 2.0, 67.0])
    assert arrays["truth_keypoints"][0, 0] == pytest.approx([2.0, 67.0, 2.0])


def test_images_of_several_sizes_share_one_square() -> None:
    """Each fills it along its longer side, and its points are moved by its own matrix."""
    data = image_set([(100, 50), (40, 80)], [1, 1])
    found = detections([0, 1], [0.9, 0.9])
    arrays = examples.choose(data, found)
    assert arrays["pixels"].shape[1:3] == (100, 100)
    for place, matrix in enumerate(data.images.matrices):  # type: ignore[attr-defined]
        (row,) = np.flatnonzero(arrays["image"] == place)
        assert arrays["center"][row] == pytest.approx(matrix @ [20.0, 10.0, 1.0])
    corners = [matrix[:, :2].max() * data.sizes[image].max() for matrix, image in zip(
        data.images.matrices, arrays["pixels"][:, 0, 0, 0], strict=True)]  # type: ignore[attr-defined]  # fmt: skip
    assert corners == pytest.approx([100.0, 100.0])


def test_low_scores_are_left_out_except_the_best() -> None:
    data = image_set([(64, 64)] * 3, [1, 1, 1])
    found = detections([0, 0, 0, 1, 1], [0.9, 0.3, 0.29, 0.1, 0.05])
    arrays = examples.choose(data, found)
    shown = arrays["pixels"][:, 0, 0, 0].tolist()
    kept = {image: np.sort(arrays["score"][arrays["image"] == place]).tolist() for place, image in enumerate(shown)}
    assert kept == {0: pytest.approx([0.3, 0.9]), 1: pytest.approx([0.1]), 2: []}


def test_a_crowded_image_shows_its_best_dozen() -> None:
    data = image_set([(64, 64)], [1])
    arrays = examples.choose(data, detections([0] * 20, list(np.linspace(0.9, 0.4, 20))))
    assert arrays["score"] == pytest.approx(np.linspace(0.9, 0.4, 20)[:12])


def test_the_choice_depends_on_the_seed_alone() -> None:
    data = image_set([(64, 64)] * 30, [1] * 30)
    none = detections([], [])
    one, again = (examples.choose(data, found, count=5) for found in (none, detections([3], [0.9])))
    assert np.array_equal(one["pixels"], again["pixels"])
    assert len(np.unique(one["pixels"][:, 0, 0, 0])) == 5
    assert not np.array_equal(one["pixels"], examples.choose(data, none, count=5, seed=1)["pixels"])


def test_images_without_objects_are_not_chosen() -> None:
    """The other images have no annotations, only a crowd, or people without keypoints: image 1 remains."""
    data = image_set([(64, 64)] * 4, [0, 1, 1, 1])
    crowd, keypoints = data.crowd.copy(), data.keypoints.copy()
    crowd[1], keypoints[2, :, 2] = True, 0
    data = replace(data, crowd=crowd, keypoints=keypoints)
    assert examples.choose_images(data, 12).tolist() == [1]
    assert sorted(examples.choose_images(replace(data, task="boxes"), 12).tolist()) == [1, 3]


def views_of(data: ImageSet, chosen: NDArray) -> list[bool]:
    assert data.back_view is not None
    return data.back_view[data.first[chosen]].tolist()


@pytest.mark.parametrize("seed", range(4))
def test_every_second_person_is_seen_from_the_back(seed: int) -> None:
    data = image_set([(64, 64)] * 40, [1] * 40, back=[image % 5 == 0 for image in range(40)])
    chosen = examples.choose_images(data, 12, seed)
    assert len(set(chosen.tolist())) == 12
    assert views_of(data, chosen) == [False, True] * 6


@pytest.mark.parametrize("rare", [True, False])
def test_the_only_person_seen_from_the_rare_side_is_chosen(rare: bool) -> None:
    data = image_set([(64, 64)] * 40, [1] * 40, back=[(image == 17) == rare for image in range(40)])
    chosen = examples.choose_images(data, 3)
    assert len(set(chosen.tolist())) == 3
    assert 17 in chosen


def test_boxes_have_no_keypoints() -> None:
    data = image_set([(64, 64)], [2], task="boxes")
    arrays = examples.choose(data, detections([0], [0.9], keypoints=False))
    assert not {"keypoints", "component_keypoints", "truth_keypoints"} & set(arrays)
    assert arrays["truth_image"].tolist() == [0, 0]


def test_the_arrays_are_detections_again() -> None:
    arrays = examples.choose(image_set([(64, 64)] * 2, [1, 1]), detections([0, 1], [0.9, 0.8]))
    read = Detections.from_arrays(arrays)
    assert len(read) == 2
    assert read.components == 2


def test_without_any_image_the_arrays_are_empty() -> None:
    arrays = examples.choose(image_set([(64, 64)], [0]), detections([0], [0.9]))
    assert len(arrays["pixels"]) == len(arrays["image"]) == len(arrays["truth_image"]) == 0
