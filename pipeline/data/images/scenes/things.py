"""What rendered images show besides people: backgrounds, things in front, and balls, boxes and trees to detect."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.data.images.scenes.sprites import FINER, Sprite, averaged

NOISE = (2.0, 10.0)  # standard deviation, of 255
Image = NDArray[np.float32]


def background(size: int, clutter: int, rng: np.random.Generator) -> Image:
    """An image [size, size, 3], 0 to 255: soft patches of colour under `clutter` flat shapes."""
    coarse = int(rng.integers(2, 6))
    contrast = rng.uniform(8, 50)
    patches = rng.uniform(50, 210) + rng.normal(0, 35, size=3) + contrast * rng.standard_normal((coarse, coarse, 1))
    patches = patches + 0.35 * contrast * rng.standard_normal((coarse, coarse, 3))
    patches = patches.astype(np.float32)
    image: Image = np.asarray(cv2.resize(patches, (size, size), interpolation=cv2.INTER_CUBIC), dtype=np.float32)
    for _ in range(clutter):
        _shape(image, rng, (0.04, 0.35))
    return image


def noisy(images: Image, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Images [N, S, S, 3] as uint8, with grain and brightness of their own."""
    grain = rng.uniform(*NOISE, size=(len(images), 1, 1, 1)).astype(np.float32)
    images = images * rng.uniform(0.8, 1.15, size=(len(images), 1, 1, 1)).astype(np.float32)
    images += grain * rng.standard_normal(images.shape, dtype=np.float32)
    return np.rint(images.clip(0, 255)).astype(np.uint8)


def occluder(size: int, rng: np.random.Generator) -> Sprite:
    """A flat shape in front of everything."""
    layer = np.zeros((size, size, 4), dtype=np.float32)
    _shape(layer, rng, (0.06, 0.22))
    return Sprite(layer[..., :3], layer[..., 3], 0, 0, category=-1)


def _shape(image: Image, rng: np.random.Generator, extent: tuple[float, float]) -> None:
    """Draws a rectangle, ellipse, triangle or bar of one colour; a fourth channel becomes 1 there."""
    size = len(image)
    numbers = rng.random(8)
    grey = numbers[:3].mean()
    colour = (*(255 * (grey + 0.6 * (numbers[:3] - grey))).tolist(), 1.0)[: image.shape[2]]
    x, y = (numbers[3:5] * size).astype(int).tolist()
    spread = extent[0] + (extent[1] - extent[0]) * numbers[5:7] ** 1.5
    wide, tall = np.maximum(spread * size, 1).astype(int).tolist()
    angle, kind = 360 * numbers[7], int(rng.integers(4))
    if kind == 0:
        cv2.rectangle(image, (x - wide, y - tall), (x + wide, y + tall), colour, -1)
    elif kind == 1:
        cv2.ellipse(image, (x, y), (wide, tall), angle, 0, 360, colour, -1)
    elif kind == 2:
        turned = np.deg2rad(angle) + np.array([0, 2.1, 4.2])
        corners = np.stack([x + wide * np.cos(turned), y + tall * np.sin(turned)], axis=1)
        cv2.fillConvexPoly(image, corners.astype(np.int32), colour)
    else:
        away = np.array([np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))]) * size * extent[1] * 2
        ends = [(round(x + sign * away[0]), round(y + sign * away[1])) for sign in (-1, 1)]
        cv2.line(image, ends[0], ends[1], colour, max(1, round(0.02 * size * (1 + 2 * numbers[5]))))


def ball(length: float, rng: np.random.Generator) -> Image:
    """[h, w, 4] at fine px, colours times alpha: a shaded disc with a band around it."""
    side = max(4, round(length * FINER))
    layer = np.zeros((side, side, 4), dtype=np.float32)
    y, x = (2 * np.mgrid[:side, :side] + 1 - side) / side
    inside = x * x + y * y < 1
    z = np.sqrt(np.maximum(1 - x * x - y * y, 0))
    towards = rng.normal(0, 1, size=3)
    towards[2] = abs(towards[2])
    towards /= np.linalg.norm(towards)
    band = abs(x * towards[0] + y * towards[1] + z * towards[2]) < 0.22
    base, other = rng.uniform(40, 250, size=(2, 3))
    colour = np.where(band[..., None], other, base)
    light = (0.5 + 0.55 * (-0.4 * x - 0.5 * y + 0.75 * z))[..., None]
    layer[..., :3] = (colour * light).clip(0, 255)
    layer[..., 3] = 1
    return layer * inside[..., None]


