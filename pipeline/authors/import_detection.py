"""`import_checkpoint` for CenterNet and Mixture Dense Regression, which also finds the variant that weights fit."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from pipeline.artifacts import InputError
from pipeline.authors import centernet_names, foreign_weights
from pipeline.authors.names import export_weights
from pipeline.config import DetectionVariant, Run
from pipeline.detection.checkpoints import save_model
from pipeline.detection.models import build_model
from pipeline.training.checkpoint import CheckpointError

# COCO's 80 categories of objects, in the order of their numbers (which run to 90, with gaps).
OBJECTS = """
person, bicycle, car, motorcycle, airplane, bus, train, truck, boat, traffic light, fire hydrant, stop sign,
parking meter, bench, bird, cat, dog, horse, sheep, cow, elephant, bear, zebra, giraffe, backpack, umbrella, handbag,
tie, suitcase, frisbee, skis, snowboard, sports ball, kite, baseball bat, baseball glove, skateboard, surfboard,
tennis racket, bottle, wine glass, cup, fork, knife, spoon, bowl, banana, apple, sandwich, orange, broccoli, carrot,
hot dog, pizza, donut, cake, chair, couch, potted plant, bed, dining table, toilet, tv, laptop, mouse, remote, keyboard,
cell phone, microwave, oven, toaster, sink, refrigerator, book, clock, vase, scissors, teddy bear, hair drier,
toothbrush
"""
CATEGORIES = {"pose": ("person",), "boxes": tuple(name.strip() for name in OBJECTS.split(","))}


def run(root: Path, settings: Run, paper: str, file: Path, variant: str | None) -> int:
    """Import `file` for `variant`, or the one whose network it fits. Raises InputError; the exit code is 0."""
    if variant:
        check_network(paper, variant, settings.detection_variant(variant))
    weights, epoch = foreign_weights.read(file)
    weights = centernet_names.without_classifier(weights)
    name = variant or fitting_variant(weights, paper, settings.detection_variants, file)
    chosen = settings.detection_variant(name)
    categories = CATEGORIES[chosen.task]
    model = build_model(chosen, len(categories))
    try:
        foreign_weights.fill(model, weights, paper, name)
    except CheckpointError as error:
        raise InputError(f"{file}: {error}") from None
    stated = chosen.model_copy(update={"weights": None})  # or a second import would have another digest
    trained = chosen.epochs if epoch is None else epoch
    save = partial(
        save_model,
        name=name,
        variant=stated,
        categories=categories,
        seed=0,
        epoch=trained,
        state=model.state_dict(),
    )
    digest = foreign_weights.write(root, save)
    foreign_weights.report(root, file, len(weights), epoch, f"detection_variants.{name}", digest, chosen.imported)
    return 0


def check_network(paper: str, name: str, variant: DetectionVariant) -> None:
    """Refuse a mixture under CenterNet's name. Raises InputError."""
    if paper == "centernet" and variant.mixture:
        raise InputError(f"variant {name}: CenterNet has no mixture; take --paper mixture_dense, or another variant")


def fitting_variant(
    weights: Mapping[str, Tensor], paper: str, variants: Mapping[str, DetectionVariant], file: Path
) -> str:
    """The variant whose network has these names and shapes; of several, the one that is marked as imported.

    Raises InputError with the first difference from the most similar network, or with the names to choose from.
    """
    fitting, likest, most = [], None, -1
    found = {(name, value.shape) for name, value in weights.items()}
    expected: dict[str, dict[str, Tensor]] = {}  # by network, because many variants differ only in their losses
    for name, variant in variants.items():
        if paper == "centernet" and variant.mixture:
            continue
        network = f"{variant.task} {variant.architecture} {variant.head!r}"
        if network not in expected:
            with torch.device("meta"):  # shapes without numbers
                model = build_model(variant, len(CATEGORIES[variant.task]))
            expected[network] = export_weights(model.state_dict(), paper)
        difference = foreign_weights.first_difference(weights, expected[network], name)
        if difference is None:
            fitting.append(name)
        same = sum((key, value.shape) in found for key, value in expected[network].items())
        if same > most:
            likest, most = difference, same
    marked = [name for name in fitting if variants[name].imported]
    if not fitting:
        raise InputError(
            f"{file}: it fits no variant under detection_variants in params.yaml; of the most similar, {likest}"
        )
    if len(marked or fitting) > 1:
        raise InputError(f"{file}: it fits {', '.join(marked or fitting)}; name one with --variant")
    return (marked or fitting)[0]
