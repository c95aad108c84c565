"""Checkpoints of lifting models: written after training, read as a model that predicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from pipeline.config import LiftingVariant
from pipeline.geometry.camera import normalize_screen
from pipeline.geometry.coarsening import MeshGraphs
from pipeline.geometry.skeleton import HUMAN36M_17, Skeleton
from pipeline.lifting.data import MILLIMETRES, joint_choice, skeleton_of
from pipeline.lifting.models import build_model
from pipeline.lifting.outputs import Output, main_prediction
from pipeline.lifting.task import predict
from pipeline.training import checkpoint
from pipeline.training.checkpoint import CheckpointError

FORMAT = "lifting 1"


@dataclass(frozen=True)
class LiftingPredictor:
    """A trained model and what it needs to predict."""

    variant_name: str
    variant: LiftingVariant
    epoch: int
    skeleton: Skeleton
    model: nn.Module
    graphs: MeshGraphs | None = None  # if the network gives meshes

    def output(self, keypoints_2d: Tensor, width: float = 1000.0, height: float = 1000.0) -> Output:
        """The network's own output in metres: poses [N, J, 3], a mixture of them or samples."""
        joints = keypoints_2d.shape[-2]
        if joints == HUMAN36M_17.joint_count and self.skeleton != HUMAN36M_17:
            keypoints_2d = keypoints_2d[:, joint_choice(self.skeleton)]
        elif joints != self.skeleton.joint_count:
            raise ValueError(
                f"keypoints_2d: expected {self.skeleton.joint_count} joints ({', '.join(self.skeleton.names)}) "
                f"or Human3.6M's 17, found {joints}"
            )
        return predict(self.model, normalize_screen(keypoints_2d.float(), width, height))

    def predict(self, keypoints_2d: Tensor, width: float = 1000.0, height: float = 1000.0) -> Tensor:
        """Poses [N, J, 3] in mm, relative to the pelvis, in the camera's frame, for pixels [N, J, 2].

        `width` and `height` are the image's, in pixels. A mixture or samples give their mean. J is the skeleton's joint
        count, or 17.
        """
        return main_prediction(self.output(keypoints_2d, width, height)) * MILLIMETRES


def save_model(
    path: Path,
    name: str,
    variant: LiftingVariant,
    seed: int,
    epoch: int,
    state: Mapping[str, Tensor],
    graphs: MeshGraphs | None = None,
) -> None:
    """Write a model's weights with its variant and its mesh graphs: the file alone is enough to predict."""
    content: dict[str, Any] = {
        "format": FORMAT,
        "variant": name,
        "settings": variant.model_dump(mode="json"),
        "seed": seed,
        "epoch": epoch,
        "model": {key: value.detach().cpu().clone() for key, value in state.items()},
    }
    if graphs:
        arrays = graphs.to_arrays()
        for scale in ("coarse", "fine"):  # the averages of vertices make targets; a network does not need them
            arrays[f"{scale}_average"] = arrays[f"{scale}_average"][:, :0]
        content["graphs"] = {key: torch.from_numpy(value.copy()) for key, value in arrays.items()}
    checkpoint.save(path, content)


def load_model(path: Path | str, device: str = "cpu") -> LiftingPredictor:
    """Read a checkpoint of `train_lifting`. Raises CheckpointError, in one line, on any other file."""
    path = Path(path)
    content = checkpoint.load(path, device)
    if content.get("format") != FORMAT:
        raise CheckpointError(f"{path}: not a checkpoint of train_lifting (no `format: {FORMAT}` in it)")
    # The plan of a training leaves out its variant's paper and title, because they change no number.
    variant = LiftingVariant.model_validate({"paper": "sanity", "title": content["variant"], **content["settings"]})
    graphs = content.get("graphs")
    if graphs is not None:
        graphs = MeshGraphs.from_arrays({key: value.cpu().numpy() for key, value in graphs.items()})
    model = build_model(variant, skeleton_of(variant), graphs).to(device)
    try:
        model.load_state_dict(content["model"])
    except RuntimeError as error:
        what = " ".join(str(error).split()[:24])
        raise CheckpointError(f"{path}: its weights do not fit the variant it names ({what} ...)") from None
    model.eval()
    return LiftingPredictor(content["variant"], variant, content["epoch"], skeleton_of(variant), model, graphs)


def seeded_model(variant: LiftingVariant, seed: int, graphs: MeshGraphs | None = None) -> nn.Module:
    """An untrained model whose weights depend on the seed. Afterwards torch's generator is ready for training."""
    torch.manual_seed(seed)
    return build_model(variant, skeleton_of(variant), graphs)
