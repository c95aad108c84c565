"""Weights that travel: a lifting network as one safetensors file, with a model card in JSON beside it.

safetensors holds numbers and text and nothing that could be executed. The text has the variant's settings, so that the
file alone is enough to predict. The card says what the weights are made from, their licence, what was measured with
them, and the file's SHA-256; a file that differs from its card is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.config import LiftingVariant
from pipeline.geometry.coarsening import GraphError, MeshGraphs
from pipeline.lifting.checkpoints import LiftingPredictor, load_model
from pipeline.lifting.data import skeleton_of
from pipeline.lifting.lifter import Lifter
from pipeline.lifting.models import build_model
from pipeline.pixels import lifter
from pipeline.pixels.lifter import ImageLifter
from pipeline.training.checkpoint import CheckpointError

FORMAT = "mixpose lifting weights 1"
FOLDER = "weights"
CHECKOUT = Path(__file__).parents[2]  # where weights/ is
ENDING = ".safetensors"
DEFAULT = "graphmdn"  # the name that `predict` takes if none is given
ABOUT = "mixpose"  # the name of the text in the file
GRAPHS, MODEL = "graphs.", "model."  # begin the names of tensors


@dataclass(frozen=True)
class Model:
    """A model to predict with, its file, and its card if there is one."""

    predictor: Lifter | ImageLifter
    path: Path
    sha256: str
    card: Mapping[str, Any] = field(default_factory=dict)

    @property
    def trained_on(self) -> str | None:
        """The source of motion that the card names; None without a card."""
        data = self.card.get("data")
        source = data.get("source") if isinstance(data, Mapping) else None
        return source if isinstance(source, str) else None


def card_of(path: Path) -> Path:
    """Where the card of a weights file is."""
    return path.with_suffix(".json")


def find(root: Path, name: str | None) -> Path:
    """The file of a model: `name` is one in weights/ without its ending, or a path. Raises InputError."""
    wanted = DEFAULT if name is None else name
    by_name, by_path = root / FOLDER / f"{wanted}{ENDING}", Path(wanted)
    if by_name.is_file():
        return by_name
    if by_path.is_file():
        return by_path
    there = sorted(file.stem for file in (root / FOLDER).glob(f"*{ENDING}"))
    known = f"{FOLDER}/ has {', '.join(there)}" if there else f"{FOLDER}/ has no weights"
    raise InputError(
        f"--model: no file {wanted!r} and no weights of this name; {known}; a model that you trained is "
        "data/<preset>/train_lifting/<variant>/seed_<n>/checkpoint.pt"
    )


def read(path: Path) -> Model:
    """A model from weights (safetensors) or a checkpoint of train_lifting or train_pixels. Raises InputError."""
    try:
        if path.suffix != ENDING and lifter.is_of_images(path):
            return Model(lifter.load(path), path, artifacts.digest(path))
        if path.suffix != ENDING:
            return Model(load(path), path, artifacts.digest(path))
        card = artifacts.read_json(card_of(path)) if card_of(path).exists() else {}
        digest = artifacts.digest(path)
        if not isinstance(card, dict) or card.get("sha256", digest) != digest:
            raise InputError(f"{path}: its SHA-256 is not the one in {card_of(path)}; fetch both files again")
        return Model(load(path), path, digest, card)
    except CheckpointError as error:
        raise InputError(str(error)) from None


def load(path: Path | str, device: str = "cpu") -> Lifter:
    """A network from its weights or its checkpoint, or from a name in the checkout's weights/.

    Raises CheckpointError for an unusable file, and InputError for a name that is not there.
    """
    path = Path(path)
    file = path if path.exists() or path.suffix else find(CHECKOUT, str(path))
    found = read_weights(file) if file.suffix == ENDING else load_model(file)
    found.model.to(device)
    return Lifter(**vars(found))


def write_weights(path: Path, predictor: LiftingPredictor, seed: int) -> str:
    """Write a model's weights; the answer is the file's SHA-256. Equal weights give equal bytes."""
    tensors = {f"{MODEL}{name}": _plain(value) for name, value in predictor.model.state_dict().items()}
    if predictor.graphs is not None:
        arrays = predictor.graphs.to_arrays()
        tensors |= {f"{GRAPHS}{name}": _plain(torch.from_numpy(value.copy())) for name, value in arrays.items()}
    about = {
        "format": FORMAT,
        "variant": predictor.variant_name,
        "settings": predictor.variant.model_dump(mode="json"),
        "seed": seed,
        "epoch": predictor.epoch,
    }
    with artifacts.atomic(path) as part:  # one entry of text, because safetensors does not keep the order of several
        part.write_bytes(save(tensors, metadata={ABOUT: json.dumps(about, sort_keys=True)}))
    return artifacts.digest(path)


def _plain(value: Tensor) -> Tensor:
    """A copy of its own, because safetensors refuses tensors that share memory."""
    return value.detach().cpu().contiguous().clone()


def read_weights(path: Path) -> LiftingPredictor:
    """What `write_weights` wrote. Raises CheckpointError, in one line, for any other file."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118, it is no dictionary
    except (SafetensorError, OSError, ValueError) as error:
        what = str(error).split("\n")[0]
        raise CheckpointError(f"{path}: not a readable safetensors file ({what}); fetch it again") from None
    try:
        about = json.loads(metadata.get(ABOUT, "{}"))
        found = about.get("format", "no format")
        if found != FORMAT:
            raise ValueError(f"{found}; expected {FORMAT}")
        variant = LiftingVariant.model_validate(about["settings"])
        graphs = _graphs({name: value for name, value in tensors.items() if name.startswith(GRAPHS)})
        model = build_model(variant, skeleton_of(variant), graphs)
        model.load_state_dict({name.removeprefix(MODEL): tensors[name] for name in tensors if name.startswith(MODEL)})
        named, epoch = str(about["variant"]), int(about["epoch"])
    except (AttributeError, KeyError, TypeError, ValueError, RuntimeError, ValidationError, GraphError) as error:
        what = " ".join(str(error).split()[:24])
        raise CheckpointError(f"{path}: weights of another version ({what}); export them again") from None
    model.eval()
    return LiftingPredictor(named, variant, epoch, skeleton_of(variant), model, graphs)


def _graphs(tensors: Mapping[str, Tensor]) -> MeshGraphs | None:
    if not tensors:
        return None
    return MeshGraphs.from_arrays({name.removeprefix(GRAPHS): value.numpy() for name, value in tensors.items()})
