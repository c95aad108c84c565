"""Every kind of lifting network, loss and remedy has a step that can be recorded, and that then gives the same bits."""

from __future__ import annotations

import math
from typing import Any

import mesh_files
import pytest
import torch
from evaluated_poses import make_data
from recorded_operations import Tapes
from torch import Tensor

from pipeline.config import LiftingVariant
from pipeline.geometry.skeleton import HUMAN36M_17
from pipeline.lifting.checkpoints import seeded_model
from pipeline.lifting.data import LiftingData
from pipeline.lifting.mesh_targets import MeshTargets
from pipeline.lifting.task import LiftingTask
from pipeline.training.captured import Captured
from pipeline.training.update import Update

SMALL = {"channels": 8, "blocks": 1, "dropout": 0.1}
MIXTURE = {"name": "mixture", "kernels": 3}
NODES = MIXTURE | {"level": "node", "sigma": "per_joint"}
HGN = {"targets": "meshes", "joints": 17, "mesh_weight": 0.05, "loss": "joints_and_meshes"}
HGN_MODEL = {"name": "hierarchical_graph_network", "channels": 8, "convolution": "semantic", "non_local": "ungrouped"}
CASES: dict[str, dict[str, Any]] = {
    "vanilla, mirrored": {"flip": {"training": True, "testing": True}, "model": SMALL | {"convolution": "vanilla"}},
    "channel-wise": {"model": SMALL | {"convolution": "semantic_channelwise"}},
    "attention": {"model": SMALL | {"convolution": "attention"}},
    "max-norm": {"model": SMALL | {"non_local": "ungrouped"}, "optimizer": {"max_weight_norm": 0.5}},
    "grammar": {"model": SMALL | {"refinement": "pose_grammar"}},
    "fully connected": {"model": {"name": "fully_connected", "channels": 16, "dropout": 0.5, "omit_root": True}},
    "auto-encoder": {"model": {"name": "variational_autoencoder", "channels": 48, "latent": 4, "dropout": 0.2}},
    "stacked": {"model": {"name": "graph_stacked_hourglass", "channels": 8, "blocks": 2}},
    "frozen biases": {"model": SMALL | {"bias_before_norm": "frozen"}},
    "mixture": {"head": MIXTURE, "flip": {"training": True}},
    "dense": {"head": MIXTURE | {"pooling": "dense"}},
    "nodes": {"head": NODES},
    "annealed": {"head": NODES, "likelihood": {"kind": "annealed"}},
    "winners": {"head": MIXTURE, "likelihood": {"kind": "evolving_winners"}},
    "prior": {"head": MIXTURE | {"start": "clusters"}, "likelihood": {"kind": "dirichlet_prior"}},
    "meshes": HGN | {"model": HGN_MODEL, "flip": {"training": True}},
    "meshes, authors": HGN
    | {"mesh_weight": 0.0, "loss": "joints_and_meshes_authors", "model": HGN_MODEL | {"fusion": "sequential"}},
    "meshes, mixture": HGN | {"loss": "joints", "head": MIXTURE, "model": HGN_MODEL | {"fusion": "fixed"}},
}


def variant_of(settings: dict[str, Any]) -> LiftingVariant:
    return LiftingVariant.model_validate({"paper": "sanity", "title": "small", "model": SMALL} | settings)


def data_of(variant: LiftingVariant) -> LiftingData:
    data = make_data()
    if variant.targets != "meshes":
        return data
    cameras = data.pose_set.cameras
    arrays = mesh_files.mesh_arrays(len(data))
    meshes = MeshTargets.from_arrays(arrays, mesh_files.graphs(), data.camera, cameras)
    return LiftingData.from_pose_set(data.pose_set, skeleton=HUMAN36M_17, meshes=meshes)


def run(variant: LiftingVariant, recorded: bool) -> tuple[dict[str, Tensor], Tensor, list[str], int]:
    """Twenty steps, every fourth of a smaller batch: weights, values, what was said, how often it was recorded."""
    data, steps, said = data_of(variant), 20, []  # type: ignore[var-annotated]
    graphs = mesh_files.graphs() if variant.targets == "meshes" else None
    task = LiftingTask(variant, seeded_model(variant, 0, graphs), data, data)
    bounds = variant.optimizer.max_gradient_norm, variant.optimizer.max_weight_norm
    update = Update(task, 1e-3, (0.9, 0.999), *bounds, recorded=True)
    tapes, order, values = Tapes(update), torch.Generator().manual_seed(1), []
    step = Captured(update, tapes, said.append) if recorded else update
    task.model.train()
    for number in range(steps):
        indices = torch.randperm(len(data), generator=order)[: 11 if number % 4 == 3 else 16]
        update.set_rate(2e-3 * math.cos(number / steps))
        values.append(step(indices, (number + 0.5) / steps))
    return task.model.state_dict(), torch.stack(values), said, tapes.recorded


@pytest.mark.parametrize("name", CASES)
def test_a_recorded_training_has_the_bits_of_a_plain_one(name: str) -> None:
    variant = variant_of(CASES[name])
    weights, values, _, _ = run(variant, recorded=False)
    others, found, said, recorded = run(variant, recorded=True)
    assert not said and recorded >= 1
    assert torch.equal(values, found)
    assert all(torch.equal(weights[part], others[part]) for part in weights)