def box(length: float, rng: np.random.Generator) -> Image:
    """[h, w, 4]: a crate in parallel projection, its three sides lit differently, with a strip of tape."""
    front, height = rng.uniform(0.5, 1, size=2)
    back = np.array([rng.choice([-1, 1]) * rng.uniform(0.2, 0.5), -rng.uniform(0.2, 0.45)])
    corners = np.array([(0, 0), (front, 0), (front, height), (0, height)])
    side = corners[[1, 2]] if back[0] > 0 else corners[[0, 3]]
    strip = np.array([(0.42 * front, 0), (0.58 * front, 0), (0.58 * front, height), (0.42 * front, height)])
    colour = rng.uniform(60, 240, size=3)
    polygons = [
        (np.concatenate([side, side[::-1] + back]), 0.6 * colour),
        (np.concatenate([corners[:2], corners[1::-1] + back]), 1.05 * colour),
        (corners, 0.85 * colour),
        (strip, 0.45 * colour),
    ]
    return _polygons(polygons, length)


def tree(length: float, rng: np.random.Generator) -> Image:
    """[h, w, 4]: a brown trunk under a green crown, a fir's of triangles or a round one."""
    wide = rng.uniform(0.35, 0.6)
    trunk = rng.uniform(0.06, 0.1) * wide / 0.5
    brown = np.array([110, 75, 45]) * rng.uniform(0.7, 1.2)
    green = np.array([60, 140, 55]) * rng.uniform(0.5, 1.3) + rng.normal(0, 12, size=3)
    polygons = [(np.array([(-trunk, 0.55), (trunk, 0.55), (trunk, 1), (-trunk, 1)]), brown)]
    if rng.random() < 0.5:
        for level in range(3):
            top, half = 0.22 * level, wide * (0.6 + 0.2 * level) / 1.2
            corners = np.array([(0, top), (half, top + 0.38), (-half, top + 0.38)])
            polygons.append((corners, green * (1.15 - 0.15 * level)))
    else:
        for _ in range(7):
            centre = rng.uniform((-0.45 * wide, 0.18), (0.45 * wide, 0.52))
            angles = np.linspace(0, 2 * np.pi, 16, endpoint=False)
            circle = centre + rng.uniform(0.14, 0.2) * np.stack([np.cos(angles), np.sin(angles)], axis=1)
            polygons.append((circle, green * rng.uniform(0.8, 1.2)))
    return _polygons(polygons, length)


def _polygons(polygons: list[tuple[NDArray[np.float64], NDArray[np.float64]]], length: float) -> Image:
    """[h, w, 4] at fine px, of convex polygons and their colours, scaled to `length` px on the longer side."""
    points = np.concatenate([corners for corners, _ in polygons])
    low, high = points.min(axis=0), points.max(axis=0)
    scale = FINER * length / (high - low).max()
    wide, tall = np.maximum(np.ceil((high - low) * scale), 2).astype(int)
    layer = np.zeros((tall, wide, 4), dtype=np.float32)
    for corners, colour in polygons:
        places = np.round(((corners - low) * scale - 0.5) * 16).astype(np.int32)
        cv2.fillConvexPoly(layer, places, (*colour.clip(0, 255).tolist(), 1.0), shift=4)
    return layer


def thing(kind: str, length: float, size: int, category: int, rng: np.random.Generator) -> Sprite:
    """A ball, box or tree whose longer side is `length` px, somewhere in an image of `size` px."""
    fine = {"ball": ball, "box": box, "tree": tree}[kind](length, rng)
    tall, wide = (-(-side // FINER) for side in fine.shape[:2])
    layer = np.zeros((tall * FINER, wide * FINER, 4), dtype=np.float32)
    layer[: fine.shape[0], : fine.shape[1]] = fine
    layer = averaged(layer)
    extent = np.array([wide, tall])
    place = rng.random(2) * np.maximum(size - 0.8 * extent, 0) - 0.1 * extent
    return Sprite(layer[..., :3], layer[..., 3], round(place[0]), round(place[1]), category)
