"""Graph coarsening: a sequence of smaller graphs in which each node stands for two nodes of the graph before.

    coarsen(adjacency, levels)          any graph, padded so that node counts double exactly
    mesh_graphs(faces, vertex_count)    HGN's two coarse graphs of a body mesh, with matrices from vertices to nodes

HGN (Li et al., "Hierarchical graph networks for 3D human pose estimation", 2021, section 3.2) coarsens SMPL's mesh nine
times. It keeps the graphs of 48 nodes (`coarse`, the paper's G^C) and 96 nodes (`fine`, G^{C-1}) and discards the
ninth, of 24. matching.py decides which nodes are matched.

Matching leaves some nodes single, so graphs do not halve exactly. Every cluster therefore gets two children. Where it
has only one or none, padding nodes fill up: nodes without edges and without vertices. Then coarse node i has the
children 2i and 2i + 1 at every level, and if 24 nodes are left at the end, the sizes are 24 x 2^k. Ties break by vertex
order, so the vertex order determines how many nodes are real. `mesh_graphs` tries seeded orders; of those whose last
graph has the paper's size it keeps the one with the fewest padding nodes.

For SMPL's mesh in its own order the authors have 83 real nodes of 96 and 45 of 48, and their published weights have 581
and 340 entries for the graphs. The rule in their code cannot give 340: matching neighbours keeps a mesh without handles
planar, and a planar graph of 45 nodes with loops has at most 7 x 45 - 12 = 303 entries. So the authors' weights need
the authors' graphs.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array, issparse
from scipy.sparse.csgraph import connected_components
from tqdm import tqdm

from pipeline.geometry.matching import match, merge

LEVELS = 9
COARSEST = 24  # real nodes of the last graph; the two before it then have the paper's 48 and 96
ORDERS_TRIED = 64  # seeded orders, besides the mesh's own
SEED = 0


class GraphError(ValueError):
    """An inconsistent graph, mesh or file of graphs; the message names what is wrong."""


@dataclass(frozen=True)
class Coarsening:
    """A graph and its coarser versions, the finest first.

    Node i of a graph has the children 2i and 2i + 1 in the graph before. Padding nodes have no edges. Edge weights are
    sums; the loop of a merged node has the sum of the weights inside it.
    """

    graphs: tuple[csr_array, ...]  # levels + 1 of them, padded, each symmetric
    real: tuple[NDArray[np.bool_], ...]  # of each graph
    permutation: NDArray[np.int32]  # [nodes of the first graph]: the given node at each place; padding nodes come after
    parents: tuple[NDArray[np.int32], ...]  # [real nodes of a level] -> node of the next, in the matching's numbering

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of nodes of each graph, with padding."""
        return tuple(graph.shape[0] for graph in self.graphs)

    def average(self, level: int) -> csr_array:
        """The matrix from values of the given nodes to values of a level's real nodes, [real nodes, given nodes].

        A node's value is the mean of its one or two real children, level by level. Two children have the same weight,
        however many of the finest nodes each contains. Rows sum to 1.
        """
        places = np.flatnonzero(self.real[0])
        weights = np.ones(len(places))
        for below in range(level):
            children = self.real[below].reshape(-1, 2).sum(axis=1)
            weights /= children[places >> (below + 1)]
        row_of = np.cumsum(self.real[level]) - 1
        rows, columns = row_of[places >> level], self.permutation[places]
        return csr_array((weights, (rows, columns)), shape=(int(self.real[level].sum()), len(places)))


def coarsen(adjacency: ArrayLike | csr_array, levels: int) -> Coarsening:
    """Match neighbours `levels` times. `adjacency` [n, n] is symmetric, without negative weights, an array or sparse.

    Raises GraphError for any other matrix.
    """
    graph = _checked(adjacency)
    unpadded, parents = [graph], []
    for cluster, merged in _halvings(graph, levels):
        parents.append(cluster)
        unpadded.append(merged)
    orders = _padded_orders(parents, unpadded[-1].shape[0])
    counts = [level.shape[0] for level in unpadded]
    return Coarsening(
        graphs=tuple(_arranged(level, order) for level, order in zip(unpadded, orders, strict=True)),
        real=tuple(order < count for order, count in zip(orders, counts, strict=True)),
        permutation=orders[0],
        parents=tuple(parents),
    )


def _checked(adjacency: ArrayLike | csr_array) -> csr_array:
    graph = csr_array(adjacency if issparse(adjacency) else np.asarray(adjacency), dtype=np.float64)
    if graph.ndim != 2 or graph.shape[0] != graph.shape[1]:
        raise GraphError(f"adjacency: expected [n, n], got {graph.shape}")
    graph.sum_duplicates()
    graph.eliminate_zeros()
    if not np.isfinite(graph.data).all() or (graph.data < 0).any():
        raise GraphError("adjacency: weights must be finite and not negative")
    if (graph != graph.T).nnz:
        raise GraphError("adjacency: not symmetric; give the graph itself, not its row-normalised form")
    return graph


