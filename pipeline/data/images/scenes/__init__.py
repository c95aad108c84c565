"""Rendered images with COCO annotations: people with keypoints, and objects of four categories.

They are drawn from the open body (or, without one, from capsules: capsules.py), so that the true keypoints are known.
As in COCO's images, people are seen from the front or from the back. Only the face, the hair and the front of the shirt
show which side is the left one, so the components of a mixture can divide by viewpoint.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from pipeline.body.model import BodyModel
from pipeline.data.images.scenes import capsules
from pipeline.data.images.scenes import people as scenes_people
from pipeline.data.images.scenes import things as scenes_things
from pipeline.data.images.scenes.figure import Figure, figure
from pipeline.data.images.scenes.people import People
from pipeline.data.images.scenes.sprites import Placed, Scene, Sprite, stack
from pipeline.data.images.settings import BoxScenes, PoseScenes
from pipeline.geometry import coco_keypoints

BATCH = 32  # images that are drawn together
SPLITS = ("train", "val")
TASKS = ("people", "objects")
CATEGORIES = ("person", "ball", "box", "tree")  # of box scenes; ids count from 1


@dataclass(frozen=True)
class Scenes:
    """Images [N, S, S, 3], uint8, RGB, and their annotations: the content of COCO's JSON file, in the same order."""

    pixels: NDArray[np.uint8]
    coco: dict[str, Any]


def make_pose(settings: PoseScenes, seed: int, split: str, body: BodyModel | None) -> Scenes:
    """People with keypoints. The same seed makes the same images; `train` and `val` have no image in common.

    Flags of keypoints are COCO's: 2 visible; 1 hidden by the person, another person or an object; 0 outside the image.
    Boxes and areas are of a person's whole outline in the image, as if nothing were in front. `back_view` is added.
    """
    drawn = figure(body or capsules.body())
    category = {
        **{"id": 1, "name": "person", "supercategory": "person", "keypoints": list(coco_keypoints.NAMES)},
        "skeleton": [[one + 1, two + 1] for one, two in coco_keypoints.BONES],
    }
    return _make(
        settings, seed, split, "people", [category], lambda count, rng: _pose_batch(settings, count, drawn, rng)
    )


def make_boxes(settings: BoxScenes, seed: int, split: str, body: BodyModel | None) -> Scenes:
    """People, balls, boxes and trees of all sizes, without keypoints. Near ones cover others, but never completely."""
    drawn = figure(body or capsules.body())
    categories = [{"id": index + 1, "name": name, "supercategory": name} for index, name in enumerate(CATEGORIES)]
    return _make(
        settings, seed, split, "objects", categories, lambda count, rng: _box_batch(settings, count, drawn, rng)
    )


def _make(
    settings: PoseScenes | BoxScenes,
    seed: int,
    split: str,
    task: str,
    categories: list[dict[str, Any]],
    batch: Callable[[int, np.random.Generator], list[Scene]],
) -> Scenes:
    count, size = {"train": settings.train, "val": settings.val}[split], settings.size
    pixels = np.empty((count, size, size, 3), dtype=np.uint8)
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    with tqdm(total=count, unit="image", desc=f"{task}, {split}", disable=None) as bar:
        for start in range(0, count, BATCH):
            rng = np.random.default_rng([seed, SPLITS.index(split), TASKS.index(task), start])
            scenes = batch(min(BATCH, count - start), rng)
            backgrounds = [scenes_things.background(size, settings.clutter, rng) for _ in scenes]
            together = np.stack([scene.finished(back) for scene, back in zip(scenes, backgrounds, strict=True)])
            pixels[start : start + len(scenes)] = scenes_things.noisy(together, rng)
            for scene in scenes:
                number = len(images) + 1
                images.append({"id": number, "width": size, "height": size, "file_name": f"{number:06d}.png"})
                for placed in reversed(scene.placed):
                    annotations.append(_annotation(placed, len(annotations) + 1, number))
            bar.update(len(scenes))
    info = {"description": "made pictures", "split": split, "seed": seed}
    return Scenes(pixels, {"info": info, "images": images, "annotations": annotations, "categories": categories})


def _annotation(placed: Placed, number: int, image: int) -> dict[str, Any]:
    result: dict[str, Any] = {
        **{"id": number, "image_id": image, "category_id": placed.category + 1},
        **{"bbox": list(placed.box), "area": placed.area, "iscrowd": 0},
    }
    if placed.keypoints is not None:
        rows = [[round(float(x), 2), round(float(y), 2), int(flag)] for x, y, flag in placed.keypoints]
        result["keypoints"] = [value for row in rows for value in row]
        result["num_keypoints"] = sum(row[2] > 0 for row in rows)
        result["back_view"] = placed.back_view
    return result


def _pose_batch(settings: PoseScenes, count: int, drawn: Figure, rng: np.random.Generator) -> list[Scene]:
    numbers = rng.integers(settings.people[0], settings.people[1] + 1, size=count)
    length = settings.size * _log_uniform(settings.scale, int(numbers.sum()), rng)
    seen = (settings.front, settings.yaw_spread, settings.without_cue, settings.postures)
    people = People.draw(length, settings.size, rng, *seen)
    groups = _grouped(scenes_people.draw(drawn, people, rng), length, numbers)
    covers = rng.poisson(settings.occluders, size=count)
    scenes = []
    for group, cover in zip(groups, covers, strict=True):
        things = [scenes_things.occluder(settings.size, rng) for _ in range(cover)]
        scene = stack([*things, *group], settings.size)
        scenes.append(scene if scene.placed else stack(group, settings.size))  # every image has people
    return scenes


def _box_batch(settings: BoxScenes, count: int, drawn: Figure, rng: np.random.Generator) -> list[Scene]:
    numbers = rng.integers(settings.objects[0], settings.objects[1] + 1, size=count)
    length = settings.size * _log_uniform(settings.scale, int(numbers.sum()), rng)
    category = rng.integers(len(CATEGORIES), size=len(length))
    persons = np.flatnonzero(category == 0)
    people = scenes_people.draw(drawn, People.draw(length[persons], settings.size, rng, 0.5, 0.7, 0.0), rng)
    sprites: dict[int, Sprite] = {}
    for index, person in zip(persons.tolist(), people, strict=True):
        sprites[index] = Sprite(person.colour, person.alpha, person.left, person.top, 0)
    for index in np.flatnonzero(category).tolist():
        kind = int(category[index])
        sprites[index] = scenes_things.thing(CATEGORIES[kind], float(length[index]), settings.size, kind, rng)
    ordered = [sprites[index] for index in range(len(length))]
    near = rng.random(len(length))  # in random order, so that small things can be in front of large ones
    return [stack(group, settings.size) for group in _grouped(ordered, near, numbers)]


def _grouped(sprites: list[Sprite], near: NDArray[np.float64], numbers: NDArray[np.int64]) -> list[list[Sprite]]:
    """The sprites of each image, the nearest (largest `near`) first."""
    groups, start = [], 0
    for number in numbers.tolist():
        order = start + np.argsort(-near[start : start + number], kind="stable")
        groups.append([sprites[index] for index in order])
        start += number
    return groups


def _log_uniform(limits: tuple[float, float], count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    return np.exp(rng.uniform(np.log(limits[0]), np.log(limits[1]), size=count))
