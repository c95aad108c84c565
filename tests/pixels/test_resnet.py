"""ResNet: torchvision's names, shapes and strides, its weights, and the arithmetic of a bottleneck."""

from __future__ import annotations

import csv
import importlib
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from pipeline.pixels.models import ResNet, load_torchvision, normalized
from pipeline.pixels.models.resnet import Bottleneck

# Names and shapes of torchvision's `resnet50().state_dict()`, version 0.28, with the classifier.
TORCHVISION = Path(__file__).with_name("resnet50_torchvision.csv")
WITHOUT_CLASSIFIER = 25_557_032 - 2_049_000  # parameters: torchvision's page states the first


def small(seed: int = 0) -> ResNet:
    torch.manual_seed(seed)
    return ResNet((1, 2, 1, 1), width=4)


def shapes_of_torchvision() -> dict[str, list[int]]:
    with TORCHVISION.open(encoding="utf-8") as file:
        return {row["name"]: [int(size) for size in row["shape"].split()] for row in csv.DictReader(file)}


def test_names_and_shapes_are_torchvisions() -> None:
    with torch.device("meta"):
        ours = {name: list(value.shape) for name, value in ResNet().state_dict().items()}
    theirs = shapes_of_torchvision()
    assert [name for name in theirs if name.startswith("fc.")] == ["fc.weight", "fc.bias"]
    assert ours == {name: shape for name, shape in theirs.items() if not name.startswith("fc.")}
    assert len(ours) == 318


def test_parameters_are_those_of_resnet_50_without_its_classifier() -> None:
    with torch.device("meta"):
        parameters = list(ResNet().parameters())
    assert len(parameters) == 161 - 2
    assert sum(parameter.numel() for parameter in parameters) == WITHOUT_CLASSIFIER


def test_five_maps_at_their_strides() -> None:
    network = small()
    maps = network(torch.randn(2, 3, 64, 96))
    assert [list(one.shape) for one in maps] == [
        [2, channels, 64 // stride, 96 // stride]
        for channels, stride in zip((4, 16, 32, 64, 128), (2, 4, 8, 16, 32), strict=True)
    ]
    assert network.channels == (4, 16, 32, 64, 128)
    with pytest.raises(ValueError, match="multiples of 32"):
        network(torch.randn(2, 3, 64, 90))


def test_a_map_moves_with_the_image() -> None:
    """Away from the border, an image moved by a stride has the same features one cell further."""
    network = small().eval()
    image = torch.zeros(1, 3, 192, 192)
    image[..., 80:112, 80:112] = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        before, after = network(image), network(image.roll(32, dims=3))
    for stride, one, other in zip((2, 4, 8, 16), before, after, strict=False):
        middle = slice(64 // stride, 128 // stride)
        moved = slice(96 // stride, 160 // stride)
        torch.testing.assert_close(other[..., middle, moved], one[..., middle, middle])


def test_a_bottleneck_is_three_convolutions_and_a_projection() -> None:
    torch.manual_seed(0)
    block = Bottleneck(6, 2, stride=2).eval()
    values = torch.randn(1, 6, 8, 8)
    inner = functional.relu(functional.conv2d(values, block.conv1.weight) / (1 + 1e-5) ** 0.5)
    inner = functional.relu(functional.conv2d(inner, block.conv2.weight, stride=2, padding=1) / (1 + 1e-5) ** 0.5)
    assert isinstance(block.downsample, torch.nn.Sequential)
    shortcut = functional.conv2d(values, block.downsample[0].weight, stride=2)
    outer = functional.conv2d(inner, block.conv3.weight) + shortcut
    torch.testing.assert_close(block(values), functional.relu(outer / (1 + 1e-5) ** 0.5))


def file_of(network: ResNet) -> dict[str, Tensor]:
    """The network's weights as torchvision's file has them."""
    return network.state_dict() | {"fc.weight": torch.zeros(1000, 128), "fc.bias": torch.zeros(1000)}


def test_weights_of_a_file_are_loaded_with_and_without_counts_of_batches() -> None:
    source, images = small(seed=1), torch.randn(2, 3, 32, 32)
    source(images)  # so that the statistics are not those of the start
    source.eval()
    for counts in (True, False):
        network = small(seed=2).eval()
        state = {name: value for name, value in file_of(source).items() if counts or "num_batches" not in name}
        load_torchvision(network, state)
        with torch.no_grad():
            torch.testing.assert_close(network(images)[-1], source(images)[-1])


def test_weights_of_another_network_are_refused_by_name() -> None:
    network = small()
    state = file_of(network)
    for broken, message in (
        ({name: value for name, value in state.items() if name != "layer2.1.bn3.bias"}, "layer2.1.bn3.bias: missing"),
        (state | {"layer3.0.conv2.weight": torch.zeros(1, 1, 3, 3)}, "layer3.0.conv2.weight: expected"),
        (state | {"layer1.1.conv1.weight": torch.zeros(4, 16, 1, 1)}, "layer1.1.conv1.weight: unknown"),
    ):
        with pytest.raises(ValueError, match=message):
            load_torchvision(network, broken)


def test_same_features_as_torchvisions_network() -> None:
    try:
        theirs = importlib.import_module("torchvision").models.resnet50().eval()
    except (ImportError, OSError, RuntimeError) as error:
        pytest.skip(f"torchvision does not import here: {error}")
    ours = ResNet().eval()
    load_torchvision(ours, theirs.state_dict())
    images = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        values = theirs.maxpool(theirs.relu(theirs.bn1(theirs.conv1(images))))
        for stage, found in enumerate(ours(images)[1:], start=1):
            values = getattr(theirs, f"layer{stage}")(values)
            torch.testing.assert_close(found, values)


def test_imagenets_mean_colour_is_zero() -> None:
    pixels = torch.tensor([123.675, 116.28, 103.53]).expand(1, 4, 5, 3)
    images = normalized(pixels)
    assert images.shape == (1, 3, 4, 5) and images.abs().max() < 1e-5
    white = normalized(torch.full((1, 1, 1, 3), 255, dtype=torch.uint8)).flatten()
    torch.testing.assert_close(white, torch.tensor([0.515 / 0.229, 0.544 / 0.224, 0.594 / 0.225]))