def _halvings(graph: csr_array, levels: int) -> Iterator[tuple[NDArray[np.int32], csr_array]]:
    for level in range(levels):
        cluster = match(graph, loops_count=level > 0)
        graph = merge(graph, cluster)
        yield cluster, graph


def _padded_orders(parents: list[NDArray[np.int32]], coarsest: int) -> list[NDArray[np.int32]]:
    """For each level, finest first, the node at each place. Padding nodes have the numbers after the real ones."""
    orders = [np.arange(coarsest, dtype=np.int32)]
    for cluster in reversed(parents):
        above = orders[-1]
        # A stable sort groups the children of a cluster in the order of their numbers.
        by_cluster = np.argsort(cluster, kind="stable").astype(np.int32)
        first = np.searchsorted(cluster[by_cluster], np.arange(int(cluster.max(initial=-1)) + 2))
        children = np.full((len(above), 2), -1, dtype=np.int32)
        for child in (0, 1):
            places = np.flatnonzero(above < len(first) - 1)
            node = above[places]
            there = first[node] + child < first[node + 1]
            children[places[there], child] = by_cluster[first[node[there]] + child]
        order = children.reshape(-1)
        padding = order < 0
        order[padding] = len(cluster) + np.arange(padding.sum(), dtype=np.int32)
        orders.append(order)
    return orders[::-1]


def _arranged(graph: csr_array, order: NDArray[np.int32]) -> csr_array:
    """A level's graph with its nodes in their padded places; rows and columns of padding nodes are empty."""
    place = np.argsort(order)  # of each node, padding included
    rows = np.repeat(place[: graph.shape[0]], np.diff(graph.indptr))
    arranged = csr_array((graph.data, (rows, place[graph.indices])), shape=(len(order), len(order)))
    arranged.sort_indices()
    return arranged


# --- a body's mesh ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CoarseGraph:
    """One of HGN's mesh graphs: n nodes, some of them padding, for a mesh of V vertices."""

    adjacency: NDArray[np.float32]  # [n, n]; rows sum to 1; rows and columns of padding nodes are zero
    real: NDArray[np.bool_]  # [n]
    average: NDArray[np.float32]  # [real nodes, V]: times the vertices gives the real nodes' places; rows sum to 1
    joint: NDArray[np.int8] | None = None  # [n]: the joint of the skeleton that a node belongs to, -1 for padding

    @property
    def size(self) -> int:
        return len(self.real)


@dataclass(frozen=True)
class MeshGraphs:
    """HGN's two mesh graphs; node i of `coarse` has the children 2i and 2i + 1 in `fine`."""

    coarse: CoarseGraph  # 48 nodes
    fine: CoarseGraph  # 96 nodes
    permutation: NDArray[np.int32]  # [12,288]: the vertex at each place of the padded finest graph; from V on, padding
    sizes: NDArray[np.int32]  # nodes of all levels, with padding, the finest first

    def to_arrays(self) -> dict[str, NDArray]:
        """All values as plain arrays, for an npz: `coarse_adjacency`, `fine_real`, ..., `permutation`, `sizes`."""
        arrays: dict[str, NDArray] = {}
        for scale, graph in (("coarse", self.coarse), ("fine", self.fine)):
            arrays |= {f"{scale}_{name}": getattr(graph, name) for name in ("adjacency", "real", "average")}
            if graph.joint is not None:
                arrays[f"{scale}_joint"] = graph.joint
        return arrays | {"permutation": self.permutation, "sizes": self.sizes}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray]) -> "MeshGraphs":
        """The inverse of `to_arrays`. Raises GraphError, which names the first array that is missing or wrong."""
        for name in ("permutation", "sizes"):
            _require(name, arrays)
        return cls(_graph(arrays, "coarse"), _graph(arrays, "fine"), arrays["permutation"], arrays["sizes"])


def _require(name: str, arrays: Mapping[str, NDArray]) -> NDArray:
    if name not in arrays:
        raise GraphError(f"{name}: missing from the file")
    return arrays[name]


def _graph(arrays: Mapping[str, NDArray], scale: str) -> CoarseGraph:
    real = _require(f"{scale}_real", arrays)
    adjacency, average = _require(f"{scale}_adjacency", arrays), _require(f"{scale}_average", arrays)
    if adjacency.shape != (len(real), len(real)):
        raise GraphError(f"{scale}_adjacency: expected shape {(len(real), len(real))}, got {adjacency.shape}")
    if average.ndim != 2 or len(average) != real.sum():
        raise GraphError(f"{scale}_average: expected a row for each of {real.sum()} real nodes, got {average.shape}")
    joint = arrays.get(f"{scale}_joint")
    if joint is not None and joint.shape != real.shape:
        raise GraphError(f"{scale}_joint: expected shape {real.shape}, got {joint.shape}")
    return CoarseGraph(adjacency, real, average, joint)


