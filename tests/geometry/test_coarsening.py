"""geometry.coarsening: matching (by hand, and against a plain version), padding, averages, the search on a mesh."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_array

from pipeline.geometry import coarsening
from pipeline.geometry.coarsening import Coarsening, GraphError, MeshGraphs, coarsen, mesh_adjacency, mesh_graphs
from pipeline.geometry.skeleton import HUMAN36M_17, adjacency


def torus(around: int, across: int) -> NDArray[np.int64]:
    """Faces of a closed mesh with `around` x `across` vertices, six edges at each."""
    i, j = np.meshgrid(np.arange(around), np.arange(across), indexing="ij")
    (a, b), (c, d) = (
        [(i + di) % around * across + (j + dj) % across for di, dj in corners]
        for corners in (((0, 0), (1, 0)), ((1, 1), (0, 1)))
    )
    return np.concatenate([np.stack(face, axis=-1).reshape(-1, 3) for face in ((a, b, c), (a, c, d))])


def path(*weights: float) -> NDArray[np.float64]:
    graph = np.zeros((len(weights) + 1, len(weights) + 1))
    for node, weight in enumerate(weights):
        graph[node, node + 1] = graph[node + 1, node] = weight
    return graph


def random_graph(seed: int, count: int = 40, share: float = 0.12, loops: bool = False) -> NDArray[np.float64]:
    random = np.random.default_rng(seed)
    upper = np.triu(
        random.integers(1, 6, (count, count)) * (random.random((count, count)) < share), k=0 if loops else 1
    )
    return (upper + np.triu(upper, k=1).T).astype(float)


def plain_matching(graph: NDArray[np.float64], first: bool) -> list[int]:
    """Heavy-edge matching as matching.py describes it, step by step, on a dense matrix."""
    count = len(graph)
    degree = [sum(graph[i][j] for j in range(count) if j != i or not first) for i in range(count)]
    first_entry = [next((graph[i][j] for j in range(count) if graph[i][j] > 0), 0.0) for i in range(count)]
    cluster: dict[int, int] = {}
    made = 0
    for i in sorted(range(count), key=lambda node: (degree[node], node)):
        if i in cluster:
            continue
        cluster[i], best, best_gain = made, None, 0.0
        for j in range(count):
            if graph[i][j] > 0 and j not in cluster:
                gain = (2 * graph[i][j] + first_entry[i] + first_entry[j]) / (degree[i] + degree[j] + 1e-9)
                if gain > best_gain:
                    best, best_gain = j, gain
        if best is not None:
            cluster[best] = made
        made += 1
    return [cluster[i] for i in range(count)]


def plain_merge(graph: NDArray[np.float64], cluster: list[int]) -> NDArray[np.float64]:
    member = np.eye(max(cluster) + 1)[cluster]
    return member.T @ graph @ member


# --- matching ---------------------------------------------------------------------------------------------------------


def test_a_path_by_hand() -> None:
    """0-1-2-3 with ones: the ends are visited first (degree 1), 0 takes 1, 3 takes 2; then the two pairs meet."""
    result = coarsen(path(1, 1, 1), levels=2)
    assert [cluster.tolist() for cluster in result.parents] == [[0, 0, 1, 1], [0, 0]]
    assert result.graphs[1].toarray().tolist() == [[2, 1], [1, 2]]  # the edge inside the pair counts twice
    assert result.graphs[2].toarray().tolist() == [[6]]
    assert result.sizes == (4, 2, 1)
    assert result.average(2).toarray().tolist() == [[0.25] * 4]


def test_the_heavier_edge_is_taken() -> None:
    """0 -1- 1 -5- 2 -1- 3 -1- 4. Visited: 0 and 4 (degree 1), 3 (2), 1 and 2 (6): 0 takes 1, 4 takes 3, 2 is left."""
    assert coarsen(path(1, 5, 1, 1), levels=1).parents[0].tolist() == [0, 0, 2, 1, 1]
    # A triangle: 0 (degree 3) is first. Gains with 1 and 2: (4 + 2 + 2) / (3 + 6) against (2 + 2 + 1) / (3 + 5).
    triangle = np.array([[0, 2, 1], [2, 0, 4], [1, 4, 0]])
    assert coarsen(triangle, levels=1).parents[0].tolist() == [0, 0, 1]
    triangle = np.array([[0, 1, 2], [1, 0, 4], [2, 4, 0]])  # (2 + 1 + 1) / (3 + 5) against (4 + 1 + 2) / (3 + 6)
    assert coarsen(triangle, levels=1).parents[0].tolist() == [0, 1, 0]


def test_a_ring_is_halved_in_the_order_of_its_numbers() -> None:
    """All degrees and gains of a ring are equal: 0 takes 1, its first neighbour, 2 takes 3, and so on."""
    ring = path(*[1] * 7)
    ring[0, 7] = ring[7, 0] = 1
    result = coarsen(ring, levels=3)
    assert result.parents[0].tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert result.sizes == (8, 4, 2, 1)
    assert result.permutation.tolist() == list(range(8))
    assert all(real.all() for real in result.real)


def test_a_grid_by_hand() -> None:
    """Two rows of three, 0 1 2 over 3 4 5: the corners (degree 2) come first; 0 takes 3, which has the larger gain."""
    grid = np.zeros((6, 6))
    for i, j in ((0, 1), (1, 2), (3, 4), (4, 5), (0, 3), (1, 4), (2, 5)):
        grid[i, j] = grid[j, i] = 1
    result = coarsen(grid, levels=2)
    assert result.parents[0].tolist() == [0, 2, 1, 0, 2, 1]  # {0, 3}, {2, 5}, then {1, 4}
    # Pairs 0 and 1 have degree 2 + 2, pair 2 has 2 + 4: 0 takes 2, and 1 stays alone.
    assert result.parents[1].tolist() == [0, 1, 0]
    assert result.sizes == (8, 4, 2)
    assert result.permutation.tolist() == [0, 3, 1, 4, 2, 5, 6, 7]
    assert [real.astype(int).tolist() for real in result.real] == [[1] * 6 + [0, 0], [1, 1, 1, 0], [1, 1]]
    assert result.average(2).toarray().tolist() == [[0.25, 0.25, 0, 0.25, 0.25, 0], [0, 0, 0.5, 0, 0, 0.5]]


@pytest.mark.parametrize("seed", range(12))
def test_equals_a_plain_version_on_random_graphs(seed: int) -> None:
    """Sparse and dense, with and without loops, in several parts: the same clusters and the same weights."""
    graph = random_graph(seed, share=(0.04, 0.12, 0.4)[seed % 3], loops=seed % 2 == 1)
    result = coarsen(graph, levels=5)
    for level, cluster in enumerate(result.parents):
        assert cluster.tolist() == plain_matching(graph, first=level == 0)
        graph = plain_merge(graph, cluster.tolist())
        real = result.real[level + 1]
        padded = result.graphs[level + 1].toarray()
        assert sorted(padded[real][:, real].sum(axis=1)) == sorted(graph.sum(axis=1))
    assert np.array_equal(result.graphs[-1].toarray(), graph)  # the last graph keeps the matching's numbering


# --- padding and averages ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["torus", "random", "skeleton"])
def coarsened(request: pytest.FixtureRequest) -> tuple[NDArray[np.float64], Coarsening]:
    graphs: dict[str, Callable[[], NDArray]] = {
        "torus": lambda: mesh_adjacency(torus(23, 9), 207).toarray(),
        "random": lambda: random_graph(5),
        "skeleton": lambda: (adjacency(HUMAN36M_17).numpy() > 0) & ~np.eye(17, dtype=bool),
    }
    graph = graphs[request.param]().astype(float)
    return graph, coarsen(graph, levels=4)


def test_sizes_double_exactly(coarsened: tuple[NDArray, Coarsening]) -> None:
    graph, result = coarsened
    assert all(fine == 2 * coarse for fine, coarse in zip(result.sizes[:-1], result.sizes[1:], strict=True))
    counts = [int(real.sum()) for real in result.real]
    assert counts[0] == len(graph)
    assert counts[1:] == [int(cluster.max()) + 1 for cluster in result.parents]
    assert sorted(result.permutation.tolist()) == list(range(result.sizes[0]))
    assert np.array_equal(result.real[0], result.permutation < len(graph))


def test_node_i_has_the_children_2i_and_2i_plus_1(coarsened: tuple[NDArray, Coarsening]) -> None:
    """Each graph is the one before, summed over pairs of places; the first child of a real node is real."""
    graph, result = coarsened
    order = result.permutation[result.real[0]]
    assert np.array_equal(
        result.graphs[0].toarray()[np.ix_(result.real[0], result.real[0])], graph[np.ix_(order, order)]
    )
    for level, size in enumerate(result.sizes[1:]):
        below = result.graphs[level].toarray()
        assert np.array_equal(result.graphs[level + 1].toarray(), below.reshape(size, 2, size, 2).sum(axis=(1, 3)))
        children = result.real[level].reshape(size, 2)
        assert np.array_equal(children[:, 0], result.real[level + 1])
        assert not (children[:, 1] & ~children[:, 0]).any()


def test_no_weight_is_lost_and_padding_has_none(coarsened: tuple[NDArray, Coarsening]) -> None:
    graph, result = coarsened
    for level, real in zip(result.graphs, result.real, strict=True):
        assert level.sum() == graph.sum()
        assert not level.toarray()[~real].any() and not level.toarray()[:, ~real].any()


def test_an_average_is_the_mean_of_its_childrens_averages(coarsened: tuple[NDArray, Coarsening]) -> None:
    graph, result = coarsened
    values = np.random.default_rng(0).normal(size=(len(graph), 3))
    expected = np.full((result.sizes[0], 3), np.nan)
    expected[result.real[0]] = values[result.permutation[result.real[0]]]
    for level in range(len(result.sizes)):
        np.testing.assert_allclose(result.average(level) @ values, expected[result.real[level]], atol=1e-12)
        np.testing.assert_array_equal(result.average(level).sum(axis=1), 1.0)
        if level + 1 < len(result.sizes):
            pairs, both = expected.reshape(-1, 2, 3), result.real[level].reshape(-1, 2)
            expected = np.where(both.all(axis=1)[:, None], pairs.mean(axis=1), pairs[:, 0])


def test_the_skeleton_is_coarsened_limb_by_limb() -> None:
    """Hands, feet and head are visited first and are matched with their parents."""
    result = coarsen(adjacency(HUMAN36M_17) > 0, levels=1)
    names = np.array(HUMAN36M_17.names)
    pairs = {frozenset(names[result.parents[0] == cluster].tolist()) for cluster in range(result.parents[0].max() + 1)}
    limbs = [(f"{side}{a}", f"{side}{b}") for side in "LR" for a, b in (("Knee", "Ankle"), ("Elbow", "Wrist"))]
    assert {frozenset(limb) for limb in limbs} | {frozenset(("Neck/Nose", "Head"))} <= pairs
    assert result.sizes[0] == 2 * result.sizes[1] >= 17


def test_degenerate_graphs() -> None:
    lonely = coarsen(np.zeros((3, 3)), levels=2)  # no neighbours: three nodes stay three and are padded
    assert lonely.sizes == (12, 6, 3) and [int(real.sum()) for real in lonely.real] == [3, 3, 3]
    assert coarsen(path(1), levels=0).sizes == (2,)
    assert coarsen(np.zeros((0, 0)), levels=2).sizes == (0, 0, 0)
    assert coarsen(csr_array(path(1)), levels=1).sizes == (2, 1)


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (np.ones((2, 3)), r"expected \[n, n\], got \(2, 3\)"),
        (np.array([[0.0, 1.0], [0.0, 0.0]]), "not symmetric"),
        (adjacency(HUMAN36M_17), "row-normalised"),
        (path(-1.0), "not negative"),
        (path(np.nan), "finite"),
    ],
)
def test_an_invalid_graph_is_refused(graph: NDArray, message: str) -> None:
    with pytest.raises(GraphError, match=message):
        coarsen(graph, levels=1)


# --- a mesh -----------------------------------------------------------------------------------------------------------

FACES = torus(130, 53)  # SMPL's 6,890 vertices


@pytest.fixture(scope="module")
def searched() -> MeshGraphs:
    return mesh_graphs(FACES, 6890)


def test_a_mesh_of_smpls_size_has_the_papers_graphs(searched: MeshGraphs) -> None:
    assert searched.sizes.tolist() == [24 * 2**level for level in range(9, -1, -1)]
    assert (searched.coarse.size, searched.fine.size) == (48, 96)
    assert len(searched.permutation) == 12288
    assert searched.coarse.average.shape == (searched.coarse.real.sum(), 6890)


def test_rows_are_normalised_and_padding_has_no_edges(searched: MeshGraphs) -> None:
    for graph in (searched.coarse, searched.fine):
        assert (graph.adjacency.dtype, graph.average.dtype, graph.real.dtype) == (np.float32, np.float32, np.bool_)
        np.testing.assert_allclose(graph.adjacency.sum(axis=1), graph.real, atol=1e-6)
        assert not graph.adjacency[:, ~graph.real].any()
        entries = graph.adjacency > 0
        assert np.array_equal(entries, entries.T)
        assert np.diag(entries)[graph.real].all()  # at this level every node is a pair, and a pair has a loop
        np.testing.assert_array_equal(graph.average.sum(axis=1), 1.0)


def test_coarse_and_fine_fit_together(searched: MeshGraphs) -> None:
    """A coarse node is the mean of its real children 2i, 2i + 1 and has their neighbours."""
    fine, coarse = searched.fine, searched.coarse
    rows = np.zeros((96, 6890), dtype=np.float32)
    rows[fine.real] = fine.average
    children = np.maximum(fine.real.reshape(48, 2).sum(axis=1), 1)
    expected = rows.reshape(48, 2, 6890).sum(axis=1) / children[:, None]
    np.testing.assert_array_equal(coarse.average, expected[coarse.real])
    assert np.array_equal(coarse.adjacency > 0, (fine.adjacency > 0).reshape(48, 2, 48, 2).any(axis=(1, 3)))


def test_averages_and_permutation_use_the_meshs_numbering(searched: MeshGraphs) -> None:
    """Place p of the finest graph belongs to fine node p // 2^7: the node averages the vertices of its places."""
    node = np.arange(12288) >> 7
    places = np.flatnonzero(searched.permutation < 6890)
    members = np.zeros((96, 6890), dtype=bool)
    members[node[places], searched.permutation[places]] = True
    assert np.array_equal(members[searched.fine.real], searched.fine.average > 0)
    assert (members.sum(axis=0) == 1).all()
    neighbours = mesh_adjacency(FACES, 6890).toarray()  # each node's vertices are connected on the mesh
    for member in members[searched.fine.real][::8]:
        reached = np.flatnonzero(member)[:1]
        for _ in range(member.sum()):
            reached = np.flatnonzero((neighbours[reached].any(axis=0) | np.isin(np.arange(6890), reached)) & member)
            if len(reached) == member.sum():
                break
        assert len(reached) == member.sum()


