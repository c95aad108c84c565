"""Small coarse graphs and meshes in the form that build_body and fit_body write, made without a body."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline import artifacts
from pipeline.geometry.coarsening import CoarseGraph, MeshGraphs

COARSE, FINE = 6, 12  # nodes
UNUSABLE = 7  # in every seventh frame the body does not fit


def graph(size: int, fakes: tuple[int, ...]) -> CoarseGraph:
    """A ring of the real nodes; padding nodes have no edges."""
    real = np.ones(size, dtype=bool)
    real[list(fakes)] = False
    nodes = np.flatnonzero(real)
    adjacency = np.zeros((size, size), dtype=np.float32)
    for one, other in zip(nodes, np.roll(nodes, 1), strict=True):
        adjacency[one, other] = adjacency[other, one] = adjacency[one, one] = 1.0
    adjacency /= np.maximum(adjacency.sum(axis=1, keepdims=True), 1.0)
    joint = np.where(real, np.arange(size) % 17, -1).astype(np.int8)
    return CoarseGraph(adjacency, real, np.eye(len(nodes), 20, dtype=np.float32), joint)


def graphs() -> MeshGraphs:
    coarse, fine = graph(COARSE, (5,)), graph(FINE, (3, 10, 11))
    return MeshGraphs(coarse, fine, np.arange(FINE, dtype=np.int32), np.array([FINE, COARSE], dtype=np.int32))


def mesh_arrays(poses: int, seed: int = 0) -> dict[str, NDArray]:
    """The meshes of a split. Two poses show the same frame."""
    frames = (poses + 1) // 2
    nodes = int(graphs().coarse.real.sum() + graphs().fine.real.sum())
    random = np.random.default_rng(seed)
    return {
        "row_frame": (np.arange(poses) // 2).astype(np.int32),
        "usable": np.arange(frames) % UNUSABLE != UNUSABLE - 1,
        "meshes": random.normal(0, 0.3, (frames, nodes, 3)).astype(np.float16),
    }


def write(folder: Path, splits: Mapping[str, int]) -> None:
    artifacts.write_arrays(folder / "graphs.npz", graphs().to_arrays())
    for split, poses in splits.items():
        artifacts.write_arrays(folder / f"{split}.npz", mesh_arrays(poses))
