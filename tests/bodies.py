"""Bodies for tests: the open body, made once in a process, and small random ones that look like nothing."""

from __future__ import annotations

import functools

import numpy as np
import torch
from torch import Tensor

from pipeline.body import open_body, small_body
from pipeline.body.model import JOINT_COUNT, BodyModel
from pipeline.body.open_body import OpenBody, joint_regressor, t_pose


@functools.cache
def made() -> OpenBody:
    return open_body.build()


@functools.cache
def small() -> BodyModel:
    return small_body.shrink(made().body)


def random_body(vertices: int = 40, posedirs: bool = False, seed: int = 0) -> BodyModel:
    """Points with random weights, shapes and joints: skinning has nothing to hold on to but its own definition."""
    random = np.random.default_rng(seed)
    weights = random.uniform(size=(vertices, JOINT_COUNT)) ** 8
    regressor = random.uniform(size=(JOINT_COUNT, vertices)) ** 8

    def tensor(values: np.ndarray) -> Tensor:
        return torch.from_numpy(values.astype(np.float32))

    return BodyModel(
        v_template=tensor(random.normal(0, 0.5, (vertices, 3))),
        shapedirs=tensor(random.normal(0, 0.02, (vertices, 3, 10))),
        posedirs=tensor(random.normal(0, 0.01, (vertices, 3, 207))) if posedirs else None,
        j_regressor=tensor(regressor / regressor.sum(axis=1, keepdims=True)),
        weights=tensor(weights / weights.sum(axis=1, keepdims=True)),
        faces=torch.arange(vertices // 3 * 3).reshape(-1, 3),
    )


def random_vectors(count: int, seed: int = 0) -> Tensor:
    """Rotation vectors of poses that a person can take, and any orientation, [N, 24, 3]."""
    random = np.random.default_rng(seed)
    vectors = joint_regressor.draw_poses(count, random)
    vectors[:, 0] = random.normal(size=(count, 3))
    return torch.from_numpy(vectors).float()


def matrices(vectors: Tensor) -> Tensor:
    return torch.from_numpy(t_pose.rotation_matrices(vectors.double().numpy())).float()
