"""Graph Stacked Hourglass: the skeleton's graph pooled to 8 and 4 nodes and back, four times. HGN's rows "GraphSH".

Source: Xu and Takano, "Graph Stacked Hourglass Networks for 3D Human Pose Estimation", CVPR 2021. An input block; then
hourglasses, each of which pools the joints by fixed groups twice and undoes it, with sums to the features of the same
scale; the results of all hourglasses, each through a 1x1 convolution, side by side; a squeeze-and-excitation block [Hu
et al. 2018], in which the pose as a whole weighs the channels; a 1x1 convolution to the outputs. A block is graph
convolution, batch norm, ReLU.

Known: four hourglasses, 64 channels going in and out, 16, 8 and 4 nodes, any graph convolution; from HGN's Table 4
0.44M parameters with SemGConv and 0.22M with the vanilla one. Known from a public re-implementation by others
(tamasino52 on GitHub), which does not reach the paper's figures: 1.5 times the channels at 16 nodes inside and twice
the channels at 8 and 4, a block each; pooling by maximum, unpooling by copying; a quarter of the channels from every
hourglass; the input of an hourglass added to its result; a squeeze to an eighth. With these there are 438,657
parameters for SemGConv and 224,907 for the vanilla layer over 16 joints (27 and none more over 17), which print as
HGN's 0.44M and 0.22M; so they are taken over.

Not known: the authors' groups (ours are neighbours or mirror images; two joints each are SemGCN's pairs), whether their
17-joint network pools Neck/Nose as ours does, with Thorax and Head, and the settings of their largest network, 3.70M,
which has another graph convolution (weights of their own for every joint) and is not built here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from pipeline.geometry.skeleton import Skeleton
from pipeline.lifting.models import layers
from pipeline.lifting.models.layers import GraphConvolution, Parts, check_keypoints
from pipeline.lifting.models.semgcn import GraphBlock
from pipeline.lifting.outputs import PoseMixture

if TYPE_CHECKING:
    from pipeline.config import ModelSettings

Groups = Sequence[Sequence[int]]

# What becomes one node of 8; a skeleton without Neck/Nose has it left out.
EIGHT = (
    ("RKnee", "RAnkle"),
    ("LKnee", "LAnkle"),
    ("LHip", "RHip"),
    ("Hip", "Spine"),
    ("Thorax", "Neck/Nose", "Head"),
    ("RElbow", "RWrist"),
    ("LElbow", "LWrist"),
    ("LShoulder", "RShoulder"),
)
FOUR = ((0, 1), (2, 3), (4, 7), (5, 6))  # of these again: lower legs, hips and trunk, head and shoulders, forearms
SQUEEZE = 8


class SkeletalPool(nn.Module):
    """Pools nodes by groups, [B, nodes, C] -> [B, groups, C] (the maximum), and copies back what was pooled."""

    members: Tensor
    group_of: Tensor

    def __init__(self, groups: Groups) -> None:
        super().__init__()
        nodes = sorted(node for group in groups for node in group)
        if nodes != list(range(len(nodes))):
            raise ValueError(f"every node belongs to one group, found {nodes}")
        size = max(len(group) for group in groups)
        # A smaller group names its last node again, which changes no maximum.
        members = [[*group, *[group[-1]] * (size - len(group))] for group in groups]
        group_of = [next(place for place, group in enumerate(groups) if node in group) for node in nodes]
        self.register_buffer("members", torch.tensor(members), persistent=False)
        self.register_buffer("group_of", torch.tensor(group_of), persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        return features.index_select(1, self.members.flatten()).unflatten(1, self.members.shape).amax(dim=2)

    def undo(self, pooled: Tensor) -> Tensor:
        return pooled.index_select(1, self.group_of)


class GraphHourglass(nn.Module):
    """[B, J, C] -> [B, J, C] by way of 8 and 4 nodes. `graphs` are the three adjacencies, `pools` the two poolings."""

    def __init__(
        self,
        convolution: GraphConvolution,
        graphs: Sequence[Tensor],
        pools: Sequence[SkeletalPool],
        channels: int,
        dropout: float,
    ) -> None:
        super().__init__()
        joints, eight, four = graphs
        wider, widest = channels * 3 // 2, channels * 2

        def block(graph: Tensor, ins: int, outs: int) -> GraphBlock:
            return GraphBlock(convolution(ins, outs, graph), outs, dropout)

        self.down_joints = block(joints, channels, wider)
        self.down_eight = block(eight, wider, widest)
        self.four = block(four, widest, widest)
        self.up_eight = block(eight, widest, wider)
        self.up_joints = block(joints, wider, channels)
        self.to_eight, self.to_four = pools

    def forward(self, features: Tensor) -> Tensor:
        joints = self.down_joints(features)
        eight = self.down_eight(self.to_eight(joints))
        four = self.four(self.to_four(eight))
        eight = self.up_eight(eight + self.to_four.undo(four))
        return features + self.up_joints(joints + self.to_eight.undo(eight))


class SqueezeExcitation(nn.Module):
    """Channels weighed by the features of the whole pose: x * sigmoid(linear(relu(linear(mean of x over joints))))."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.squeeze = nn.Linear(channels, max(1, channels // SQUEEZE))
        self.excite = nn.Linear(max(1, channels // SQUEEZE), channels)

    def forward(self, features: Tensor) -> Tensor:
        weights = torch.sigmoid(self.excite(torch.relu(self.squeeze(features.mean(dim=1)))))
        return features * weights.unsqueeze(1)


class GraphStackedHourglass(nn.Module):
    """keypoints_2d [B, J, 2], screen-normalised, to the head's result; the head takes [B, J, outputs].

    The skeleton is Human3.6M's with 16 or 17 joints.
    """

    def __init__(
        self,
        convolution: GraphConvolution,
        skeleton: Skeleton,
        head: nn.Module,
        outputs: int,
        channels: int = 64,
        stacks: int = 4,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        part = channels // stacks
        if not part:
            raise ValueError(f"each of {stacks} hourglasses needs a channel of the output, found channels={channels}")
        groups = pooling_groups(skeleton)
        graphs = pooled_graphs(skeleton, groups)
        pools = [SkeletalPool(some) for some in groups]
        self.joint_count = skeleton.joint_count
        self.input = GraphBlock(convolution(2, channels, graphs[0]), channels, dropout)
        self.hourglasses = nn.ModuleList(
            GraphHourglass(convolution, graphs, pools, channels, dropout) for _ in range(stacks)
        )
        self.intermediate = nn.ModuleList(nn.Linear(channels, part) for _ in range(stacks))
        self.excitation = SqueezeExcitation(stacks * part)
        self.output = nn.Linear(stacks * part, outputs)
        self.head = head

    def raw(self, keypoints_2d: Tensor) -> Tensor:
        """Every joint's raw outputs, the head's input: [B, J, outputs]."""
        check_keypoints(keypoints_2d, self.joint_count)
        features, levels = self.input(keypoints_2d), []
        for hourglass, linear in zip(self.hourglasses, self.intermediate, strict=True):
            features = hourglass(features)
            levels.append(linear(features))
        return self.output(self.excitation(torch.cat(levels, dim=2)))

    def forward(self, keypoints_2d: Tensor) -> Tensor | PoseMixture:
        return self.head(self.raw(keypoints_2d))


def pooling_groups(skeleton: Skeleton) -> tuple[Groups, Groups]:
    """The joints that become one node of 8, and the nodes of 8 that become one of 4."""
    groups = [[skeleton.names.index(name) for name in names if name in skeleton.names] for names in EIGHT]
    pooled = sorted(joint for group in groups for joint in group)
    if pooled != list(range(skeleton.joint_count)) or min(map(len, groups)) < 2:
        raise ValueError(f"{skeleton.name}: pooling is defined for Human3.6M's 16 or 17 joints only")
    return groups, FOUR


def pooled_graphs(skeleton: Skeleton, pools: Sequence[Groups]) -> list[Tensor]:
    """The skeleton's adjacency and the pooled ones, each D^-1 (A + I); groups are neighbours if members of them are."""
    graph = torch.eye(skeleton.joint_count)
    for parent, child in skeleton.edges:
        graph[parent, child] = graph[child, parent] = 1.0
    graphs = [graph]
    for groups in pools:
        belongs = torch.zeros(len(groups), len(graphs[-1]))
        for place, group in enumerate(groups):
            belongs[place, list(group)] = 1.0
        graphs.append((belongs @ graphs[-1] @ belongs.t() > 0).float())
    return [one / one.sum(dim=1, keepdim=True) for one in graphs]


def build(settings: ModelSettings, parts: Parts) -> nn.Module:
    def convolution(in_features: int, out_features: int, graph: Tensor) -> nn.Module:
        return layers.convolution(settings, graph)(in_features, out_features)

    return GraphStackedHourglass(
        convolution,
        parts.skeleton,
        parts.head,
        parts.outputs,
        channels=settings.channels,
        stacks=settings.blocks,
        dropout=settings.dropout,
    )
