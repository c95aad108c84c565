"""HGN written down formula by formula, with no thought of speed: the yardstick of speed and of correctness.

It shares no code with pipeline.lifting.models. Arrays are [B, nodes, channels]; a graph convolution is two products
with its own softmax over the edges, a non-local layer concatenates every pair of nodes on channels-first arrays, batch
norm
is transposed to and fro, and a fusion is one 1x1 convolution over the nodes for every pair of graphs. Parameters have
the names and shapes of the authors' checkpoints. `sequential` takes the features of a fusion as the authors' code does:
A1 = P1 + C21(P2) + C31(P3), A2 = P2 + C12(A1) + C32(P3), A3 = P3 + C13(A1) + C23(A2); otherwise P everywhere (Eq. 3).
"""

import torch
from plain_graphmdn import PlainResidual, PlainSemGraphConv
from torch import Tensor, nn


class PlainUngroupedNonLocal(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.g = nn.Conv1d(channels, half, 1)
        self.theta = nn.Conv1d(channels, half, 1)
        self.phi = nn.Conv1d(channels, half, 1)
        self.concat_project = nn.Sequential(nn.Conv2d(2 * half, 1, 1, bias=False), nn.ReLU())
        self.W = nn.Sequential(nn.Conv1d(half, channels, 1), nn.BatchNorm1d(channels))
        nn.init.zeros_(self.W[1].weight)

    def forward(self, features: Tensor) -> Tensor:  # [B, J, C] -> [B, J, C]
        x = features.transpose(1, 2)  # [B, C, J]
        theta, phi, g = self.theta(x), self.phi(x), self.g(x)  # [B, C / 2, J]
        nodes = x.shape[2]
        pairs = torch.cat(
            [theta.unsqueeze(3).expand(-1, -1, -1, nodes), phi.unsqueeze(2).expand(-1, -1, nodes, -1)], dim=1
        )
        affinity = self.concat_project(pairs).squeeze(1) / nodes  # [B, J, J]
        y = torch.matmul(affinity, g.transpose(1, 2)).transpose(1, 2).contiguous()
        return (x + self.W(y)).transpose(1, 2)


class PlainNonLocalSlot(nn.Module):
    """Only there because the authors' parameter names have this level."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.nonlocal1 = PlainUngroupedNonLocal(channels)

    def forward(self, features: Tensor) -> Tensor:
        return self.nonlocal1(features)


class PlainFusion(nn.Module):
    """A 1x1 convolution over the nodes, [B, sending, C] -> [B, receiving, C]."""

    def __init__(self, sending: int, receiving: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(sending, receiving, 1)

    def forward(self, features: Tensor) -> Tensor:
        return self.conv(features)


class PlainInput(nn.Module):
    def __init__(self, channels: int, adjacency: Tensor) -> None:
        super().__init__()
        self.gconv = PlainSemGraphConv(2, channels, adjacency)
        self.bn = nn.BatchNorm1d(channels)

    def forward(self, features: Tensor) -> Tensor:
        return torch.relu(self.bn(self.gconv(features).transpose(1, 2)).transpose(1, 2))


class PlainHGN(nn.Module):
    """From 2D joints [B, 17, 2] to the pose [B, 17, 3] and the meshes [B, 48, 3] and [B, 96, 3]."""

    def __init__(self, skeleton: Tensor, coarse: Tensor, fine: Tensor, channels: int = 128, sequential: bool = True):
        super().__init__()
        self.sequential = sequential
        graphs = {1: skeleton, 2: coarse, 3: fine}
        self.gconv_input = nn.Sequential(PlainInput(channels, skeleton))
        for stage in (1, 2, 3, 4, 5):
            for sending in graphs:
                for receiving in graphs:
                    if sending != receiving and self.fused(sending, receiving, stage):
                        fusion = PlainFusion(len(graphs[sending]), len(graphs[receiving]))
                        self.add_module(f"fc_{sending}_{receiving}_{stage}", fusion)
        for scale, graph in graphs.items():
            for stage in (1, 2, 3, 4) if scale < 3 else (3, 4):
                block = PlainResidual(channels, graph, dropout=0.0)
                self.add_module(f"gconv_layers_{scale}_{stage}", nn.Sequential(block, PlainNonLocalSlot(channels)))
        self.gconv_output = PlainSemGraphConv(channels, 3, skeleton)
        self.gconv_output_48 = PlainSemGraphConv(channels, 3, coarse)
        self.gconv_output_96 = PlainSemGraphConv(channels, 3, fine)

    @staticmethod
    def fused(sending: int, receiving: int, stage: int) -> bool:
        """A graph receives from the stage at which it begins, and sends after its first residual block."""
        begins, first_sent = {1: 2, 2: 1, 3: 3}, {1: 1, 2: 2, 3: 4}
        return stage >= max(begins[receiving], first_sent[sending])

    def fuse(self, stage: int, p1: Tensor, p2: Tensor, p3: Tensor | None) -> tuple[Tensor, Tensor, Tensor | None]:
        def sent(sending: int, receiving: int, features: Tensor) -> Tensor:
            return getattr(self, f"fc_{sending}_{receiving}_{stage}")(features)

        a1 = p1 + sent(2, 1, p2)
        if p3 is not None:
            a1 = a1 + sent(3, 1, p3)
        a2 = p2 + sent(1, 2, a1 if self.sequential else p1)
        if p3 is not None:
            a2 = a2 + sent(3, 2, p3)
        if stage < 3:
            return a1, a2, None
        a3 = sent(1, 3, a1 if self.sequential else p1) + sent(2, 3, a2 if self.sequential else p2)
        return a1, a2, a3 if p3 is None else p3 + a3

    def forward(self, keypoints_2d: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        p1 = self.gconv_input(keypoints_2d)
        p2 = self.fc_1_2_1(p1)
        p1, p2 = self.gconv_layers_1_1(p1), self.gconv_layers_2_1(p2)
        p1, p2, _ = self.fuse(2, p1, p2, None)
        p1, p2 = self.gconv_layers_1_2(p1), self.gconv_layers_2_2(p2)
        p1, p2, p3 = self.fuse(3, p1, p2, None)
        p1, p2, p3 = self.gconv_layers_1_3(p1), self.gconv_layers_2_3(p2), self.gconv_layers_3_3(p3)
        p1, p2, p3 = self.fuse(4, p1, p2, p3)
        p1, p2, p3 = self.gconv_layers_1_4(p1), self.gconv_layers_2_4(p2), self.gconv_layers_3_4(p3)
        p1, p2, p3 = self.fuse(5, p1, p2, p3)
        return self.gconv_output(p1), self.gconv_output_48(p2), self.gconv_output_96(p3)
