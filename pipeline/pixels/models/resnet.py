"""ResNet (He et al., "Deep Residual Learning for Image Recognition", 2016), the backbone of SemGCN's 2D network.

Section 3 and Table 1 of that paper; the stride of a bottleneck is in its 3x3 convolution, as in torchvision. Modules
have torchvision's names (`layer3.0.conv2`), so that its ImageNet weights of ResNet-50 load as they are. There is no
classifier. Nothing is shared with the networks of detection: CenterNet's have no bottleneck, and their names are those
of other released weights.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

EXPANSION = 4  # outputs of a bottleneck over its width
RESNET_50 = (3, 4, 6, 3)  # bottlenecks of the four stages
WIDTH = 64  # of the first convolution and of the first stage's bottlenecks; it doubles from stage to stage
STRIDES = (2, 4, 8, 16, 32)  # of the five maps, in px of the image

# Mean and standard deviation of ImageNet's red, green and blue, of 0 to 1: what its weights expect.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_SPREAD = (0.229, 0.224, 0.225)


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions and a shortcut: [B, inputs, H, W] -> [B, 4 width, H / stride, W / stride]."""

    def __init__(self, inputs: int, width: int, stride: int = 1) -> None:
        super().__init__()
        outputs = EXPANSION * width
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.downsample: nn.Module | None = None
        if stride != 1 or inputs != outputs:
            shortcut = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.downsample = nn.Sequential(shortcut, nn.BatchNorm2d(outputs))

    def forward(self, values: Tensor) -> Tensor:
        shortcut = values if self.downsample is None else self.downsample(values)
        inner = self.relu(self.bn1(self.conv1(values)))
        inner = self.relu(self.bn2(self.conv2(inner)))
        return self.relu(self.bn3(self.conv3(inner)) + shortcut)


class ResNet(nn.Module):
    """Images [B, 3, H, W] -> five maps [B, channels[i], H / STRIDES[i], W / STRIDES[i]]; H and W multiples of 32.

    In the words of He et al.'s Table 1 the maps are conv1 (after its norm and ReLU), conv2_x, conv3_x, conv4_x and
    conv5_x. `blocks` are the bottlenecks of the last four. Weights start Kaiming-normal, as torchvision's.
    """

    def __init__(self, blocks: Sequence[int] = RESNET_50, width: int = WIDTH) -> None:
        super().__init__()
        stages = [width * 2**stage for stage in range(len(blocks))]
        self.channels = (width, *(EXPANSION * stage for stage in stages))
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        for stage, (count, inner) in enumerate(zip(blocks, stages, strict=True)):
            inputs, outputs, stride = self.channels[stage], self.channels[stage + 1], 1 if stage == 0 else 2
            layers = [Bottleneck(inputs, inner, stride), *(Bottleneck(outputs, inner) for _ in range(count - 1))]
            self.add_module(f"layer{stage + 1}", nn.Sequential(*layers))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, images: Tensor) -> list[Tensor]:
        if images.dim() != 4 or images.shape[1] != 3 or images.shape[2] % STRIDES[-1] or images.shape[3] % STRIDES[-1]:
            raise ValueError(f"expected images [B, 3, H, W], H and W multiples of 32, found {list(images.shape)}")
        maps = [self.relu(self.bn1(self.conv1(images)))]
        values = self.maxpool(maps[0])
        for stage in range(1, len(self.channels)):
            values = self.get_submodule(f"layer{stage}")(values)
            maps.append(values)
        return maps


def load_torchvision(network: ResNet, state: Mapping[str, Tensor]) -> None:
    """Give a network the weights of torchvision's file of the same ResNet.

    The classifier (`fc`) is left out. Files older than 2019 do not count batches; then the counts stay as they are.
    Raises ValueError, which names the first entry that is missing, unknown or of another shape.
    """
    ours = network.state_dict()
    theirs = OrderedDict((name, value) for name, value in state.items() if not name.startswith("fc."))
    for name, value in ours.items():
        if name not in theirs and name.endswith("num_batches_tracked"):
            theirs[name] = value
        if name not in theirs:
            raise ValueError(f"{name}: missing; these are not the weights of this ResNet")
        if theirs[name].shape != value.shape:
            raise ValueError(f"{name}: expected {list(value.shape)}, found {list(theirs[name].shape)}")
    if unknown := [name for name in theirs if name not in ours]:
        raise ValueError(f"{unknown[0]}: unknown; these are not the weights of this ResNet")
    network.load_state_dict(theirs)


def normalized(pixels: Tensor) -> Tensor:
    """Images [B, H, W, 3] of 0 to 255, RGB, as the network reads them: [B, 3, H, W] in ImageNet's units, float32."""
    mean, spread = (255 * torch.tensor(values, device=pixels.device) for values in (IMAGENET_MEAN, IMAGENET_SPREAD))
    return ((pixels.float() - mean) / spread).permute(0, 3, 1, 2)
