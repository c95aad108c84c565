"""A trained network for arrays of any shape: what `pipeline.load_model` gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from pipeline.geometry.camera import normalize_screen
from pipeline.geometry.skeleton import HUMAN36M_17
from pipeline.lifting import uncertainty
from pipeline.lifting.checkpoints import LiftingPredictor
from pipeline.lifting.data import MILLIMETRES, joint_choice
from pipeline.lifting.outputs import Output, main_prediction, select
from pipeline.lifting.task import predict
from pipeline.lifting.uncertainty import Poses

SAMPLES = 10  # per pose, of a model that draws samples
SEED = 0  # of these samples


@dataclass(frozen=True)
class Lifter(LiftingPredictor):
    """A trained network. Each method takes 2D joints [..., J, 2] in pixels, J being 17 or the network's own number.

    They are tensors, numpy arrays or lists, with any leading dimensions, also none, or of length 0. `width` and
    `height` are the images' in pixels: numbers, or arrays that broadcast with the leading dimensions. Raises ValueError
    for other shapes, for numbers that are not finite, and for sizes that are not positive.
    """

    def output(self, keypoints_2d: ArrayLike, width: ArrayLike = 1000.0, height: ArrayLike = 1000.0) -> Output:
        """The network's own output in metres, with the leading dimensions as one: poses [N, J, 3], a mixture of them,
        or samples."""
        return self._output(self._inputs(keypoints_2d, width, height), None)

    def predict(self, keypoints_2d: ArrayLike, width: ArrayLike = 1000.0, height: ArrayLike = 1000.0) -> Tensor:
        """Poses [..., J, 3] in mm, relative to the pelvis, in the camera's frame; of a mixture or samples the mean."""
        inputs = self._inputs(keypoints_2d, width, height)
        poses = main_prediction(self._output(inputs, None)) * MILLIMETRES
        return poses.reshape(*inputs.shape[:-2], *poses.shape[1:])

    def lift(self, keypoints_2d: ArrayLike, width: ArrayLike = 1000.0, height: ArrayLike = 1000.0) -> Poses:
        """All hypotheses with their weights, their mean and its spread, as numpy arrays with the leading dimensions.

        A model that draws samples draws SAMPLES of each pose.
        """
        inputs = self._inputs(keypoints_2d, width, height)
        found = uncertainty.describe(self._output(inputs, SAMPLES))
        parts = (found.hypotheses, found.weights, found.mean, found.spread_mm)
        return Poses(*(part.reshape(*inputs.shape[:-2], *part.shape[1:]) for part in parts))

    def _output(self, inputs: Tensor, samples: int | None) -> Output:
        """Samples are the same ones for the same array."""
        flat = inputs.reshape(-1, *inputs.shape[-2:])
        count = len(flat)
        with torch.random.fork_rng([]):
            torch.manual_seed(SEED)
            # A network needs a pose. Of no poses, none of its answer is kept.
            output = predict(self.model, flat if count else flat.new_zeros(1, *flat.shape[1:]), samples)
        return output if count else select(output, slice(0, 0))

    def _inputs(self, keypoints_2d: ArrayLike, width: ArrayLike, height: ArrayLike) -> Tensor:
        """What the network reads, [..., J, 2] with its own joints, where its weights are. Raises ValueError."""
        device = next((values.device for values in self.model.state_dict().values()), None)
        joints = _numbers("keypoints_2d", keypoints_2d, device)
        self._check(joints)
        sizes = [_size(name, value, joints) for name, value in (("width", width), ("height", height))]
        if joints.shape[-2] != self.skeleton.joint_count:
            joints = joints[..., joint_choice(self.skeleton), :]
        return normalize_screen(joints, *sizes).float()

    def _check(self, joints: Tensor) -> None:
        shape, names = tuple(joints.shape), self.skeleton.names
        if len(shape) < 2 or shape[-1] != 2:
            scored = "; it has a third number for each joint: if that is a score, drop it with keypoints_2d[..., :2]"
            more = scored if len(shape) > 1 and shape[-1] == 3 else ""
            raise ValueError(f"keypoints_2d: expected [..., joints, 2] in pixels, found {list(shape)}{more}")
        if shape[-2] not in (len(names), HUMAN36M_17.joint_count):
            raise ValueError(
                f"keypoints_2d: expected {len(names)} joints ({', '.join(names)}) or Human3.6M's 17, found {shape[-2]}"
            )
        broken = (~joints.isfinite()).flatten(-2).any(dim=-1)
        if broken.any():
            where = torch.nonzero(broken)[0].tolist()
            raise ValueError(f"keypoints_2d: a number in pose {where} is not finite; guess the joint or leave it out")


def _numbers(name: str, values: ArrayLike, device: torch.device | None) -> Tensor:
    """As float64, so that pixels of a large image keep their fractions."""
    try:
        found = values if isinstance(values, Tensor) else torch.from_numpy(np.asarray(values, dtype=np.float64))
    except (TypeError, ValueError):
        raise ValueError(f"{name}: expected numbers, found {type(values).__name__}") from None
    return found.detach().to(device, torch.float64)


def _size(name: str, value: ArrayLike, joints: Tensor) -> Tensor:
    """The width or height of each pose's image, [..., 1], for joints [..., J, 2]."""
    found = _numbers(name, value, joints.device)
    if not (found > 0).all() or not found.isfinite().all():
        raise ValueError(f"{name}: expected pixels above 0, found {found.tolist()}")
    leading = joints.shape[:-2]
    try:
        return found.broadcast_to(leading)[..., None]
    except RuntimeError:
        raise ValueError(f"{name}: {list(found.shape)} does not go with keypoints_2d {list(joints.shape)}") from None