def mesh_adjacency(faces: ArrayLike, vertex_count: int) -> csr_array:
    """A triangle mesh's edges as a symmetric graph of ones, [V, V]. Raises GraphError for invalid faces."""
    triangles = np.asarray(faces, dtype=np.int64)
    if triangles.ndim != 2 or triangles.shape[1] != 3 or not len(triangles):
        raise GraphError(f"faces: expected [F, 3], got {triangles.shape}")
    if triangles.min() < 0 or triangles.max() >= vertex_count:
        wrong = int(((triangles < 0) | (triangles >= vertex_count)).any(axis=1).argmax())
        raise GraphError(f"faces: face {wrong} is {triangles[wrong].tolist()}, of {vertex_count} vertices")
    starts, ends = triangles.reshape(-1), np.roll(triangles, -1, axis=1).reshape(-1)
    if (starts == ends).any():
        wrong = int((starts == ends).argmax()) // 3
        raise GraphError(f"faces: face {wrong} names a vertex twice: {triangles[wrong].tolist()}")
    ones = np.ones(2 * len(starts))
    graph = csr_array((ones, (np.r_[starts, ends], np.r_[ends, starts])), shape=(vertex_count, vertex_count))
    graph.data[:] = 1.0
    graph.sort_indices()
    return graph


def mesh_graphs(faces: ArrayLike, vertex_count: int, levels: int = LEVELS, progress: bool = False) -> MeshGraphs:
    """HGN's graphs of a closed mesh: the two before the last of `levels`, binarised, rows normalised, without adding I.

    Vertices are matched in the best of 65 orders, the mesh's own among them (see the head of the module; if no order
    leaves 24 nodes at the end, those that come nearest are used). The result is deterministic.
    Raises GraphError for invalid faces and for a mesh in several parts.
    """
    assert levels >= 3, f"HGN's two graphs need at least three levels, got {levels}"
    graph = mesh_adjacency(faces, vertex_count)
    parts, part_of = connected_components(graph, directed=False)
    if parts > 1:
        sizes = np.sort(np.bincount(part_of))[::-1].tolist()
        raise GraphError(
            f"faces: the mesh is in {parts} parts (vertices: {_listed(sizes)}); its graph must be connected"
        )
    vertices = _searched(graph, levels, progress)
    result = coarsen(_relabeled(graph, vertices), levels)
    names = np.arange(
        result.sizes[0], dtype=np.int32
    )  # numbers in the searched order -> in the mesh; padding keeps its
    names[:vertex_count] = vertices
    fine, coarse = (_coarse_graph(result, levels - back, names) for back in (2, 1))
    return MeshGraphs(coarse, fine, names[result.permutation], np.array(result.sizes, dtype=np.int32))


def _listed(sizes: list[int]) -> str:
    return ", ".join(map(str, sizes[:3])) + (", ..." if len(sizes) > 3 else "")


def _searched(graph: csr_array, levels: int, progress: bool) -> NDArray[np.int64]:
    """The best order of vertices by (distance from COARSEST nodes at the end, padding nodes in both kept graphs)."""
    count = graph.shape[0]
    random = np.random.default_rng(SEED)
    orders = [np.arange(count), *(random.permutation(count) for _ in range(ORDERS_TRIED))]
    bar: Any = tqdm(orders, desc="coarsen", unit="order", disable=None if progress else True)
    return min(bar, key=lambda vertices: _rank(_relabeled(graph, vertices), levels))  # the first of equal ones


def _rank(graph: csr_array, levels: int) -> tuple[int, int]:
    counts = [merged.shape[0] for _, merged in _halvings(graph, levels)]
    last = counts[-1]
    padding = sum((last << back) - counts[-1 - back] for back in (1, 2))
    return abs(last - COARSEST), padding


def _relabeled(graph: csr_array, vertices: NDArray[np.int64]) -> csr_array:
    """The same graph with `vertices[i]` as its node i."""
    number = np.argsort(vertices)
    rows = np.repeat(number, np.diff(graph.indptr))
    relabeled = csr_array((graph.data, (rows, number[graph.indices])), shape=graph.shape)
    relabeled.sort_indices()
    return relabeled


def _coarse_graph(result: Coarsening, level: int, names: NDArray[np.int32]) -> CoarseGraph:
    touching = (result.graphs[level].toarray() > 0).astype(np.float32)
    rows = np.maximum(touching.sum(axis=1, keepdims=True), 1.0)
    average = result.average(level).toarray().astype(np.float32)  # powers of 1/2: exact
    in_mesh_order = np.empty_like(average)
    in_mesh_order[:, names[: average.shape[1]]] = average
    return CoarseGraph(touching / rows, result.real[level], in_mesh_order)
