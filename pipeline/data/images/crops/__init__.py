"""Cropped images of one person each: the poses of a data set, drawn on their fitted bodies as their cameras see them.

They stand in for the pictures of Human3.6M, so that a network can go from pixels to 3D joints without its licence. A
picture shows more than an outline: light from above and from in front (light.py), limbs that hide others,
clothes, skin, hair and a face (scenes/figure.py), perspective with the lens's distortion, things in front and behind.
What a person wears and where the lamps hang are drawn once for a take; the background is drawn for each image.

The drawing is that of the scenes: numpy and a depth buffer over flat arrays. Renderers that install with pip need
OpenGL (pyrender, trimesh, moderngl) or a compiler (PyTorch3D, nvdiffrast, which also needs a GPU).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from pipeline.body.fitting.rotations import exponential
from pipeline.body.model import BodyModel
from pipeline.data.images.crops.boxes import Boxes, boxes_of
from pipeline.data.images.crops.light import Lights, shade
from pipeline.data.images.crops.views import Views
from pipeline.data.images.scenes import people as scenes_people
from pipeline.data.images.scenes import things as scenes_things
from pipeline.data.images.scenes.figure import Figure, figure
from pipeline.data.images.scenes.raster import rasterise
from pipeline.data.images.settings import PersonCrops
from pipeline.geometry.camera import rotation_matrix
from pipeline.geometry.poses import PoseSet

BATCH = 32  # images that are drawn together
FINER = 2  # a person is drawn with FINER x FINER pixels per pixel of the crop, and averaged
SPLITS = ("train", "test")
UP = (0.0, 0.0, 1.0)  # in the world

Arrays = Mapping[str, NDArray]


@dataclass(frozen=True)
class Crops:
    """M images of one person each."""

    pixels: NDArray[np.uint8]  # [M, S, S, 3] RGB
    row: NDArray[np.int64]  # [M] of the poses
    boxes: Boxes  # where the images are in the cameras' pictures

    def to_arrays(self) -> dict[str, NDArray]:
        """Plain arrays for a file: `pixels`, `row`, and each box's `corner` and `side`."""
        return {"pixels": self.pixels, "row": self.row, "corner": self.boxes.corner, "side": self.boxes.side}


def render(settings: PersonCrops, split: str, poses: PoseSet, fitted: Arrays, body: BodyModel) -> Crops:
    """Crops of the poses whose body fits, or of every n-th so that there are at most as many as the settings allow.

    `fitted` has the arrays of `fit_body` for these poses. The same settings make the same images.
    """
    drawn, take = figure(body), np.unique(np.stack((poses.subject, poses.take)), axis=1, return_inverse=True)[1]
    rows = chosen(poses, fitted, {"train": settings.train, "test": settings.test}[split])
    of_split = [settings.seed, SPLITS.index(split)]
    takes = int(take.max()) + 1
    random = np.random.default_rng(of_split)
    colours = scenes_people.palettes(np.zeros(takes, dtype=bool), random)[:, drawn.part]  # [takes, F, 3]
    lights = Lights.draw(takes, random)
    boxes = boxes_of(poses.keypoints_2d[rows], settings.size)
    pixels = np.empty((len(rows), settings.size, settings.size, 3), dtype=np.uint8)
    with tqdm(total=len(rows), unit="image", desc=f"crops, {split}", disable=None) as bar:
        for start in range(0, len(rows), BATCH):
            part = slice(start, start + BATCH)
            of_take = take[rows[part]]
            people = people_of(drawn, poses, fitted, rows[part], boxes.part(part), colours[of_take], lights.of(of_take))
            pixels[part] = _pictured(people, settings, np.random.default_rng([*of_split, start]))
            bar.update(len(people))
    return Crops(pixels, rows, boxes)


def chosen(poses: PoseSet, fitted: Arrays, most: int | None) -> NDArray[np.int64]:
    """The rows of poses to draw: those whose body fits, evenly thinned out if there are more than `most`."""
    usable = np.flatnonzero(fitted["usable"][fitted["row_frame"]])
    if most is None or len(usable) <= most:
        return usable
    return usable[(np.arange(most) * len(usable)) // most]


def people_of(
    drawn: Figure,
    poses: PoseSet,
    fitted: Arrays,
    rows: NDArray[np.int64],
    boxes: Boxes,
    colours: NDArray[np.float32],
    lights: Lights,
) -> NDArray[np.float32]:
    """People [B, S, S, 4], colours times alpha and alpha, of poses whose triangles have colours [B, F, 3]."""
    views = Views.of([poses.cameras[index] for index in poses.camera[rows]])
    vertices = _in_front_of_camera(drawn.body, poses, fitted, rows, views)
    directions = torch.stack((torch.tensor(UP).expand(len(rows), -1), lights.ceiling), dim=1)
    up, ceiling = views.turned(directions).unbind(dim=1)
    root = torch.from_numpy(poses.joints_3d[rows, 0] / 1000)
    bright = shade(vertices, torch.from_numpy(drawn.faces), root, up, ceiling, lights.lamp)
    lit = colours * bright.numpy()[..., None]
    points = FINER * boxes.in_crop(views.in_picture(vertices))
    depth = np.ascontiguousarray(-vertices[..., 2].numpy())
    raster = rasterise(points.numpy(), depth, drawn.faces, np.full((len(rows), 2), FINER * boxes.size))
    pixels = np.zeros((len(raster.face), 4), dtype=np.float32)
    shown = np.flatnonzero(raster.face >= 0)
    pixels[shown, :3] = lit[raster.mesh()[shown], raster.face[shown]]
    pixels[shown, 3] = 1
    return pixels.reshape(len(rows), boxes.size, FINER, boxes.size, FINER, 4).mean(axis=(2, 4))


def _in_front_of_camera(
    body: BodyModel, poses: PoseSet, fitted: Arrays, rows: NDArray[np.int64], views: Views
) -> Tensor:
    """Vertices [B, V, 3] in metres, in the axes of each pose's camera."""
    frame = fitted["row_frame"][rows]
    betas = torch.from_numpy(fitted["betas"][poses.subject[rows]])
    rotations = rotation_matrix(exponential(torch.from_numpy(fitted["rotations"][frame])))
    # Relative to the camera, before the body's single precision can lose anything far from the origin.
    place = torch.from_numpy(fitted["translation"][frame]).double() - views.centre
    return views.turned(body.skin(betas, rotations, place.float())[0])


def _pictured(people: NDArray[np.float32], settings: PersonCrops, random: np.random.Generator) -> NDArray[np.uint8]:
    """People [B, S, S, 4] in front of backgrounds and behind things."""
    back = np.stack([scenes_things.background(settings.size, settings.clutter, random) for _ in people])
    images = people[..., :3] + back * (1 - people[..., 3:])
    for image, count in zip(images, random.poisson(settings.occluders, size=len(images)), strict=True):
        for _ in range(count):
            thing = scenes_things.occluder(settings.size, random)
            image[:] = thing.colour + image * (1 - thing.alpha[..., None])
    return scenes_things.noisy(images, random)
