"""Heavy-edge matching: which neighbours of a weighted graph become one node of the next, coarser graph.

After Dhillon, Guan and Kulis, "Weighted graph cuts without eigenvectors" (Graclus), 2007, in the form in which
Defferrard et al. use it ("Convolutional neural networks on graphs with fast localized spectral filtering", 2016,
section 2.2), and with the gain of HGN's code, whose paper (section 3.2) names the method alone:

- nodes are visited by increasing weighted degree d, ties by number;
- a node i that is still free takes the free neighbour j with the largest

      gain(i, j) = (2 w_ij + f_i + f_j) / (d_i + d_j + 1e-9),

  the first of several in the order of their numbers; with no free neighbour it stays alone;
- pairs and single nodes are numbered as they were made, and are the nodes of the next graph. Its weights are the sums
  over both ends' nodes, so a pair's own edge becomes a loop, and no weight is lost (an edge inside counts twice, once
  for each direction, as it does in a sum over the matrix).

d counts a node's loop in every graph but the first. f_i is meant to be the loop's weight w_ii, but the authors' code
takes the first stored entry of row i, which is w_ii only where no neighbour has a lower number; so it is here, because
the graphs that come out are the specification. Where their sort leaves ties to chance, ours is stable.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array


def match(graph: csr_array, loops_count: bool) -> NDArray[np.int32]:
    """The number of each node's cluster, [n]; `loops_count`: whether the weighted degree holds a node's loop.

    `graph` is symmetric, with positive entries in the order of their columns.
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

    # Neighbours by falling gain: of such a row the first free one is the one to take. The row's own places stay.
    candidates = columns[np.lexsort((np.where(loops, np.inf, -gain), rows))].tolist()
    ends = (graph.indptr[1:] - np.bincount(rows[loops], minlength=count)).tolist()  # loops are last, and left out
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
    """The graph of the clusters: weights between two of them summed, columns in order."""
    rows = np.repeat(cluster, np.diff(graph.indptr))
    count = int(cluster.max(initial=-1)) + 1
    merged = csr_array((graph.data, (rows, cluster[graph.indices])), shape=(count, count))
    merged.sort_indices()
    return merged
