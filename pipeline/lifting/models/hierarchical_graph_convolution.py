"""The vanilla graph convolution as HGN uses it: the same function and weights, ordered for many nodes.

With 16 joints it pays to mix joints first; with 96 nodes a matrix over the nodes costs as much as a product over the
channels, so what makes fewer channels goes first.
"""

from torch import Tensor

from pipeline.lifting.models.graph_convolution import GraphConv
from pipeline.lifting.models.joint_linear import joint_linear
from pipeline.lifting.models.node_linear import node_linear


class HierarchicalGraphConv(GraphConv):
    """`GraphConv` for features [B, nodes, in] -> [B, nodes, out]. A node without edges, such as a fake one, gives b."""

    def forward(self, features: Tensor) -> Tensor:
        wider = self.weight.shape[0] > self.weight.shape[1]
        if wider:  # fewer channels to mix after the product than before it
            mixed = node_linear(joint_linear(features, self.weight.t(), None), self.adjacency)
            return mixed if self.bias is None else mixed + self.bias
        return joint_linear(node_linear(features, self.adjacency), self.weight.t(), self.bias)


def build(in_features: int, out_features: int, graph: Tensor) -> HierarchicalGraphConv:
    return HierarchicalGraphConv(in_features, out_features, graph)
