"""Mesh graphs without a body, as large and as detection as those that HGN's authors have."""

from __future__ import annotations

import numpy as np

from pipeline.geometry.coarsening import CoarseGraph, MeshGraphs

EDGES = {"joints": 49, "coarse": 340, "fine": 581}  # entries of the adjacencies
REAL = {"coarse": 45, "fine": 83}


def graph(size: int, real_nodes: int, entries: int, seed: int) -> CoarseGraph:
    """A ring through the real nodes with chords and loops; fake nodes stand anywhere and have no edge."""
    random = np.random.default_rng(seed)
    nodes = np.sort(random.permutation(size)[:real_nodes])
    edges = {frozenset(pair) for pair in zip(nodes.tolist(), np.roll(nodes, 1).tolist(), strict=True)}
    loops = real_nodes - (entries - real_nodes) % 2
    while 2 * len(edges) + loops < entries:
        edges.add(frozenset(random.choice(nodes, 2, replace=False).tolist()))
    adjacency = np.zeros((size, size), dtype=np.float32)
    adjacency[nodes[:loops], nodes[:loops]] = 1.0
    for one, other in edges:
        adjacency[one, other] = adjacency[other, one] = 1.0
    assert np.count_nonzero(adjacency) == entries
    adjacency /= np.maximum(adjacency.sum(axis=1, keepdims=True), 1.0)
    real = np.isin(np.arange(size), nodes)
    joint = np.where(real, np.arange(size) % 17, -1).astype(np.int8)
    return CoarseGraph(adjacency, real, np.eye(real_nodes, 100, dtype=np.float32), joint)


def authors_sized() -> MeshGraphs:
    coarse = graph(48, REAL["coarse"], EDGES["coarse"], 0)
    fine = graph(96, REAL["fine"], EDGES["fine"], 1)
    return MeshGraphs(coarse, fine, np.arange(96, dtype=np.int32), np.array([96, 48], dtype=np.int32))
