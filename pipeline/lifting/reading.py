"""Reading a lifting variant's data, and timing its trained network."""

from __future__ import annotations

import statistics
import time

import torch

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.config import LiftingVariant, Run
from pipeline.geometry.coarsening import GraphError, MeshGraphs
from pipeline.geometry.poses import PoseSet, read_poses
from pipeline.lifting.data import LiftingData, semgcn_protocol_2, skeleton_of
from pipeline.lifting.mesh_targets import MeshTargets
from pipeline.lifting.results import GROUND_TRUTH
from pipeline.lifting.task import LiftingTask, predict

TIMED_BATCH = 64  # the batch of SemGCN's trainings
TIMED_SECONDS = 0.5


def read_data(run: Run, variant: LiftingVariant, device: str) -> dict[str, LiftingData]:
    """The variant's splits `train` and `test`: its 2D input and its targets. Raises InputError."""
    poses = {split: read_poses(run.layout.motion_split(split, variant.input)) for split in ("train", "test")}
    skeleton = skeleton_of(variant)
    if variant.protocol == "semgcn_2":
        poses = dict(zip(poses, semgcn_protocol_2(*poses.values()), strict=True))
    for split, found in poses.items():
        if not len(found):
            path = run.layout.motion_split(split, variant.input)
            raise InputError(
                f"{path}: no poses for protocol {variant.protocol}; "
                f"let motion: in params/{run.preset_name}.yaml have more"
            )
    if variant.targets == "joints":
        return {split: LiftingData.from_pose_set(found, device, skeleton) for split, found in poses.items()}
    graphs = read_graphs(run)
    return {
        split: LiftingData.from_pose_set(found, device, skeleton, _read_meshes(run, split, found, graphs, device))
        for split, found in poses.items()
    }


def read_graphs(run: Run) -> MeshGraphs:
    """The coarse graphs of the preset's body. Raises InputError."""
    path = run.layout.mesh_graphs
    try:
        return MeshGraphs.from_arrays(artifacts.read_arrays(path))
    except GraphError as error:
        raise InputError(f"{path}: {error}; delete it and run fit_body again") from None


def _read_meshes(run: Run, split: str, poses: PoseSet, graphs: MeshGraphs, device: str) -> MeshTargets:
    path = run.layout.mesh_split(split)
    arrays = artifacts.map_arrays(path)
    try:
        return MeshTargets.from_arrays(arrays, graphs, torch.tensor(poses.camera).long(), poses.cameras, device)
    except (KeyError, ValueError) as error:
        raise InputError(f"{path}: {error}; delete it and run fit_body again") from None


def read_generalization(run: Run, variant: LiftingVariant, device: str) -> LiftingData | None:
    """Another data set's poses; None if the preset asks for none, and where there are no 2D joints of this kind.

    Of some data sets (OTHER_SETS) a variant reads the true 2D joints, of others its own kind: true ones, or true ones
    spoilt by the noise that it was trained with. A detector's file has no detections of another data set.
    """
    name, other = run.preset.generalization, run.preset.other
    if name is None or other is None:
        return None
    path = run.layout.motion_split("test", name)
    if other.spoilt and variant.input != GROUND_TRUTH:
        path = run.layout.motion_split(variant.input, name)
        if not path.exists():
            return None
    return LiftingData.from_pose_set(read_poses(path), device, skeleton_of(variant))


def inference_speed(task: LiftingTask) -> float | None:
    """Poses per second of the trained model: the median over batches of 64. None if there are fewer poses than that."""
    if len(task.test) < TIMED_BATCH:
        return None
    inputs = task.test.inputs_of(slice(0, TIMED_BATCH))
    seconds: list[float] = []
    end = time.monotonic() + TIMED_SECONDS
    while time.monotonic() < end or len(seconds) < 3:
        start = time.perf_counter()
        predict(task.model, inputs, samples=1)
        if task.device != "cpu":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    return round(TIMED_BATCH / statistics.median(seconds), 1)
