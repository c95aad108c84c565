"""HGN: the skeleton's graph and two graphs of the body's mesh side by side, which exchange features after every block.

Source: Li et al., "Hierarchical graph networks for 3D human pose estimation", BMVC 2021, Section 3.2, Figure 2 and
Eq. 3; where the figure leaves something open, the names of the weights that its authors' code saves
(authors/names.py). Subnetworks over 17 joints, the coarse mesh (48 nodes) and the fine mesh (96) have 4, 4 and 2
residual blocks, each followed by a non-local layer that pools nothing. In stages:

    input block on the joints; the coarse mesh begins as a map of its features
    a block on joints and coarse;        fusion of the two
    a block on joints and coarse;        fusion of the two, in which the fine mesh begins
    a block on all three;                fusion of the three
    a block on all three;                fusion of the three
    a graph convolution to the outputs, of every graph

Without one of the meshes ("w/o" in the paper's Tables 2 and 3) the other one takes the place of the coarse one, with
four blocks, and there is no third graph. GraphMDN's head on the joints' outputs is our addition.

The layers are SemGCN's (semgcn.py): the same functions and weights, in an order of operations for many nodes. With 16
joints it pays to mix joints first and to take one product; with 96 nodes a matrix over the nodes costs as much as a
product over the channels. tests/benchmarks/test_hgn_step.py compares the two orders.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor, nn

from pipeline.config import modules
from pipeline.geometry.skeleton import adjacency
from pipeline.lifting.models.layers import GraphConvolution, Parts, check_keypoints, joint_linear
from pipeline.lifting.models.semgcn import GraphBlock, GraphConv, NonLocal, ResidualBlock, SemGraphConv, Start
from pipeline.lifting.outputs import PoseAndMeshes

if TYPE_CHECKING:
    from pipeline.config import ModelSettings

STAGES = 4
THIRD_GRAPH_FROM = 2  # the stage, from 0, at which the fine mesh begins beside the coarse one
FEW = 32  # nodes on either side up to which a plain product is the faster one on the CPU

Order = Literal["parallel", "sequential", "fixed"]
Maps = Mapping[tuple[str, str], Tensor]  # (sending, receiving) -> [receiving nodes, sending nodes]
Features = dict[str, Tensor]  # of each graph by name, [B, nodes, C]


# --- the network (Section 3.2, Figure 2) ------------------------------------------------------------------------------


class HGN(nn.Module):
    """keypoints_2d [B, J, 2], screen-normalised, -> PoseAndMeshes.

    `skeleton` [J, J] is the joints' adjacency, `meshes` has those of the meshes by name, "coarse" before "fine" if
    there are both. `head` turns every joint's `outputs` into a pose. A fixed fusion needs `joint_of` [nodes] of every
    mesh: the joint to which a node belongs, -1 for a fake node.
    """

    def __init__(
        self,
        skeleton: Tensor,
        meshes: Mapping[str, Tensor],
        convolution: GraphConvolution,
        non_local: Callable[[], nn.Module],
        head: nn.Module,
        outputs: int,
        channels: int = 128,
        dropout: float = 0.0,
        fusion: Order = "parallel",
        joint_of: Mapping[str, Tensor] | None = None,
    ) -> None:
        super().__init__()
        _check_graphs(skeleton, meshes, fusion, joint_of)
        graphs = {"joints": skeleton, **meshes}
        self.joint_count = len(skeleton)
        self.meshes = list(meshes)
        self.begins = {name: THIRD_GRAPH_FROM if place == 2 else 0 for place, name in enumerate(graphs)}
        self.input = GraphBlock(convolution(2, channels, skeleton), channels, dropout)
        self.residuals = nn.ModuleDict()
        self.non_locals = nn.ModuleDict()
        for name, graph in graphs.items():
            blocks = range(STAGES - self.begins[name])

            def on_graph(ins: int, outs: int, graph: Tensor = graph) -> nn.Module:
                return convolution(ins, outs, graph)

            self.residuals[name] = nn.ModuleList(ResidualBlock(on_graph, channels, dropout) for _ in blocks)
            self.non_locals[name] = nn.ModuleList(non_local() for _ in blocks)
        maps = fixed_maps(len(skeleton), joint_of) if joint_of is not None and fusion == "fixed" else None
        nodes = {name: len(graph) for name, graph in graphs.items()}
        self.fusions = nn.ModuleList()
        for stage in range(STAGES + 1):
            sending = [name for name in graphs if stage > self.begins[name]] or ["joints"]
            receiving = [name for name in graphs if stage >= self.begins[name]] if stage else self.meshes[:1]
            self.fusions.append(Fusion(nodes, sending, receiving, fusion == "sequential", maps))
        self.outputs = nn.ModuleDict(
            {name: convolution(channels, outputs if name == "joints" else 3, graph) for name, graph in graphs.items()}
        )
        self.head = head

    def raw(self, keypoints_2d: Tensor) -> Features:
        """Every graph's raw outputs by name, [B, nodes, outputs]; the head is given those of the "joints"."""
        check_keypoints(keypoints_2d, self.joint_count)
        features = {"joints": self.input(keypoints_2d)}
        for stage in range(STAGES):
            features = self.fusions[stage](features)
            features = {name: self._block(name, stage, values) for name, values in features.items()}
        features = self.fusions[STAGES](features)
        return {name: layer(features[name]) for name, layer in self.outputs.items()}

    def forward(self, keypoints_2d: Tensor) -> PoseAndMeshes:
        raw = self.raw(keypoints_2d)
        return PoseAndMeshes(self.head(raw["joints"]), raw.get("coarse"), raw.get("fine"))

    def _block(self, graph: str, stage: int, features: Tensor) -> Tensor:
        place = stage - self.begins[graph]
        residual: nn.Module = getattr(self.residuals, graph)[place]
        non_local: nn.Module = getattr(self.non_locals, graph)[place]
        return non_local(residual(features))


