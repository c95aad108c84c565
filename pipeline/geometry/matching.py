"""Heavy-edge matching: which two neighbours of a weighted graph become one node of the next, coarser graph.

The method is Graclus (Dhillon, Guan and Kulis, "Weighted graph cuts without eigenvectors", 2007) in the form of
Defferrard et al. ("Convolutional neural networks on graphs with fast localized spectral filtering", 2016, section 2.2).
The gain is that of HGN's code; HGN's paper (section 3.2) only names the method:

- nodes are visited by increasing weighted degree d, ties by number;
- a free node i is matched with the free neighbour j that has the largest

      gain(i, j) = (2 w_ij + f_i + f_j) / (d_i + d_j + 1e-9),

  the lowest number first if several have the same gain; without a free neighbour it stays single;
- pairs and single nodes are numbered in the order in which they are made and are the nodes of the next graph. Its
  weights are sums over the nodes at both ends, so the edge inside a pair becomes a loop and no weight is lost (an edge
  inside counts twice, once per direction, as in a sum over the matrix).

d includes a node's loop in every graph but the first. f_i is meant to be the loop's weight w_ii, but the authors' code
takes the first stored entry of row i, which is w_ii only if no neighbour has a lower number. This module does the same,
because its graphs must equal theirs. The order of ties is undefined in their sort; ours is stable.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array


def match(graph: csr_array, loops_count: bool) -> NDArray[np.int32]:
    """The number of each node's cluster, [n]. `loops_count`: whether the weighted degree includes a node's loop.

    `graph` [n, n] is symmetric, with positive entries sorted by column.
    """
    count = graph.shape[0]
    rows = np.repeat(np.arange(count), np.diff(graph.indptr))
    columns, weights = graph.indices, graph.data
    loops = rows == columns
    degree = np.bincount(rows, weights if loops_count else np.where(loops, 0.0, weights), count)
    first = np.zeros(count)
    filled = np.flatnonzero(np.diff(graph.indptr))
    first[filled] = weights[graph.indptr[filled]]
    gain = (2 * weights + first[rows] + first[columns]) / (degree[rows] + degree[columns] + 1e-9)

    # Sort each row's neighbours by decreasing gain: a node is matched with the first free one.
    candidates = columns[np.lexsort((np.where(loops, np.inf, -gain), rows))].tolist()
    ends = (graph.indptr[1:] - np.bincount(rows[loops], minlength=count)).tolist()  # without the loop, which is last
    starts = graph.indptr[:-1].tolist()
    cluster = [-1] * count
    made = 0
    for node in np.argsort(degree, kind="stable").tolist():
        if cluster[node] >= 0:
            continue
        cluster[node] = made
        for place in range(starts[node], ends[node]):
            neighbour = candidates[place]
            if cluster[neighbour] < 0:
                cluster[neighbour] = made
                break
        made += 1
    return np.array(cluster, dtype=np.int32)


def merge(graph: csr_array, cluster: NDArray[np.int32]) -> csr_array:
    """The graph of the clusters: the weights between two clusters are summed, columns are sorted."""
    rows = np.repeat(cluster, np.diff(graph.indptr))
    count = int(cluster.max(initial=-1)) + 1
    merged = csr_array((graph.data, (rows, cluster[graph.indices])), shape=(count, count))
    merged.sort_indices()
    return merged
