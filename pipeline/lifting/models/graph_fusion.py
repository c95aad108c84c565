"""How features go between HGN's graphs (paper, Section 3.2, Eq. 3).

    Y_k = X_k + sum over the other graphs i of C_ik X_i,    C_ik [nodes of k, nodes of i] and a bias for every node of k

C_ik are 1x1 convolutions over the nodes, the same for all channels, their own at every fusion. Three orders:

- parallel: Eq. 3; every C_ik sees the features from before the fusion. The default.
- sequential: as the authors' code computes it, in place: what graph 1 has received goes on to graph 2 in the same
  fusion, and what graphs 1 and 2 have received to graph 3. Imported weights mean this.
- fixed: nothing is learned (claim HGN-19 asks whether learning pays): a mesh node receives the features of the joint it
  belongs to, a joint the mean over its nodes; a fine node those of its coarse parent, a coarse node the mean of its
  real children. Fake nodes receive nothing and send nothing. The sum is a mean here: without weights that learn to be
  small it would double or triple the features at every fusion, and the first outputs would be tens of metres.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from pipeline.lifting.models.node_linear import node_linear

Order = Literal["parallel", "sequential", "fixed"]
Maps = Mapping[tuple[str, str], Tensor]  # (sending, receiving) -> [receiving nodes, sending nodes]
Features = dict[str, Tensor]  # of each graph by name, [B, nodes, C]


class Fusion(nn.Module):
    """One exchange: features of the graphs in `sending` go to those in `receiving`, in this order.

    `nodes` says how many nodes each graph has. A receiving graph that is not among the sending ones begins here.
    `maps` makes it a fixed one.
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
    """The maps of a fixed fusion. `joint_of` holds for the meshes' nodes the joint they belong to, -1 for fake nodes.

    Of two meshes the coarse one's node i has the fine one's nodes 2i and 2i + 1 for children.
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