def test_the_search_finds_less_padding_than_the_meshs_own_order(searched: MeshGraphs) -> None:
    own = coarsen(mesh_adjacency(FACES, 6890), 9)
    assert own.sizes[-1] == 15  # in its own order this mesh matches too well for the paper's sizes
    assert searched.coarse.real.sum() >= 45 and searched.fine.real.sum() >= 85
    graph = mesh_adjacency(FACES, 6890)
    ranks = []
    for seed in (1, 2, 3):
        vertices = np.random.default_rng(seed).permutation(6890)
        ranks.append(coarsening._rank(coarsening._relabeled(graph, vertices), 9))
    found = (0, int((~searched.coarse.real).sum() + (~searched.fine.real).sum()))
    assert found <= min(ranks)


def test_without_other_orders_the_meshs_own_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coarsening, "ORDERS_TRIED", 0)
    faces = torus(23, 9)
    stored, plain = mesh_graphs(faces, 207, levels=4), coarsen(mesh_adjacency(faces, 207), levels=4)
    assert np.array_equal(stored.permutation, plain.permutation)
    assert np.array_equal(stored.coarse.average, plain.average(3).toarray())
    assert np.array_equal(stored.fine.adjacency > 0, plain.graphs[2].toarray() > 0)


def test_the_result_is_deterministic(searched: MeshGraphs) -> None:
    again = mesh_graphs(FACES, 6890).to_arrays()
    for name, values in searched.to_arrays().items():
        assert values.dtype == again[name].dtype and values.tobytes() == again[name].tobytes()


