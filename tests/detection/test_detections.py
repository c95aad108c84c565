"""Detections: rows, predictions forced by one component, joined parts, and saving to a file."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from pipeline.artifacts import read_arrays, write_arrays
from pipeline.detection.detections import Detections


def some(count: int = 7, components: int = 3, pose: bool = True, seed: int = 0) -> Detections:
    random = np.random.default_rng(seed)
    keypoints = random.uniform(0, 64, (count, components, 17, 2)).astype(np.float32)
    chosen = random.integers(0, components, count)
    return Detections(
        image=np.sort(random.integers(0, 4, count)),
        score=random.random(count).astype(np.float32),
        category=random.integers(0, 5, count),
        center=random.uniform(0, 64, (count, 2)).astype(np.float32),
        boxes=random.uniform(0, 64, (count, 4)).astype(np.float32),
        component=chosen,
        weights=random.dirichlet(np.ones(components), count).astype(np.float32),
        sigmas=random.random((count, components, 2)).astype(np.float32),
        sizes=random.uniform(1, 20, (count, components, 2)).astype(np.float32),
        keypoints=keypoints[np.arange(count), chosen] + 1 if pose else None,  # + 1: refined
        component_keypoints=keypoints if pose else None,
    )


def same(one: Detections, other: Detections) -> bool:
    pairs = [(getattr(one, field.name), getattr(other, field.name)) for field in fields(Detections)]
    return all(
        a is b is None or (a.dtype == b.dtype and np.array_equal(a, b))
        for a, b in pairs
        if a is not None or b is not None
    )


@pytest.mark.parametrize("pose", [True, False])
def test_rows_are_chosen_from_every_array(pose: bool) -> None:
    found = some(pose=pose)
    mask = np.array([True, False, True, False, False, False, True])
    by_mask, by_index = found.rows(mask), found.rows(np.flatnonzero(mask))
    assert same(by_mask, by_index) and len(by_mask) == 3 and by_mask.components == 3
    for field in fields(Detections):
        value = getattr(found, field.name)
        kept = getattr(by_mask, field.name)
        assert (value is None and kept is None) or np.array_equal(value[[0, 2, 6]], kept), field.name
    nothing = found.rows(np.zeros(7, bool))
    assert len(nothing) == 0 and nothing.components == 3 and nothing.sizes.shape == (0, 3, 2)
    assert (nothing.keypoints is None) is not pose


@pytest.mark.parametrize("component", [0, 2])
def test_a_forced_component_makes_all_predictions(component: int) -> None:
    found = some()
    forced = found.forced(component)
    assert (forced.component == component).all() and forced.component.dtype == found.component.dtype
    width = forced.boxes[:, 2:] - forced.boxes[:, :2]
    assert np.allclose(width, found.sizes[:, component], atol=1e-4)
    assert np.allclose((forced.boxes[:, :2] + forced.boxes[:, 2:]) / 2, found.center, atol=1e-4)
    assert forced.component_keypoints is not None and forced.keypoints is not None
    assert np.array_equal(forced.keypoints, forced.component_keypoints[:, component])  # not the refined ones
    for name in ("image", "score", "category", "center", "weights", "sigmas", "sizes"):
        assert getattr(forced, name) is getattr(found, name), name
    assert some(pose=False).forced(component).keypoints is None


def test_forcing_the_chosen_component_moves_no_box() -> None:
    found = some(pose=False, components=1)
    half = found.sizes[:, 0] / 2
    drawn = found.rows(np.arange(7))
    boxes = np.concatenate([drawn.center - half, drawn.center + half], axis=1)
    assert np.array_equal(found.forced(0).boxes, boxes)


@pytest.mark.parametrize("pose", [True, False])
def test_joined_parts_equal_the_whole(pose: bool) -> None:
    found = some(pose=pose)
    parts = [found.rows(np.arange(0, 3)), found.rows(np.arange(3, 3)), found.rows(np.arange(3, 7))]
    assert same(Detections.concatenate(parts), found)
    assert same(Detections.concatenate([found]), found)


@pytest.mark.parametrize("pose", [True, False])
def test_a_file_returns_the_same_detections(tmp_path: Path, pose: bool) -> None:
    found = some(pose=pose)
    write_arrays(tmp_path / "found.npz", found.to_arrays())
    assert same(Detections.from_arrays(read_arrays(tmp_path / "found.npz")), found)
    assert ("keypoints" in found.to_arrays()) is pose


def test_other_arrays_are_ignored_and_a_missing_one_is_named() -> None:
    arrays = some().to_arrays()
    assert same(Detections.from_arrays({**arrays, "pixels": np.zeros(3)}), some())
    del arrays["sigmas"]
    with pytest.raises(KeyError, match="sigmas"):
        Detections.from_arrays(arrays)
