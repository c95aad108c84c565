"""Which files of pipeline/ are open once a variant's model is built, has learned and has predicted.

Run as a program in a repository's root: it prints {"before": [file, ...],
"lifting": {variant: [file, ...]}, "detection": ...}
as JSON. `before` were open before any model was built; each variant goes on from there in a process of its own. Of the
variants in params.yaml whose settings choose the same modules one is taken.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import mesh_files
import torch
from torch import Tensor

from pipeline import config
from pipeline.config.modules import modules_of
from pipeline.detection import checkpoints as detection_checkpoints
from pipeline.detection import decode, losses, targets
from pipeline.detection import task as detection_task
from pipeline.detection.peaks import NetworkHeads
from pipeline.lifting import checkpoints, task
from pipeline.lifting.data import skeleton_of
from pipeline.lifting.losses import loss_terms
from pipeline.lifting.mesh_targets import MeshBatch
from pipeline.lifting.outputs import SampleDrawing

SMALL = {"channels": 8, "blocks": 1, "latent": 2, "samples": 5}
NETWORKS = config.SmallNetworks(widths=(32, 32), modules=1, map_width=4, center_width=4, dla_widths=(4, 4, 6, 8, 8, 10))
SIDE = 64  # px of a picture
USED = (task, checkpoints, detection_task, detection_checkpoints)  # what is open before


def open_files(root: Path) -> list[str]:
    files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    package = root / "pipeline"
    return sorted({Path(file).relative_to(root).as_posix() for file in files if file and package in Path(file).parents})


def use_lifting(variant: config.LiftingVariant) -> None:
    """Build the model, compute its loss in training and as it is watched, and let it predict."""
    variant = variant.model_copy(update={"model": variant.model.model_copy(update=SMALL)})
    graphs = mesh_files.graphs() if variant.targets == "meshes" else None
    model = checkpoints.seeded_model(variant, 0, graphs)
    skeleton = skeleton_of(variant)
    inputs, truth = torch.randn(4, variant.joints, 2), torch.randn(4, variant.joints, 3)
    meshes = None
    if graphs is not None:
        nodes = [torch.from_numpy(graph.real).nonzero()[:, 0] for graph in (graphs.coarse, graphs.fine)]
        vertices = [torch.randn(4, len(some), 3) for some in nodes]
        meshes = MeshBatch(*vertices, torch.ones(4, dtype=torch.bool), *nodes)
    if isinstance(model, SampleDrawing):
        model.loss(inputs, truth)
    else:
        loss_terms(variant, skeleton, model(inputs), truth, meshes)
    loss_terms(variant, skeleton, task.predict(model, inputs), truth, meshes)


def use_detection(variant: config.DetectionVariant) -> None:
    model = detection_checkpoints.seeded_model(variant, 1, NETWORKS, 0.0, seed=0)
    features = model.features(torch.randn(2, 3, SIDE, SIDE))
    losses.loss_terms(variant, model, features, targets.make_targets(_annotations(), variant.task, 1, 2, SIDE // 4))
    decode.decode(NetworkHeads(model, features), variant)


def _annotations() -> targets.Annotations:
    """One person in each of two images."""
    nobody: Tensor = torch.zeros(2, dtype=torch.int64)
    boxes = torch.tensor([[8.0, 8.0, 40.0, 56.0], [16.0, 4.0, 44.0, 60.0]])
    return targets.Annotations(
        torch.arange(2), nobody, boxes, torch.full((2, 17, 2), 30.0), torch.ones(2, 17, dtype=torch.bool)
    )


def in_a_process(use: Callable[[], None], root: Path) -> list[str]:
    """The files that are open after `use`, which this process does not open by it."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        use()
        with os.fdopen(writing, "w") as answer:
            json.dump(open_files(root), answer)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        text = answer.read()
    assert os.waitpid(child, 0)[1] == 0, "a variant's process failed; its message is above"
    return json.loads(text)


def one_of_each(variants: Mapping[str, Any]) -> dict[str, Any]:
    """Of variants whose settings choose the same modules the first."""
    found = {modules_of(variant): name for name, variant in reversed(variants.items())}
    return {name: variants[name] for name in found.values()}


def main() -> None:
    torch.set_num_threads(1)  # a process with threads does not fork well
    root = Path.cwd()
    run = config.load("demo", root)
    lift = one_of_each({name: run.variant(name) for name in run.lifting_variants})
    detection = one_of_each({name: run.detection_variant(name) for name in run.detection_variants})
    opened = {
        "before": open_files(root),
        "lifting": {name: in_a_process(partial(use_lifting, variant), root) for name, variant in lift.items()},
        "detection": {name: in_a_process(partial(use_detection, variant), root) for name, variant in detection.items()},
    }
    print(json.dumps(opened))


if __name__ == "__main__":
    main()
