"""A checkpoint of a network on images: what reading it needs, and one line for a file that lacks it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from pipeline.config import LiftingVariant
from pipeline.config.pixels import SmallResNet
from pipeline.pixels.checkpoints import load_model, save_model, seeded_model
from pipeline.training import checkpoint
from pipeline.training.errors import CheckpointError

NETWORK = SmallResNet(blocks=[1, 1, 1, 1], width=4, deconvolution_width=8)
VARIANT = LiftingVariant.model_validate(
    {"paper": "semgcn", "title": "Small", "input": "images", "targets": "joints", "epochs": 1}
    | {"pixels": {"stage": "all"}, "model": {"convolution": "semantic_channelwise", "channels": 8, "blocks": 1}}
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "model.pt"
    weights = seeded_model(VARIANT, NETWORK, seed=0).state_dict()
    save_model(path, "small", VARIANT, NETWORK, 32, 0, 1, weights)
    return path


def test_it_gives_the_network_that_was_written(file: Path) -> None:
    read, expected = load_model(file), seeded_model(VARIANT, NETWORK, seed=0)
    assert (read.variant_name, read.size, read.epoch) == ("small", 32, 1)
    assert read.model.state_dict().keys() == expected.state_dict().keys()
    assert all(torch.equal(value, expected.state_dict()[key]) for key, value in read.model.state_dict().items())


def without(key: str) -> Callable[[dict[str, Any]], object]:
    return lambda content: content.pop(key)


def other(key: str, value: object) -> Callable[[dict[str, Any]], object]:
    return lambda content: content.__setitem__(key, value)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (other("format", "lifting 1"), "not a checkpoint of train_pixels (no `format: pixels 1` in it)"),
        (without("pixels"), "not whole (KeyError('pixels')"),
        (without("weights"), "not whole (KeyError('weights')"),
        (other("weights", None), "not whole ("),
        (other("pixels", {"stage": "none"}), "not whole ("),
        (other("network", {"width": -1}), "not whole ("),
        (other("weights", {}), "its weights do not fit the variant it names ("),
    ],
)
def test_a_damaged_one_is_one_line(file: Path, damage: Callable[[dict[str, Any]], object], said: str) -> None:
    content = checkpoint.load(file)
    damage(content)
    checkpoint.save(file, content)
    with pytest.raises(CheckpointError) as raised:
        load_model(file)
    line = str(raised.value)
    assert line.startswith(f"{file}: {said}") and "\n" not in line
    assert "not whole" not in line or "delete it and train again; else name another file" in line
