"""What the numbers of the image side come from, in a caption: preset, pictures, networks, recipe, epochs and date."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.config import Run
from pipeline.report.caption import span
from pipeline.report.detection_schema import Data, DetectionMetrics

PAPERS_DATA = "coco"
SOURCES = {PAPERS_DATA: "COCO 2017", "synthetic": "pictures made in code"}
OBJECTS = {"pose": "people", "boxes": "objects"}
FULL_TRAINING = {"pose": 60_000, "boxes": 110_000}  # images that a training on all of COCO has at least
FEW = 200  # validation images below which a gap of some AP may be chance


def text(run: Run, variants: Iterable[DetectionMetrics]) -> str:
    """Some sentences about the variants that ran; of several values of one thing, the smallest and the largest."""
    told = _told(variants) or "Nothing of this was run."
    return f"Preset `{run.preset_name}`: {run.preset.description}. {told}"


def beside(variants: Iterable[DetectionMetrics]) -> str:
    """The same of all detection variants, to stand below what is said of the others; nothing if none was run."""
    told = _told(variants)
    return f"On pictures. {told}" if told else ""


def _told(variants: Iterable[DetectionMetrics]) -> str:
    ran = [metrics for metrics in variants if metrics.ran]
    sentences = [*_pictures(ran), _networks(ran), *_training(ran), *_warnings(ran)] if ran else []
    return "".join(f"{sentence}. " for sentence in sentences).strip()


def given(variants: Iterable[DetectionMetrics]) -> str:
    """What a table's networks are tested on, in a line; nothing if none was run."""
    parts = [f"{_validation(found)} ({_size(found)})" for _, found in _by_task(variants)]
    return f"Tested on {' and '.join(parts)}." if parts else ""


def _by_task(variants: Iterable[DetectionMetrics]) -> list[tuple[str, list[Data]]]:
    found = [metrics.data for metrics in variants if metrics.ran and metrics.data]
    tasks = {task: [data for data in found if data.task == task] for task in OBJECTS}
    return [(task, data) for task, data in tasks.items() if data]


def _pictures(ran: list[DetectionMetrics]) -> list[str]:
    """A sentence a task: where its pictures are from, how many there are, and how large the network sees them."""
    sentences = []
    for task, found in _by_task(ran):
        train = span([data.train_images for data in found], "{:,}")
        objects = span([data.train_objects for data in found], "{:,}")
        words = f"{train} training images with {objects} {OBJECTS[task]}, {_validation(found)}, {_size(found)}"
        sources = " and ".join(dict.fromkeys(SOURCES.get(data.source, data.source) for data in found))
        sentences.append(f"{_capital(sources)}: {words}")
    return sentences


def _validation(found: list[Data]) -> str:
    images = span([data.val_images for data in found], "{:,}")
    objects = span([data.val_objects for data in found], "{:,}")
    return f"{images} validation images with {objects} {OBJECTS[found[0].task]}"


def _size(found: list[Data]) -> str:
    return f"{span([data.input_size for data in found], '{}')} px"


def _networks(ran: list[DetectionMetrics]) -> str:
    small = [metrics.data.small_networks for metrics in ran if metrics.data]
    if not any(small):
        return "Networks as the papers have them"
    return "Small networks of the papers' build" if all(small) else "Some networks small, some as the papers have them"


def _training(ran: list[DetectionMetrics]) -> list[str]:
    trained = [metrics.training for metrics in ran if metrics.training]
    if not trained:
        return ["Weights of the papers' authors, not trained here"]
    epochs = span([record.epochs for record in trained], "{:g}")
    stated = span([record.epochs_stated for record in trained], "{:g}")
    steps = span([record.steps for record in trained], "{:,}")
    recipe = ", with this preset's own recipe" if any(record.own_recipe for record in trained) else ""
    date = span([record.date for record in trained], "{}")
    return [f"Trained on {date} for {epochs} epochs ({stated} stated), {steps} steps{recipe}"]


def _warnings(ran: list[DetectionMetrics]) -> list[str]:
    """What a reader must not conclude from a run that is smaller than the papers'."""
    found = [metrics.data for metrics in ran if metrics.data]
    trained = [metrics.training for metrics in ran if metrics.training]
    own = all(data.source == PAPERS_DATA for data in found)
    some = own and any(data.train_images < FULL_TRAINING[data.task] for data in found)
    less = [
        *([] if own else ["not the papers' pictures"]),
        *(["a part of the papers' pictures"] if some else []),
        *(["smaller networks"] if any(data.small_networks for data in found) else []),
        *(["fewer epochs than stated"] if any(record.epochs < record.epochs_stated for record in trained) else []),
    ]
    chance = [
        *(["one seed alone"] if any(len(metrics.seeds) == 1 for metrics in ran) else []),
        *([f"fewer than {FEW} validation images"] if any(data.val_images < FEW for data in found) else []),
    ]
    return [
        *(
            [f"{_capital(', '.join(less))}: compare the order of the rows with the paper's, not their AP"]
            if less
            else []
        ),
        *([f"With {' or '.join(chance)} a gap of some AP may be chance"] if chance else []),
    ]


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
