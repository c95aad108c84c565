"""People for rendered images: drawn in batches from a posed body, with different colours in front and behind."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.data.images.scenes import postures as scenes_postures
from pipeline.data.images.scenes.figure import FLESH, PARTS, Figure
from pipeline.data.images.scenes.raster import Raster, rasterise
from pipeline.data.images.scenes.sprites import FINER, Sprite, averaged

SHAPE_SPREAD = 0.8  # standard deviation of the first betas
DRAWN_BETAS = 4
SKINS = np.array([(250, 215, 190), (236, 190, 160), (205, 150, 115), (165, 110, 80), (120, 78, 56), (88, 58, 44)])
HAIRS = np.array([(30, 24, 22), (60, 40, 28), (95, 60, 35), (150, 110, 60), (205, 170, 100), (120, 120, 120)])
FACIAL_SHADOWS = {"eye": 0.18, "mouth": 0.55, "nose": 0.8}  # times the skin's colour
LEAST_CONTRAST = 90  # of hair against skin, of 255
OVERHANG = 0.2  # of a person's box, that may lie outside the image
OVERHANGING = 0.25  # share of people who may


@dataclass(frozen=True)
class People:
    """N people to draw."""

    length: NDArray[np.float64]  # [N] px, the longer side of a person's box
    back: NDArray[np.bool_]  # [N] seen from the back
    yaw: NDArray[np.float64]  # [N] radians on top of it
    plain: NDArray[np.bool_]  # [N] front and back in the same colours
    image: int  # px, its side
    postures: str = "varied"  # a key of postures.SHARES

    @classmethod
    def draw(
        cls,
        length: NDArray[np.float64],
        image: int,
        rng: np.random.Generator,
        front: float,
        yaw_spread: float,
        without_cue: float,
        postures: str = "varied",
    ) -> People:
        count = len(length)
        return cls(
            length=length,
            back=rng.random(count) >= front,
            yaw=rng.normal(0, yaw_spread, size=count),
            plain=rng.random(count) < without_cue,
            image=image,
            postures=postures,
        )


def draw(figure: Figure, people: People, rng: np.random.Generator) -> list[Sprite]:
    """One sprite per person, in any posture, somewhere in the image."""
    count = len(people.length)
    if not count:
        return []
    vertices, joints = _in_front_of_camera(figure, people, rng)
    points, corner, sizes, places = _placed(vertices, joints, people, rng)
    raster = rasterise(points, np.ascontiguousarray(vertices[..., 2]), figure.faces, sizes)
    colours = _lit(palettes(people.plain, rng)[:, figure.part], vertices, figure.faces, rng)
    keypoints = _seen(places, raster, corner)
    mesh = raster.mesh()
    pixels = np.zeros((len(raster.face), 4), dtype=np.float32)
    shown = np.flatnonzero(raster.face >= 0)
    pixels[shown, :3] = colours[mesh[shown], raster.face[shown]]
    pixels[shown, 3] = 1
    sprites = []
    for person in range(count):
        wide, tall = sizes[person] // FINER
        fine = pixels[raster.first[person] : raster.first[person + 1]].reshape(tall * FINER, wide * FINER, 4)
        coarse = averaged(fine)
        left, top = (int(place) for place in corner[person])
        back = bool(people.back[person])
        sprites.append(Sprite(coarse[..., :3], coarse[..., 3], left, top, 0, keypoints[person], back))
    return sprites


def _in_front_of_camera(
    figure: Figure, people: People, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Vertices [N, V, 3] and keypoints [N, 17, 3] in metres as the camera sees them: x right, y up, z towards it."""
    count = len(people.length)
    rotations = scenes_postures.draw(count, rng, people.postures)
    view = np.zeros((count, 4))
    view[:, 0] = rng.normal(0.08, 0.08, size=count)  # the camera looks down a little
    view[:, 1] = rng.normal(0, 0.05, size=count)
    view[:, 2] = people.yaw + np.pi * people.back
    rotations[:, 0] = scenes_postures.to_rotations(view) @ rotations[:, 0]
    betas = torch.zeros(count, figure.body.shape_count)
    drawn = min(DRAWN_BETAS, figure.body.shape_count)
    betas[:, :drawn] = torch.from_numpy(rng.normal(0, SHAPE_SPREAD, size=(count, drawn))).float()
    return figure.posed(betas, rotations)