def _check_graphs(
    skeleton: Tensor, meshes: Mapping[str, Tensor], fusion: Order, joint_of: Mapping[str, Tensor] | None
) -> None:
    if list(meshes) not in (["coarse"], ["fine"], ["coarse", "fine"]):
        raise ValueError(f"meshes: expected coarse, fine or coarse and fine, found {list(meshes)}")
    for name, graph in (("joints", skeleton), *meshes.items()):
        if graph.dim() != 2 or graph.shape[0] != graph.shape[1]:
            raise ValueError(f"{name}: expected a square adjacency, found {list(graph.shape)}")
    if len(meshes) == 2 and len(meshes["fine"]) != 2 * len(meshes["coarse"]):
        raise ValueError(
            f"fine: expected twice the coarse graph's {len(meshes['coarse'])} nodes, found {len(meshes['fine'])}"
        )
    if fusion == "fixed":
        for name, graph in meshes.items():
            if joint_of is None or name not in joint_of or len(joint_of[name]) != len(graph):
                raise ValueError(f"joint_of: a fixed fusion needs the joint of each of the {len(graph)} {name} nodes")


# --- fusion (Eq. 3) ---------------------------------------------------------------------------------------------------


class Fusion(nn.Module):
    """One exchange: features of the graphs in `sending` go to those in `receiving`, in this order (Eq. 3).

        Y_k = X_k + sum over the other graphs i of C_ik X_i,   C_ik [nodes of k, nodes of i], a bias per node of k

    C_ik are 1x1 convolutions over the nodes, the same for all channels, and different at every fusion. Three orders:

    - parallel: Eq. 3; every C_ik sees the features from before the fusion. The default.
    - sequential: as the authors' code computes it, in place. What graph 1 has received goes on to graph 2 in the same
      fusion, and what graphs 1 and 2 have received to graph 3. Imported weights need this.
    - fixed, by `maps`: nothing is learned (claim HGN-19 asks whether learning pays). A mesh node receives the features
      of its joint, a joint the mean over its nodes; a fine node those of its coarse parent, a coarse node the mean of
      its real children. Fake nodes receive and send nothing. The sum is a mean here: without weights that learn to be
      small it would double or triple the features at every fusion, and the first outputs would be tens of metres.

    `nodes` has the number of nodes of each graph. A receiving graph that is not among the sending ones begins here.
    """

    def __init__(
        self,
        nodes: Mapping[str, int],
        sending: Sequence[str],
        receiving: Sequence[str],
        sequential: bool = False,
        maps: Maps | None = None,
    ) -> None:
        super().__init__()
        self.senders = {name: [sender for sender in sending if sender != name] for name in receiving}
        self.sequential = sequential
        self.learned = maps is None
        self.maps = nn.ModuleDict()
        for receiver, senders in self.senders.items():
            for sender in senders:
                name = f"{sender}_to_{receiver}"
                if maps is None:
                    self.maps[name] = nn.Linear(nodes[sender], nodes[receiver])
                else:
                    self.register_buffer(name, maps[sender, receiver].clone(), persistent=False)

    def forward(self, features: Features) -> Features:
        fused = dict(features)
        for receiver, senders in self.senders.items():
            sent = fused if self.sequential else features
            total, count = self._map(senders[0], receiver, sent[senders[0]]), len(senders)
            for sender in senders[1:]:
                total = total + self._map(sender, receiver, sent[sender])
            if receiver in features:
                total, count = features[receiver] + total, count + 1
            fused[receiver] = total if self.learned else total / count
        return fused

    def _map(self, sender: str, receiver: str, features: Tensor) -> Tensor:
        """C x of one graph for another, [B, sending nodes, C] -> [B, receiving nodes, C]."""
        name = f"{sender}_to_{receiver}"
        if not self.learned:
            return node_linear(features, getattr(self, name))
        learned: nn.Linear = getattr(self.maps, name)
        return node_linear(features, learned.weight, learned.bias)


