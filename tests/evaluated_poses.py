"""Poses before two cameras, and what a model that gives a certain output scores on them."""

from __future__ import annotations

import numpy as np
import torch

from pipeline.geometry.camera import Camera
from pipeline.geometry.poses import PoseSet
from pipeline.lifting import errors
from pipeline.lifting.data import LiftingData
from pipeline.lifting.examples import examples as find_examples
from pipeline.lifting.outputs import PoseMixture, select
from pipeline.lifting.results import Seed

ACTIONS, SUBJECTS = ["Walking", "Sitting", "Never filmed", "Eating"], ["S9", "S11"]
AVERAGES = {"action_average", "frame_average", "per_action", "per_joint", "per_subject"}
BODY = 15 / 16  # share of the joints that is not the root, which is always right


def camera(center: float) -> Camera:
    return Camera(
        width=1000,
        height=1002,
        focal_length=(1145.0, 1143.0),
        center=(center, 515.0),
        radial_distortion=(-0.2, 0.24, -0.002),
        tangential_distortion=(-0.001, -0.0015),
        orientation=(1.0, 0.0, 0.0, 0.0),
        translation=(0.0, 0.0, 0.0),
        id=str(center),
    )


def make_data() -> LiftingData:
    """60 poses before two cameras: 40 of Walking, 15 of Sitting, 5 of Eating; the first 45 by S9, the others by S11."""
    numbers, cameras = np.random.default_rng(0), [camera(500.0), camera(520.0)]
    joints = 250 * numbers.standard_normal((60, 17, 3)) + [0, 0, 5000] + 300 * numbers.standard_normal((60, 1, 3))
    index = np.arange(60) % 2
    keypoints_2d = [cameras[c].to_image(torch.from_numpy(p)).numpy() for c, p in zip(index, joints, strict=True)]
    pose_set = PoseSet(
        keypoints_2d=np.array(keypoints_2d, dtype=np.float32),
        joints_3d=joints.astype(np.float32),
        camera=index.astype(np.int16),
        subject=np.repeat([0, 1], [45, 15]).astype(np.int16),
        action=np.repeat([0, 1, 3], [40, 15, 5]).astype(np.int16),
        take=np.zeros(60, dtype=np.int16),
        frame=np.arange(60, dtype=np.int32),
        cameras=cameras,
        subjects=SUBJECTS,
        actions=ACTIONS,
        takes=["take"],
    )
    return LiftingData.from_pose_set(pose_set.check())


def mixture_about(data: LiftingData, kernels: int = 4, level: str = "pose", spread: float = 0.05) -> PoseMixture:
    """Mixtures whose kernels are the truth with noise."""
    generator = torch.Generator().manual_seed(1)
    nodes = (16,) if level == "node" else ()
    noise = torch.randn(len(data), kernels, 16, 3, generator=generator)
    return PoseMixture(
        means=data.targets[:, None] + spread * noise,
        scales=torch.full((len(data), kernels, 16 if level == "node" else 1, 1), spread),
        logits=torch.randn(len(data), *nodes, kernels, generator=generator),
        level=level,
    )


def evaluate(output, data: LiftingData, **options) -> dict:
    """What the metrics file says of a model that gives this output."""
    found = errors.evaluate(lambda rows: select(output, rows), data, **options)
    return Seed(seed=0, **found.measured).model_dump(exclude_unset=True, exclude={"seed"})


def examples(output, data: LiftingData, count: int = 3) -> dict:
    def predict(rows):
        return select(output, rows)

    return find_examples(predict, data, errors.evaluate(predict, data), count)


def wrong_by(data: LiftingData, millimetres: torch.Tensor) -> torch.Tensor:
    """Poses with every joint but the root off by so much, [N]."""
    return data.targets + torch.tensor([0.0, 0.6, 0.8]) * millimetres.float()[:, None, None] / 1000


def flat(value, path: str = "") -> dict[str, float]:
    """A nested entry as path: number, for comparison with a tolerance."""
    if isinstance(value, dict):
        return {k: v for name, inner in value.items() for k, v in flat(inner, f"{path}/{name}").items()}
    if isinstance(value, list):
        return {k: v for place, inner in enumerate(value) for k, v in flat(inner, f"{path}/{place}").items()}
    return {path: value} if isinstance(value, int | float) else {}