def test_to_arrays_and_back(searched: MeshGraphs) -> None:
    joint = np.where(searched.coarse.real, 3, -1).astype(np.int8)
    graphs = replace(searched, coarse=replace(searched.coarse, joint=joint))
    arrays = graphs.to_arrays()
    scales = [f"{scale}_{name}" for scale in ("coarse", "fine") for name in ("adjacency", "real", "average")]
    assert set(arrays) == {*scales, "coarse_joint", "permutation", "sizes"}
    back = MeshGraphs.from_arrays(arrays)
    assert back.coarse.joint is joint and back.fine.joint is None
    assert all(np.array_equal(values, arrays[name]) for name, values in back.to_arrays().items())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fine_average": None}, "fine_average: missing"),
        ({"sizes": None}, "sizes: missing"),
        ({"coarse_adjacency": np.zeros((3, 3))}, r"coarse_adjacency: expected shape \(48, 48\), got \(3, 3\)"),
        ({"fine_average": np.zeros((3, 6890))}, "fine_average: expected a row for each"),
        ({"coarse_joint": np.zeros(3)}, r"coarse_joint: expected shape \(48,\)"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(
    searched: MeshGraphs, change: dict[str, NDArray | None], message: str
) -> None:
    arrays = searched.to_arrays() | change
    with pytest.raises(GraphError, match=message):
        MeshGraphs.from_arrays({name: values for name, values in arrays.items() if values is not None})


@pytest.mark.parametrize(
    ("faces", "count", "message"),
    [
        (np.zeros((4, 4)), 4, r"expected \[F, 3\], got \(4, 4\)"),
        (np.zeros((0, 3)), 4, r"expected \[F, 3\], got \(0, 3\)"),
        ([[0, 1, 2], [1, 2, 3]], 3, r"face 1 is \[1, 2, 3\], of 3 vertices"),
        ([[0, 1, 2], [2, 1, 2]], 3, r"face 1 names a vertex twice: \[2, 1, 2\]"),
        ([[0, 1, 2], [3, 4, 5], [3, 5, 6]], 7, r"in 2 parts \(vertices: 4, 3\)"),
        ([[0, 1, 2]], 4, r"in 2 parts \(vertices: 3, 1\)"),
    ],
)
def test_an_invalid_mesh_is_refused_in_one_line(faces: NDArray, count: int, message: str) -> None:
    with pytest.raises(GraphError, match=message):
        mesh_graphs(np.asarray(faces), count)


def test_each_edge_of_a_mesh_counts_once() -> None:
    tetrahedron = np.array([[0, 1, 2], [0, 3, 1], [1, 3, 2], [0, 2, 3]], dtype=np.uint32)
    assert np.array_equal(mesh_adjacency(tetrahedron, 4).toarray(), 1.0 - np.eye(4))


@pytest.mark.benchmark
def test_the_search_takes_seconds() -> None:
    start = time.perf_counter()
    mesh_graphs(FACES, 6890)
    assert time.perf_counter() - start < 5
