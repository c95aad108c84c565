"""SemGCN with perceptual feature pooling: 3D joints from an image, end to end (Configuration #2, "RN w/ FP").

Source: Zhao et al., "Semantic Graph Convolutional Networks for 3D Human Pose Regression", CVPR 2019, Section 4 and
Figure 3. No code was released. In the order of the paper: the 2D network (4.1; integral.py), pooling of its features
at the joints (4.2; roi_align.py), the graph network over 2D coordinates and features (Section 3, channel-wise Eq. 3).

What the paper leaves open, and what is taken here, is in results/published/errata.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from pipeline.geometry.skeleton import Skeleton, adjacency
from pipeline.lifting.models.layers import Convolution
from pipeline.lifting.models.semgcn import GraphBlock, NonLocal, ResidualBlock, SemGraphConv
from pipeline.pixels.losses import bones
from pipeline.pixels.models.integral import DECONVOLUTION_WIDTH, IntegralNetwork
from pipeline.pixels.models.resnet import RESNET_50, STRIDES, WIDTH, ResNet
from pipeline.pixels.models.roi_align import roi_align

POOLED = 4  # maps: conv_1 to conv_4
SAMPLES = 4  # points per axis of a joint's box


@dataclass(frozen=True, eq=False)
class Crops:
    """Where B cropped images [B, 3, S, S] are: px of the crop times `scale` plus `shift` are screen coordinates.

    On the screen (geometry.camera.normalize_screen) the width of the whole picture spans [-1, 1].
    """

    scale: Tensor  # [B]
    shift: Tensor  # [B, 2]

    def on_screen(self, keypoints_2d: Tensor) -> Tensor:
        """Screen coordinates of keypoints [B, J, 2] in px of the crops."""
        return keypoints_2d * self.scale[:, None, None] + self.shift[:, None]


@dataclass(frozen=True, eq=False)
class Poses:
    """What the network makes of B crops."""

    keypoints_2d: Tensor  # [B, J, 2] px of the crop
    joints_3d: Tensor  # [B, J, 3] m, relative to the root, in the camera's frame


class GraphNetwork(nn.Sequential):
    """SemGCN (Section 3.3) over joints with any number of inputs: [B, J, inputs] -> [B, J, 3]."""

    def __init__(
        self,
        inputs: int,
        convolution: Convolution,
        non_local: Callable[[], nn.Module],
        channels: int = 128,
        blocks: int = 4,
        dropout: float = 0.0,
    ) -> None:
        layers: list[nn.Module] = [GraphBlock(convolution(inputs, channels), channels, dropout), non_local()]
        for _ in range(blocks):
            layers += [ResidualBlock(convolution, channels, dropout), non_local()]
        super().__init__(*layers, convolution(channels, 3))


class PerceptualSemGCN(nn.Module):
    """Cropped images to 3D joints: a 2D network, and a graph network that reads its joints and its features there.

    With `pooling=False` the graph network reads the 2D joints alone: the same 2D network without image features, which
    is what claim SG-4 compares with.
    """

    def __init__(
        self,
        detector: IntegralNetwork,
        graph: Callable[[int], GraphNetwork],
        skeleton: Skeleton,
        pooling: bool = True,
    ) -> None:
        """`graph` makes the graph network for a number of inputs per joint."""
        super().__init__()
        self.skeleton, self.pooling = skeleton, pooling
        self.detector = detector
        self.graph = graph(2 + (sum(detector.backbone.channels[:POOLED]) if pooling else 0))
        self.detector_is_fixed = False

    def fix_detector(self, fixed: bool) -> None:
        """Whether the 2D network stays as it is (stage two): its weights, and its batch norms' statistics."""
        self.detector_is_fixed = fixed
        self.detector.requires_grad_(not fixed)
        self.train(self.training)

    def train(self, mode: bool = True) -> PerceptualSemGCN:
        super().train(mode)
        self.detector.train(mode and not self.detector_is_fixed)
        return self

    def forward(self, images: Tensor, crops: Crops) -> Poses:
        seen = self.detector(images)
        return Poses(seen.keypoints_2d, self.lift(seen.keypoints_2d, seen.maps, crops))

    def lift(self, keypoints_2d: Tensor, maps: Sequence[Tensor], crops: Crops) -> Tensor:
        """3D joints [B, J, 3] of 2D joints [B, J, 2] in px of the crops, with the maps of the 2D network."""
        nodes = crops.on_screen(keypoints_2d)
        if self.pooling:
            nodes = torch.cat((nodes, pooled(maps[:POOLED], keypoints_2d, self.skeleton)), dim=-1)
        return self.graph(nodes)


def pooled(maps: Sequence[Tensor], keypoints_2d: Tensor, skeleton: Skeleton) -> Tensor:
    """The mean features [B, J, C] around joints [B, J, 2] px, of the first maps of a ResNet, one after the other.

    All boxes of a pose have the same side, the mean length of its bones in the image (Section 4.2). As in Mask R-CNN no
    gradient goes through the boxes; the 2D joints have that of their coordinates.
    """
    joints = keypoints_2d.detach()
    half = bones(joints, skeleton).norm(dim=-1).mean(dim=-1)[:, None, None] / 2
    boxes = torch.cat((joints - half, joints + half), dim=-1)
    found = [
        roi_align(features, boxes, spatial_scale=1 / stride, samples=SAMPLES).flatten(2)
        for features, stride in zip(maps, STRIDES, strict=False)
    ]
    return torch.cat(found, dim=-1)


def build(
    skeleton: Skeleton,
    blocks: Sequence[int] = RESNET_50,
    width: int = WIDTH,
    deconvolution_width: int = DECONVOLUTION_WIDTH,
    channels: int = 128,
    graph_blocks: int = 4,
    channelwise: bool = True,
    pooling: bool = True,
) -> PerceptualSemGCN:
    """The paper's network, or a smaller one of the same build. `channelwise=False`: Eq. 2 in place of Eq. 3.

    Start values follow from torch's default generator.
    """
    order = [joint for group in skeleton.groups for joint in group]
    convolution = partial(SemGraphConv, adjacency=adjacency(skeleton), channelwise=channelwise)
    graph = partial(
        GraphNetwork,
        convolution=convolution,
        non_local=partial(NonLocal, channels, len(skeleton.groups[0]), order),
        channels=channels,
        blocks=graph_blocks,
    )
    detector = IntegralNetwork(ResNet(blocks, width), skeleton.joint_count, deconvolution_width)
    return PerceptualSemGCN(detector, graph, skeleton, pooling)