def fixed_maps(joint_count: int, joint_of: Mapping[str, Tensor]) -> dict[tuple[str, str], Tensor]:
    """The maps of a fixed fusion. `joint_of` has the joint of each mesh node, -1 for fake nodes.

    With two meshes, node i of the coarse one has nodes 2i and 2i + 1 of the fine one as children.
    """
    maps = {}
    for name, joints in joint_of.items():
        belongs = (joints.unsqueeze(1) == torch.arange(joint_count)).float()  # [nodes, J]; nothing in a fake node's row
        maps["joints", name] = belongs
        maps[name, "joints"] = _mean(belongs.t())
    if len(joint_of) == 2:
        coarse, fine = joint_of["coarse"], joint_of["fine"]
        parent = torch.arange(len(fine)) // 2
        kept = (fine >= 0) & (coarse[parent] >= 0)
        child_of = (parent.unsqueeze(1) == torch.arange(len(coarse))).float() * kept.unsqueeze(1)
        maps["coarse", "fine"] = child_of
        maps["fine", "coarse"] = _mean(child_of.t())
    return maps


def _mean(belongs: Tensor) -> Tensor:
    """Weights of the mean over what belongs to each row; a row that has nothing stays 0."""
    return belongs / belongs.sum(dim=1, keepdim=True).clamp(min=1)


# --- SemGCN's layers for many nodes -----------------------------------------------------------------------------------


class HierarchicalGraphConv(GraphConv):
    """`GraphConv` for features [B, nodes, in] -> [B, nodes, out]; whatever leaves fewer channels comes first.

    A node without edges, such as a fake one, gives b.
    """

    def forward(self, features: Tensor) -> Tensor:
        wider = self.weight.shape[0] > self.weight.shape[1]
        if wider:  # fewer channels to mix after the product than before it
            mixed = node_linear(joint_linear(features, self.weight.t(), None), self.adjacency)
            return mixed if self.bias is None else mixed + self.bias
        return joint_linear(node_linear(features, self.adjacency), self.weight.t(), self.bias)


class HierarchicalSemGraphConv(SemGraphConv):
    """`SemGraphConv`, not channel-wise, for features [B, nodes, in] -> [B, nodes, out].

    The products come first, the own part is scaled node by node, and nodes are mixed once. Every row of A sums to 1
    after the softmax, so a bias that is added to both products is added once to their mixture.
    """

    def __init__(self, in_features: int, out_features: int, adjacency: Tensor) -> None:
        super().__init__(in_features, out_features, adjacency)

    def forward(self, features: Tensor) -> Tensor:
        edges = self.edge_weights()
        own = joint_linear(features, self.weight[0].t(), self.bias)
        others = joint_linear(features, self.weight[1].t(), self.bias)
        return own * edges.diagonal().unsqueeze(1) + node_linear(others, edges * self.own_and_others[:, 1])


