"""Balls, boxes, trees, backgrounds and things in front: they have the stated sizes and differ in appearance."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.data.images.scenes import things

KINDS = ("ball", "box", "tree")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("length", [8.0, 60.0])
def test_things_are_as_long_as_stated(kind: str, length: float) -> None:
    for seed in range(10):
        sprite = things.thing(kind, length, 64, 2, np.random.default_rng(seed))
        rows, columns = (np.flatnonzero((sprite.alpha >= 0.5).any(axis=axis)) for axis in (1, 0))
        longer = max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1
        assert abs(longer - length) <= 1.5 + 0.02 * length
        assert sprite.category == 2
        assert (sprite.colour <= 255 * sprite.alpha[..., None] + 1e-3).all() and sprite.colour.min() >= 0


def test_a_ball_is_round() -> None:
    layer = things.ball(50, np.random.default_rng(0))
    y, x = (2 * np.mgrid[:100, :100] + 1 - 100) / 100
    np.testing.assert_array_equal(layer[..., 3], x * x + y * y < 1)


def test_a_tree_is_green_above_brown() -> None:
    for seed in range(10):
        layer = things.tree(50, np.random.default_rng(seed))
        for part, strongest in ((layer[: len(layer) // 2], 1), (layer[-len(layer) // 8 :], 0)):
            assert part[part[..., 3] > 0][:, :3].mean(axis=0).argmax() == strongest


def test_a_box_shows_three_sides_and_its_tape() -> None:
    layer = things.box(50, np.random.default_rng(0))
    colours, counts = np.unique(layer[layer[..., 3] > 0], axis=0, return_counts=True)
    assert (counts > 100).sum() == 4 and len(colours) == 4


def test_occluders_are_no_objects_and_differ() -> None:
    random = np.random.default_rng(0)
    covers = [things.occluder(64, random) for _ in range(30)]
    assert all(cover.category == -1 for cover in covers)
    shares = [cover.alpha.mean() for cover in covers]
    assert 0.01 < np.median(shares) < 0.2 and len(np.unique(shares)) > 20


def test_clutter_adds_edges() -> None:
    def edges(clutter: int) -> float:
        images = [things.background(64, clutter, np.random.default_rng(seed)) for seed in range(20)]
        return float(np.mean([abs(np.diff(image, axis=0)).mean() for image in images]))

    assert edges(0) < edges(3) < edges(12)


def test_noise_keeps_the_image_and_its_range() -> None:
    images = np.full((40, 32, 32, 3), 128, np.float32)
    noisy = things.noisy(images, np.random.default_rng(0)).astype(float)
    assert noisy.std(axis=(1, 2, 3)).min() > 1.5 and noisy.std(axis=(1, 2, 3)).max() < 11
    assert noisy.mean(axis=(1, 2, 3)).min() > 0.8 * 127 and noisy.mean(axis=(1, 2, 3)).max() < 1.15 * 129
