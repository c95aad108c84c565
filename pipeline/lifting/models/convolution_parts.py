"""What graph convolutions share: the check of their input, and how the authors start weights and biases."""

from torch import Tensor, nn

GAIN = 1.414  # the authors' value for their Xavier-uniform start, sqrt(2) to the digits they wrote


def check_features(features: Tensor, adjacency: Tensor, in_features: int) -> tuple[int, int]:
    """The numbers of joints and channels of features [..., J, in]; ValueError if they are not the layer's."""
    joints = len(adjacency)
    if features.shape[-2:] != (joints, in_features):
        raise ValueError(f"expected features [..., {joints}, {in_features}], found {list(features.shape)}")
    return joints, in_features


def start_bias(bias: Tensor | None, fan: int) -> None:
    if bias is not None:
        nn.init.uniform_(bias, -(fan**-0.5), fan**-0.5)
