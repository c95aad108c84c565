"""Checkpoints of CenterNets: written after training, read as a network that finds people or objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pipeline.config import DetectionVariant, SmallNetworks
from pipeline.detection.models import CenterNet, build_model
from pipeline.training import checkpoint
from pipeline.training.checkpoint import CheckpointError

FORMAT = "detection 1"


@dataclass(frozen=True)
class DetectionPredictor:
    """A trained network with all that it needs to be used."""

    variant_name: str
    variant: DetectionVariant
    categories: tuple[str, ...]
    input_size: int  # px, width and height of what it was trained on
    sigma_factor: float  # of the minimum sigmas that it was trained with
    epoch: int
    model: CenterNet


def save_model(
    path: Path,
    name: str,
    variant: DetectionVariant,
    categories: tuple[str, ...],
    seed: int,
    epoch: int,
    state: Mapping[str, Tensor],
    networks: SmallNetworks | None = None,
    input_size: int | None = None,
    sigma_factor: float = 1.0,
) -> None:
    """Write a network's weights with its variant, so that the file alone can be used."""
    content: dict[str, Any] = {
        "format": FORMAT,
        "variant": name,
        "settings": variant.model_dump(mode="json"),
        "categories": list(categories),
        "networks": networks.model_dump(mode="json") if networks else None,
        "input_size": input_size or variant.input_size,
        "sigma_factor": sigma_factor,
        "seed": seed,
        "epoch": epoch,
        "model": {key: value.detach().cpu().clone() for key, value in state.items()},
    }
    checkpoint.save(path, content)


def load_model(path: Path | str, device: str = "cpu") -> DetectionPredictor:
    """Read a checkpoint of `train_detection`. Raises CheckpointError, in one line, on any other file."""
    path = Path(path)
    content = checkpoint.load(path, device)
    if content.get("format") != FORMAT:
        raise CheckpointError(f"{path}: not a checkpoint of train_detection (no `format: {FORMAT}` in it)")
    try:
        return _read(content, device)
    except RuntimeError as error:
        what = " ".join(str(error).split()[:24])
        raise CheckpointError(f"{path}: its weights do not fit the variant it names ({what} ...)") from None
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        what = " ".join(repr(error).split()[:24])
        raise CheckpointError(
            f"{path}: not whole ({what}); if a training here wrote it, delete it and train again; "
            "else name another file"
        ) from None


def _read(content: dict[str, Any], device: str) -> DetectionPredictor:
    # A training's plan has no paper and title, because they change no number.
    named = {"paper": "mdn_offset", "title": content["variant"], **content["settings"]}
    variant = DetectionVariant.model_validate(named)
    networks = SmallNetworks.model_validate(content["networks"]) if content["networks"] else None
    categories = tuple(content["categories"])
    model = build_model(variant, len(categories), networks).to(device)
    model.load_state_dict(content["model"])
    model.eval()
    return DetectionPredictor(
        content["variant"],
        variant,
        categories,
        content["input_size"],
        content["sigma_factor"],
        content["epoch"],
        model,
    )


def seeded_model(
    variant: DetectionVariant, categories: int, networks: SmallNetworks | None, sigma_start: float, seed: int
) -> CenterNet:
    """A new network with weights drawn by the seed; training continues with the same random generator."""
    torch.manual_seed(seed)
    return build_model(variant, categories, networks, sigma_start=sigma_start)
