"""Which definitions of pipeline/ are called while a variant's model is built, learns and predicts.

Run as a program in a repository's root. It prints {"lifting": {variant: [[file, definition], ...]}, "detection": ...}
as JSON. Each variant runs in a process of its own. Of the variants of all presets whose settings choose the same
definitions, one is taken.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import mesh_files
import torch
from torch import Tensor

from pipeline import config
from pipeline.config import modules
from pipeline.config.modules import chosen_by
from pipeline.detection import checkpoints as detection_checkpoints
from pipeline.detection import decode, losses, targets
from pipeline.detection.peaks import NetworkHeads
from pipeline.lifting import checkpoints, task
from pipeline.lifting.losses import loss_terms
from pipeline.lifting.mesh_targets import MeshBatch
from pipeline.lifting.outputs import SampleDrawing

SMALL = {"channels": 8, "blocks": 1, "latent": 2, "samples": 5}
NETWORKS = config.SmallNetworks(widths=(32, 32), modules=1, map_width=4, center_width=4, dla_widths=(4, 4, 6, 8, 8, 10))
SIDE = 64  # px of an image


def called_by(use: Callable[[], None], root: Path) -> list[tuple[str, str]]:
    """The top-level definitions of pipeline/ that `use` calls into."""
    found: set[tuple[str, str]] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            found.add((frame.f_code.co_filename, frame.f_code.co_qualname.partition(".")[0]))

    sys.setprofile(note)
    use()
    sys.setprofile(None)
    ours = {(Path(file), name) for file, name in found if name.isidentifier()}  # no <lambda> or <module>
    return sorted((path.relative_to(root).as_posix(), name) for path, name in ours if root / "pipeline" in path.parents)


def use_lifting(variant: config.LiftingVariant) -> None:
    """Build the model, compute its loss in training and as it is watched, and let it predict."""
    variant = variant.model_copy(update={"model": variant.model.model_copy(update=SMALL)})
    graphs = mesh_files.graphs() if variant.targets == "meshes" else None
    model = checkpoints.seeded_model(variant, 0, graphs)
    if start := modules.start(variant):
        modules.load(start)(model, torch.randn(8, variant.joints, 3), 0)
    inputs, truth = torch.randn(4, variant.joints, 2), torch.randn(4, variant.joints, 3)
    meshes = None
    if graphs is not None:
        nodes = [torch.from_numpy(graph.real).nonzero()[:, 0] for graph in (graphs.coarse, graphs.fine)]
        vertices = [torch.randn(4, len(some), 3) for some in nodes]
        meshes = MeshBatch(*vertices, torch.ones(4, dtype=torch.bool), *nodes)
    if isinstance(model, SampleDrawing):
        model.loss(inputs, truth)
    else:
        loss_terms(variant, model(inputs), truth, meshes, done=0.5)
    loss_terms(variant, task.predict(model, inputs), truth, meshes)


def use_detection(variant: config.DetectionVariant) -> None:
    model = detection_checkpoints.seeded_model(variant, 1, NETWORKS, 0.0, seed=0)
    features = model.features(torch.randn(2, 3, SIDE, SIDE))
    truth = targets.make_targets(_annotations(), variant.task, 1, 2, SIDE // 4)
    losses.loss_terms(variant, model, features, truth, done=0.5)
    losses.loss_terms(variant, model, features, truth)
    decode.decode(NetworkHeads(model, features), variant)


def _annotations() -> targets.Annotations:
    """One person in each of two images."""
    nobody: Tensor = torch.zeros(2, dtype=torch.int64)
    boxes = torch.tensor([[8.0, 8.0, 40.0, 56.0], [16.0, 4.0, 44.0, 60.0]])
    return targets.Annotations(
        torch.arange(2), nobody, boxes, torch.full((2, 17, 2), 30.0), torch.ones(2, 17, dtype=torch.bool)
    )


def in_a_process(use: Callable[[], None], root: Path) -> list[list[str]]:
    """What `use` calls, in a process that imports nothing into this one."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        with os.fdopen(writing, "w") as answer:
            json.dump(called_by(use, root), answer)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        text = answer.read()
    assert os.waitpid(child, 0)[1] == 0, "a variant's process failed; its message is above"
    return json.loads(text)


def one_of_each(variants: Mapping[str, Any]) -> dict[str, Any]:
    """Of variants whose settings choose the same definitions, the first."""
    found = {chosen_by(variant): name for name, variant in reversed(variants.items())}
    return {name: variants[name] for name in found.values()}


def run_of_all(root: Path) -> config.Run:
    """The demo, had it the variants of params.yaml and those of every preset's own.

    Without those that read images, which choose nothing: tests/test_end_to_end.py looks at what they call.
    """
    demo, runs = config.load("demo", root), [config.load(name, root) for name in config.presets(root)]
    lift = {name: variant for run in runs for name, variant in run.lifting_variants.items() if not variant.pixels}
    detection = {name: variant for run in runs for name, variant in run.detection_variants.items()}
    params = demo.params.model_copy(update={"lifting_variants": lift, "detection_variants": detection})
    return demo.model_copy(update={"params": params})


def main() -> None:
    torch.set_num_threads(1)  # a process with threads does not fork well
    root = Path.cwd()
    run = run_of_all(root)
    lift = one_of_each({name: run.variant(name) for name in run.lifting_variants})
    detection = one_of_each({name: run.detection_variant(name) for name in run.detection_variants})
    called = {
        "lifting": {name: in_a_process(partial(use_lifting, variant), root) for name, variant in lift.items()},
        "detection": {name: in_a_process(partial(use_detection, variant), root) for name, variant in detection.items()},
    }
    print(json.dumps(called))


if __name__ == "__main__":
    main()
