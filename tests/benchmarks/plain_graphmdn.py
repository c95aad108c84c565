"""GraphMDN transcribed formula by formula without regard to speed: the reference for correctness and for speed.

It shares no code with pipeline.lifting.models. Semantic graph convolutions are two products (SemGCN, Eq. 9), non-local
layers concatenate every pair of joints (Eq. 10) on channels-first arrays, so batch norm needs transposed copies, and
the density is summed one dimension at a time (GraphMDN, Eq. 3 to 9). Parameters have the names and shapes of the
authors' checkpoints.
"""

import math

import torch
from torch import Tensor, nn


class PlainSemGraphConv(nn.Module):
    def __init__(self, in_features: int, out_features: int, adjacency: Tensor) -> None:
        super().__init__()
        self.register_buffer("mask", adjacency > 0)
        self.W = nn.Parameter(torch.empty(2, in_features, out_features))
        self.e = nn.Parameter(torch.ones(1, int((adjacency > 0).sum())))
        self.bias = nn.Parameter(torch.empty(out_features))
        nn.init.xavier_uniform_(self.W, gain=1.414)
        nn.init.uniform_(self.bias, -(out_features**-0.5), out_features**-0.5)

    def forward(self, features: Tensor) -> Tensor:  # [B, J, in] -> [B, J, out]
        scores = torch.full(self.mask.shape, -9e15, dtype=features.dtype, device=features.device)
        scores[self.mask] = self.e.view(-1)
        edges = torch.softmax(scores, dim=1)
        own = torch.eye(len(edges), dtype=features.dtype, device=features.device)
        of_itself = torch.matmul(edges * own, torch.matmul(features, self.W[0]))
        of_neighbours = torch.matmul(edges * (1 - own), torch.matmul(features, self.W[1]))
        return of_itself + of_neighbours + self.bias


class PlainNonLocal(nn.Module):
    def __init__(self, channels: int, groups: tuple[tuple[int, ...], ...]) -> None:
        super().__init__()
        half, size = channels // 2, len(groups[0])
        self.order = [joint for group in groups for joint in group]
        self.restored = [self.order.index(joint) for joint in range(len(self.order))]
        self.g = nn.Sequential(nn.Conv1d(channels, half, 1), nn.MaxPool1d(size))
        self.theta = nn.Conv1d(channels, half, 1)
        self.phi = nn.Sequential(nn.Conv1d(channels, half, 1), nn.MaxPool1d(size))
        self.concat_project = nn.Sequential(nn.Conv2d(2 * half, 1, 1, bias=False), nn.ReLU())
        self.W = nn.Sequential(nn.Conv1d(half, channels, 1), nn.BatchNorm1d(channels))
        nn.init.zeros_(self.W[1].weight)

    def forward(self, features: Tensor) -> Tensor:  # [B, J, C] -> [B, J, C]
        x = features[:, self.order].transpose(1, 2)  # [B, C, J]
        theta, phi, g = self.theta(x), self.phi(x), self.g(x)  # [B, C / 2, J], [B, C / 2, P], [B, C / 2, P]
        joints, pooled = theta.shape[2], phi.shape[2]
        pairs = torch.cat(
            [theta.unsqueeze(3).expand(-1, -1, -1, pooled), phi.unsqueeze(2).expand(-1, -1, joints, -1)], dim=1
        )
        affinity = self.concat_project(pairs).squeeze(1) / pooled  # [B, J, P]
        y = torch.matmul(affinity, g.transpose(1, 2)).transpose(1, 2).contiguous()
        return (x + self.W(y)).transpose(1, 2)[:, self.restored]


class PlainBlock(nn.Module):
    def __init__(self, in_features: int, out_features: int, adjacency: Tensor, dropout: float) -> None:
        super().__init__()
        self.gconv = PlainSemGraphConv(in_features, out_features, adjacency)
        self.bn = nn.BatchNorm1d(out_features)
        self.dropout = dropout

    def forward(self, features: Tensor) -> Tensor:
        features = self.bn(self.gconv(features).transpose(1, 2)).transpose(1, 2)
        return nn.functional.dropout(torch.relu(features), self.dropout, self.training)


class PlainResidual(nn.Module):
    def __init__(self, channels: int, adjacency: Tensor, dropout: float) -> None:
        super().__init__()
        self.gconv1 = PlainBlock(channels, channels, adjacency, dropout)
        self.gconv2 = PlainBlock(channels, channels, adjacency, dropout)

    def forward(self, features: Tensor) -> Tensor:
        return features + self.gconv2(self.gconv1(features))


class PlainNonLocalSlot(nn.Module):
    """Only there because the authors' parameter names have this level."""

    def __init__(self, channels: int, groups: tuple[tuple[int, ...], ...]) -> None:
        super().__init__()
        self.non_local = PlainNonLocal(channels, groups)

    def forward(self, features: Tensor) -> Tensor:
        return self.non_local(features)


class PlainGraphMDN(nn.Module):
    """From 2D joints [B, J, 2] to the raw outputs of every joint [B, J, 5 K]."""

    def __init__(
        self,
        adjacency: Tensor,
        groups: tuple[tuple[int, ...], ...],
        channels: int = 128,
        blocks: int = 4,
        outputs: int = 25,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.gconv_input = nn.Sequential(
            PlainBlock(2, channels, adjacency, dropout), PlainNonLocalSlot(channels, groups)
        )
        layers: list[nn.Module] = []
        for _ in range(blocks):
            layers += [PlainResidual(channels, adjacency, dropout), PlainNonLocalSlot(channels, groups)]
        self.gconv_layers = nn.Sequential(*layers)
        self.gconv_output = PlainSemGraphConv(channels, outputs, adjacency)

    def forward(self, keypoints_2d: Tensor) -> Tensor:
        return self.gconv_output(self.gconv_layers(self.gconv_input(keypoints_2d)))


def plain_pose_nll(raw: Tensor, joints_3d: Tensor, kernels: int) -> Tensor:
    """GraphMDN, Eq. 9, mean over the batch: raw [B, J, 5 K], joints_3d [B, J, 3]; pose-level weights, one sigma."""
    batch, joints = raw.shape[:2]
    means = torch.tanh(raw[:, :, : 3 * kernels]).view(batch, joints, kernels, 3)
    sigma = nn.functional.elu(raw[:, :, 3 * kernels : 4 * kernels].mean(dim=1)) + 1
    sigma = sigma.clamp(min=1e-10)
    log_weights = torch.log_softmax(raw[:, :, 4 * kernels :].mean(dim=1), dim=1)
    offsets = (joints_3d.unsqueeze(2) - means) / sigma.view(batch, 1, kernels, 1)
    log_normal = -0.5 * offsets**2 - sigma.log().view(batch, 1, kernels, 1) - 0.5 * math.log(2 * math.pi)
    return -torch.logsumexp(log_normal.sum(dim=(1, 3)) + log_weights, dim=1).mean()