def _placed(
    vertices: NDArray[np.float32], keypoints: NDArray[np.float32], people: People, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Points [N, V, 2] in fine px of a crop, its corner [N, 2] px and fine size [N, 2], keypoints [N, 17, 3] px, m."""
    flip = np.array([1, -1], dtype=np.float32)
    flat = vertices[..., :2] * flip
    low, high = flat.min(axis=1), flat.max(axis=1)
    scale = people.length / (high - low).max(axis=1)  # px per metre
    extent = (high - low) * scale[:, None]
    beyond = OVERHANG * extent * (rng.random((len(scale), 1)) < OVERHANGING)
    start = rng.random((len(scale), 2)) * (people.image - extent + 2 * beyond) - beyond
    shift = start - low * scale[:, None]
    corner = np.floor(start).astype(np.int64) - 1
    sizes = (np.ceil(start + extent).astype(np.int64) + 1 - corner) * FINER
    points = (flat * scale[:, None, None] + (shift - corner)[:, None]) * FINER
    places = np.empty(keypoints.shape)
    places[..., :2] = keypoints[..., :2] * flip * scale[:, None, None] + shift[:, None]
    places[..., 2] = keypoints[..., 2]
    return points.astype(np.float32), corner, sizes, places


def _seen(keypoints: NDArray[np.float64], raster: Raster, corner: NDArray[np.int64]) -> NDArray[np.float64]:
    """Keypoints [N, 17, 3] px and m as px and COCO's flag: 2 visible, 1 behind more of the person than flesh."""
    cell = np.floor((keypoints[..., :2] - corner[:, None]) * FINER).astype(np.int64)
    cell = cell.clip(0, raster.sizes[:, None] - 1)
    front = raster.depth[raster.first[:-1, None] + cell[..., 1] * raster.sizes[:, :1] + cell[..., 0]]
    hidden = front > keypoints[..., 2] + FLESH
    return np.concatenate([keypoints[..., :2], np.where(hidden, 1.0, 2.0)[..., None]], axis=-1)


def palettes(plain: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.float32]:
    """A colour for every part of N people [N, len(PARTS), 3], 0 to 255. `plain` [N]: both sides as from behind."""
    count = len(plain)
    column = {name: index for index, name in enumerate(PARTS)}
    colours = np.empty((count, len(PARTS), 3))
    skin = SKINS[rng.integers(len(SKINS), size=count)] * rng.uniform(0.9, 1.1, size=(count, 1))
    hair = HAIRS[rng.integers(len(HAIRS), size=count)] * rng.uniform(0.7, 1.3, size=(count, 1))
    alike = abs(hair - skin).max(axis=1, keepdims=True) < LEAST_CONTRAST
    hair = np.where(alike, np.where(skin.mean(axis=1, keepdims=True) > 105, 0.25 * hair, 130 + 0.5 * hair), hair)
    clothes = rng.uniform(20, 235, size=(4, count, 3))  # shirt, its mark, trousers, shoes
    shirt, mark = clothes[:2]
    mark = np.where(shirt.mean(axis=1, keepdims=True) > 128, 0.2 * mark, 180 + 0.3 * mark)
    colours[:] = skin[:, None]
    for name in ("shirt_back", "shirt_front", "sleeve"):
        colours[:, column[name]] = shirt
    colours[:, column["mark"]] = mark
    colours[:, column["trousers"]], colours[:, column["shoe"]] = clothes[2], clothes[3]
    long_sleeved, shorts, panel, bob = rng.random((4, count, 1)) < np.array([0.5, 0.25, 0.3, 0.5])[:, None, None]
    colours[:, column["forearm"]] = np.where(long_sleeved, shirt, skin)
    colours[:, column["shin"]] = np.where(shorts, skin, clothes[2])
    colours[:, column["shirt_front"]] = np.where(panel, 0.5 * (shirt + mark), shirt)
    colours[:, column["hair"]] = hair
    colours[:, column["nape"]] = np.where(bob, hair, skin)
    for name, shadow in FACIAL_SHADOWS.items():
        colours[:, column[name]] = shadow * skin
    colours[:, column["mouth"], 0] *= 1.35
    hood = np.where(rng.random((count, 1)) < 0.5, shirt, hair)
    for names, colour in (
        (("skin", "hair", "eye", "mouth", "nose", "nape"), hood),
        (("shirt_front", "mark"), shirt),
    ):
        for name in names:
            colours[:, column[name]] = np.where(plain[:, None], colour, colours[:, column[name]])
    return colours.clip(0, 255).astype(np.float32)


def _lit(
    colours: NDArray[np.float32], vertices: NDArray[np.float32], faces: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Colours [N, F, 3] under a light that comes from the camera's side, its direction drawn for each person."""
    light = np.stack([rng.normal(0, 0.6, len(colours)), rng.normal(0.5, 0.4, len(colours)), np.ones(len(colours))], 1)
    light /= np.linalg.norm(light, axis=1, keepdims=True)
    x, y, z = (np.ascontiguousarray(vertices[..., axis]) for axis in range(3))
    one, two, three = faces.T
    bx, by, bz = (value[:, two] - value[:, one] for value in (x, y, z))
    cx, cy, cz = (value[:, three] - value[:, one] for value in (x, y, z))
    nx, ny, nz = by * cz - bz * cy, bz * cx - bx * cz, bx * cy - by * cx
    along = nx * light[:, :1].astype(np.float32) + ny * light[:, 1:2].astype(np.float32)
    along += nz * light[:, 2:].astype(np.float32)
    along /= np.sqrt(nx * nx + ny * ny + nz * nz).clip(1e-12)
    return colours * (0.55 + 0.5 * along.clip(0, 1))[..., None]
