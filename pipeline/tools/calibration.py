"""Short measurements of the networks that a preset trains: seconds of a training step here, and memory.

Inputs are random numbers of the true shape, so no data are needed. HGN's graphs, where the preset has none yet, are
replaced by rings of the same sizes. A training step is forward pass, loss, gradient and Adam, on as many poses as a
batch has. Images would take minutes per step on a CPU: there it is one image of at most `SIDE_ON_A_CPU`, and the time
and the memory of the passes are taken to be proportional to the pixels.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from pipeline.config import DetectionVariant, LiftingVariant, Run
from pipeline.config.pixels import PixelsSettings
from pipeline.detection.checkpoints import seeded_model as centernet
from pipeline.detection.data import settings as detection_settings
from pipeline.geometry.coarsening import CoarseGraph, MeshGraphs
from pipeline.lifting import reading
from pipeline.lifting.checkpoints import seeded_model
from pipeline.lifting.data import skeleton_of
from pipeline.lifting.losses import loss_terms
from pipeline.lifting.mesh_targets import MeshBatch
from pipeline.lifting.outputs import SampleDrawing
from pipeline.pixels.checkpoints import seeded_model as on_images
from pipeline.pixels.losses import joint_and_bone_loss
from pipeline.pixels.models import Crops

STEPS = 3  # that are timed, after one that is not
IMAGES_AT_ONCE = {"cpu": 1, "cuda": 8}
SIDE_ON_A_CPU = 256  # px
CATEGORIES = {"pose": 1, "boxes": 80}  # COCO's
REAL_NODES = {48: 45, 96: 83}  # of the authors' graphs


class Calibration(NamedTuple):
    """What a network's training costs."""

    seconds: tuple[float, ...]  # of one training step with a whole batch, as often as it was timed
    memory: int  # bytes of weights, gradients, Adam's state and what the backward pass keeps of a batch
    weights: int  # bytes


def network_of(run: Run, name: str) -> str:
    """What decides how long a step takes: variants with the same text are measured once."""
    variant = run.any_variant(name)
    if isinstance(variant, DetectionVariant):
        settings = detection_settings(run, name)
        return repr((variant.architecture, variant.task, settings.input_size, settings.batch_size))
    if variant.pixels:
        trained = variant.pixels.model_copy(update={"after": None})
        return repr((variant.model, trained, variant.optimizer.batch_size, run.preset.pixels.network, _side(run)))
    parts = (variant.model, variant.head, variant.optimizer.batch_size, variant.loss, variant.likelihood)
    return repr((variant.joints, variant.targets, *parts))


def measure(run: Run, name: str, device: str) -> Calibration:
    """Time some training steps of a variant's network."""
    variant = run.any_variant(name)
    if isinstance(variant, DetectionVariant):
        model, loss, scale = _images(run, name, device)
    elif variant.pixels:
        model, loss, scale = _crops(run, variant, variant.pixels, device)
    else:
        model, loss = _poses(run, variant, device)
        scale = 1.0
    passes, updates, kept = _time(model, loss, device)
    seconds = tuple(scale * one + update for one, update in zip(passes, updates, strict=True))
    weights = sum(parameter.nbytes for parameter in model.parameters())
    return Calibration(seconds, 4 * weights + round(scale * kept), weights)


def _time(model: nn.Module, loss: Callable[[], Tensor], device: str) -> tuple[list[float], list[float], int]:
    """Seconds of each step's two passes and of its update, and the bytes that the passes of one step keep."""
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-6, fused=True)
    passes, updates, kept = [], [], 0
    for number in range(STEPS + 1):
        optimizer.zero_grad(set_to_none=True)
        start = _now(device)
        if number:
            loss().backward()
        else:
            kept = _backward(model, loss)
        between = _now(device)
        optimizer.step()
        passes.append(between - start)
        updates.append(_now(device) - between)
    return passes[1:], updates[1:], kept


def _now(device: str) -> float:
    """Seconds until the device has done what it was given. On a CPU they do not count while other programs run."""
    if device == "cpu":
        return time.process_time() / torch.get_num_threads()
    torch.cuda.synchronize()
    return time.perf_counter()


def _backward(model: nn.Module, loss: Callable[[], Tensor]) -> int:
    """Both passes; the bytes that the first keeps for the second, without the weights."""
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        value = loss()
    for parameter in model.parameters():
        kept.pop(parameter.untyped_storage().data_ptr(), None)
    value.backward()
    return sum(kept.values())


