"""Checkpoints of networks on images: written after training, read as a network that predicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pipeline.config import LiftingVariant, ModelSettings
from pipeline.config.pixels import PixelsSettings, SmallResNet
from pipeline.geometry.skeleton import HUMAN36M_16
from pipeline.pixels.models import PerceptualSemGCN, build
from pipeline.training import checkpoint, trained

FORMAT = "pixels 1"


@dataclass(frozen=True)
class PixelsPredictor:
    """A trained network and what it needs to predict."""

    variant_name: str
    settings: PixelsSettings
    epoch: int
    size: int  # px of the crops that it was trained on
    model: PerceptualSemGCN

    @property
    def trained(self) -> nn.Module:
        """The part that has a use: a stage of training alone has no use for the other."""
        if self.settings.stage == "detector":
            return self.model.detector
        return self.model.graph if self.settings.joints_2d == "ground_truth" else self.model


def seeded_model(variant: LiftingVariant, network: SmallResNet | None, seed: int) -> PerceptualSemGCN:
    """An untrained network whose weights depend on the seed. Afterwards torch's generator is ready for training."""
    assert variant.pixels is not None
    torch.manual_seed(seed)
    return _build(variant.model, variant.pixels.pooling, network)


def _build(model: ModelSettings, pooling: bool, network: SmallResNet | None) -> PerceptualSemGCN:
    channelwise = model.convolution == "semantic_channelwise"
    graph = partial(build, HUMAN36M_16, channels=model.channels, graph_blocks=model.blocks, channelwise=channelwise)
    if network is None:
        return graph(pooling=pooling)
    head = network.deconvolution_width
    return graph(pooling=pooling, blocks=network.blocks, width=network.width, deconvolution_width=head)


def save_model(
    path: Path,
    name: str,
    variant: LiftingVariant,
    network: SmallResNet | None,
    size: int,
    seed: int,
    epoch: int,
    state: Mapping[str, Tensor],
) -> None:
    """Write a network's weights with what they are weights of: the file alone is enough to predict."""
    assert variant.pixels is not None
    content = {
        "format": FORMAT,
        "variant": name,
        "model": variant.model.model_dump(mode="json", include={"convolution", "channels", "blocks"}),
        "pixels": variant.pixels.model_dump(mode="json"),
        "network": network and network.model_dump(mode="json"),
        "size": size,
        "seed": seed,
        "epoch": epoch,
        "weights": {key: value.detach().cpu().clone() for key, value in state.items()},
    }
    checkpoint.save(path, content)


def load_model(path: Path | str, device: str = "cpu") -> PixelsPredictor:
    """Read a checkpoint of `train_pixels`. Raises CheckpointError, in one line, on any other file."""
    return trained.read(Path(path), FORMAT, "train_pixels", partial(_predictor, device=device), device)


def _predictor(content: dict[str, Any], device: str) -> PixelsPredictor:
    settings = PixelsSettings.model_validate(content["pixels"])
    network = content["network"] and SmallResNet.model_validate(content["network"])
    model = _build(ModelSettings.model_validate(content["model"]), settings.pooling, network).to(device)
    model.load_state_dict(content["weights"])
    model.eval()
    return PixelsPredictor(content["variant"], settings, content["epoch"], content["size"], model)
