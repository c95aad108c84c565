"""The graph and non-local layers as HGN uses them: the same functions and weights, ordered for many nodes.

With 16 joints it pays to mix joints first and to take one product; with 96 nodes a matrix over the nodes costs as much
as a product over the channels, and half of SemGConv's, the node's own part, is a diagonal. So the products go first
here, the own part is scaled node by node, and nodes are mixed once. As every row of A sums to 1 after the softmax, a
bias that is added to both products is added once to their mixture. A non-local layer that pools nothing needs only a
number of every node for either partner, each the features times one folded vector.
"""

import torch
from torch import Tensor, nn

from pipeline.lift.models.graph_convolution import GraphConv, SemGraphConv
from pipeline.lift.models.joint_linear import joint_linear
from pipeline.lift.models.node_linear import node_linear
from pipeline.lift.models.non_local import NonLocal


class HierarchicalGraphConv(GraphConv):
    """`GraphConv` for features [B, nodes, in] -> [B, nodes, out]. A node without edges, such as a fake one, gives b."""

    def forward(self, features: Tensor) -> Tensor:
        wider = self.weight.shape[0] > self.weight.shape[1]
        if wider:  # fewer channels to mix after the product than before it
            mixed = node_linear(joint_linear(features, self.weight.t(), None), self.adjacency)
            return mixed if self.bias is None else mixed + self.bias
        return joint_linear(node_linear(features, self.adjacency), self.weight.t(), self.bias)


class HierarchicalSemGraphConv(SemGraphConv):
    """`SemGraphConv`, not channel-wise, for features [B, nodes, in] -> [B, nodes, out]."""

    def __init__(self, in_features: int, out_features: int, adjacency: Tensor) -> None:
        super().__init__(in_features, out_features, adjacency)

    def forward(self, features: Tensor) -> Tensor:
        edges = self.edge_weights()
        own = joint_linear(features, self.weight[0].t(), self.bias)
        others = joint_linear(features, self.weight[1].t(), self.bias)
        return own * edges.diagonal().unsqueeze(1) + node_linear(others, edges * self.own_and_others[:, 1])


class HierarchicalNonLocal(NonLocal):
    """`NonLocal` that pools nothing: affinity_ij = relu(w_theta . theta(x_i) + w_phi . phi(x_j)) / nodes."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, group_size=1)

    def forward(self, features: Tensor) -> Tensor:
        nodes, channels = features.shape[1:]
        folded = torch.stack([self.affinity[0] @ self.theta.weight, self.affinity[1] @ self.phi.weight])
        offsets = torch.stack([self.affinity[0] @ self.theta.bias, self.affinity[1] @ self.phi.bias])
        queries, keys = nn.functional.linear(features, folded, offsets).unbind(2)  # [B, nodes] each
        values = joint_linear(features, self.g.weight, self.g.bias)  # [B, nodes, C / 2]
        affinity = torch.relu(queries.unsqueeze(2) + keys.unsqueeze(1)) / nodes
        gathered = joint_linear(torch.bmm(affinity, values), self.output.weight, self.output.bias)
        return features + self.normalisation(gathered.view(-1, channels)).view_as(features)