class HierarchicalNonLocal(NonLocal):
    """`NonLocal` that pools nothing: affinity_ij = relu(w_theta . theta(x_i) + w_phi . phi(x_j)) / nodes.

    It needs one number per node for either partner, each the features times one folded vector.
    """

    def __init__(self, channels: int, start: Start = "xavier") -> None:
        super().__init__(channels, group_size=1, start=start)

    def forward(self, features: Tensor) -> Tensor:
        nodes, channels = features.shape[1:]
        folded = torch.stack([self.affinity[0] @ self.theta.weight, self.affinity[1] @ self.phi.weight])
        offsets = torch.stack([self.affinity[0] @ self.theta.bias, self.affinity[1] @ self.phi.bias])
        queries, keys = nn.functional.linear(features, folded, offsets).unbind(2)  # [B, nodes] each
        values = joint_linear(features, self.g.weight, self.g.bias)  # [B, nodes, C / 2]
        affinity = torch.relu(queries.unsqueeze(2) + keys.unsqueeze(1)) / nodes
        gathered = joint_linear(torch.bmm(affinity, values), self.output.weight, self.output.bias)
        return features + self.normalisation(gathered.view(-1, channels)).view_as(features)


def node_linear(features: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """weight @ x + b for features [B, sending, C], weight [receiving, sending], bias [receiving] -> [B, receiving, C].

    For many nodes on the CPU it is a convolution whose channels are the nodes, for the reason that `joint_linear`
    gives; that also spares the weight's gradient a copy for every element of the batch.
    """
    if features.device.type == "cpu" and min(weight.shape) > FEW:
        return nn.functional.conv1d(features, weight.unsqueeze(2), bias)
    weights = weight.expand(len(features), -1, -1)
    return torch.bmm(weights, features) if bias is None else torch.baddbmm(bias.unsqueeze(1), weights, features)


# --- the network of a variant's settings ------------------------------------------------------------------------------


def build(settings: ModelSettings, parts: Parts) -> nn.Module:
    """ValueError without mesh graphs, or with layers that it does not take."""
    if parts.graphs is None:
        raise ValueError("a hierarchical_graph_network is built over a body's mesh graphs: none were given")
    convolution, non_local = _layers(settings)
    names = ["coarse", "fine"] if settings.meshes == "both" else [settings.meshes]
    meshes = {name: getattr(parts.graphs, name) for name in names}
    joint_of = {name: torch.from_numpy(mesh.joint).long() for name, mesh in meshes.items() if mesh.joint is not None}
    return HGN(
        adjacency(parts.skeleton),
        {name: torch.from_numpy(mesh.adjacency) for name, mesh in meshes.items()},
        convolution=convolution,
        non_local=non_local,
        head=parts.head,
        outputs=parts.outputs,
        channels=settings.channels,
        dropout=settings.dropout,
        fusion=settings.fusion,
        joint_of=joint_of,
    )


def _layers(settings: ModelSettings) -> tuple[GraphConvolution, Callable[[], nn.Module]]:
    """Its convolution and its non-local layer, as the settings choose them."""
    if settings.convolution not in modules.HIERARCHICAL_CONVOLUTIONS or settings.edge_weights != "softmax":
        raise ValueError(
            "a hierarchical_graph_network takes convolution: semantic or vanilla and edge_weights: softmax, not "
            f"{settings.convolution} and {settings.edge_weights}"
        )
    convolution = modules.load(modules.HIERARCHICAL_CONVOLUTIONS[settings.convolution])
    if settings.non_local == "none":
        return convolution, nn.Identity
    if settings.non_local not in modules.HIERARCHICAL_NON_LOCAL:
        raise ValueError("nodes of a mesh have no groups to pool: take non_local: ungrouped")
    layer = modules.load(modules.HIERARCHICAL_NON_LOCAL[settings.non_local])
    return convolution, partial(layer, settings.channels, settings.non_local_start)
