"""SemGCN's graph convolution as HGN uses it: the same function and weights, ordered for many nodes.

With 16 joints it pays to mix joints first and to take one product; with 96 nodes a matrix over the nodes costs as much
as a product over the channels, and half of SemGConv's, the node's own part, is a diagonal. So the products go first
here, the own part is scaled node by node, and nodes are mixed once. As every row of A sums to 1 after the softmax, a
bias that is added to both products is added once to their mixture.
"""

from torch import Tensor

from pipeline.lifting.models.joint_linear import joint_linear
from pipeline.lifting.models.node_linear import node_linear
from pipeline.lifting.models.semantic_graph_convolution import SemGraphConv


class HierarchicalSemGraphConv(SemGraphConv):
    """`SemGraphConv`, not channel-wise, for features [B, nodes, in] -> [B, nodes, out]."""

    def __init__(self, in_features: int, out_features: int, adjacency: Tensor) -> None:
        super().__init__(in_features, out_features, adjacency)

    def forward(self, features: Tensor) -> Tensor:
        edges = self.edge_weights()
        own = joint_linear(features, self.weight[0].t(), self.bias)
        others = joint_linear(features, self.weight[1].t(), self.bias)
        return own * edges.diagonal().unsqueeze(1) + node_linear(others, edges * self.own_and_others[:, 1])


def build(in_features: int, out_features: int, graph: Tensor) -> HierarchicalSemGraphConv:
    return HierarchicalSemGraphConv(in_features, out_features, graph)