def _poses(run: Run, variant: LiftingVariant, device: str) -> tuple[nn.Module, Callable[[], Tensor]]:
    """A lifting network and its loss on a batch of random poses."""
    graphs, size = None, variant.optimizer.batch_size
    if variant.targets == "meshes":
        graphs = reading.read_graphs(run) if run.layout.mesh_graphs.exists() else stand_in_graphs()
    model = seeded_model(variant, 0, graphs).to(device).train()
    joints = skeleton_of(variant).joint_count
    inputs, targets = (0.3 * torch.randn(size, joints, axes, device=device) for axes in (2, 3))
    meshes = _meshes(graphs, size, device) if graphs else None

    def loss() -> Tensor:
        if isinstance(model, SampleDrawing):
            terms = model.loss(inputs, targets)
        else:
            terms = loss_terms(variant, model(inputs), targets, meshes, 0.7)
        return torch.stack(list(terms.values())).sum()

    return model, loss


def _meshes(graphs: MeshGraphs, size: int, device: str) -> MeshBatch:
    nodes = [torch.from_numpy(graph.real).nonzero()[:, 0].to(device) for graph in (graphs.coarse, graphs.fine)]
    coarse, fine = (0.3 * torch.randn(size, len(real), 3, device=device) for real in nodes)
    return MeshBatch(coarse, fine, torch.ones(size, dtype=torch.bool, device=device), nodes[0], nodes[1])


def stand_in_graphs() -> MeshGraphs:
    """Rings in which a node has five neighbours, with as many nodes as the graphs that HGN's authors have."""
    coarse, fine = (_ring(size, real) for size, real in REAL_NODES.items())
    return MeshGraphs(coarse, fine, np.arange(96, dtype=np.int32), np.array([96, 48], dtype=np.int32))


def _ring(size: int, real: int) -> CoarseGraph:
    adjacency = np.zeros((size, size), dtype=np.float32)
    nodes = np.arange(real)
    for step in (-2, -1, 0, 1, 2):
        adjacency[nodes, (nodes + step) % real] = 0.2
    present = np.arange(size) < real
    joint = np.where(present, np.arange(size) % 17, -1).astype(np.int8)
    return CoarseGraph(adjacency, present, np.eye(real, 100, dtype=np.float32), joint)


def _side(run: Run) -> int:
    """Px of a crop."""
    assert run.preset.crops is not None  # or the variant is not planned
    return run.preset.crops.size


def _crops(
    run: Run, variant: LiftingVariant, settings: PixelsSettings, device: str
) -> tuple[nn.Module, Callable[[], Tensor], float]:
    """A network on images, the loss of its stage of training on random ones, and how much more a whole batch is."""
    network, side, size = run.preset.pixels.network, _side(run), variant.optimizer.batch_size
    if network is None:
        size = min(size, 8 * IMAGES_AT_ONCE[device.partition(":")[0]])
    model = on_images(variant, network, 0).to(device).train()
    model.fix_detector(settings.stage == "graph")
    images, joints = torch.rand(size, 3, side, side, device=device), 0.3 * torch.randn(size, 16, 3, device=device)
    crops = Crops(torch.full((size,), 2 / side, device=device), torch.zeros(size, 2, device=device))

    def loss() -> Tensor:
        if settings.joints_2d == "ground_truth":
            return model.lift(side * joints[..., :2], (), crops).square().sum()
        if settings.stage == "detector":
            return model.detector(images).keypoints_2d.square().sum()
        found = model(images, crops)
        of_pose = joint_and_bone_loss(found.joints_3d, joints, model.skeleton)
        return of_pose if settings.stage == "graph" else of_pose + found.keypoints_2d.square().sum()

    return model, loss, variant.optimizer.batch_size / size


def _images(run: Run, name: str, device: str) -> tuple[nn.Module, Callable[[], Tensor], float]:
    """A CenterNet, the mean square of its heatmaps on random images, and how much more a whole batch is.

    The other heads are read at cells in training, which costs little.
    """
    variant, networks = run.detection_variant(name), run.preset.detection.networks
    settings = detection_settings(run, name)
    model = centernet(variant, CATEGORIES[variant.task], None if variant.imported else networks, 10.0, 0)
    model = model.to(device).train()
    size = min(settings.batch_size, IMAGES_AT_ONCE[device.partition(":")[0]])
    side = min(settings.input_size, SIDE_ON_A_CPU) if device == "cpu" else settings.input_size
    images = torch.rand(size, 3, side, side, device=device)

    def loss() -> Tensor:
        features = model.features(images)
        maps = [map_ for stack in range(model.stacks) for map_ in model.maps(features, stack).values()]
        return torch.stack([map_.square().mean() for map_ in maps]).sum()

    return model, loss, settings.batch_size / size * (settings.input_size / side) ** 2
