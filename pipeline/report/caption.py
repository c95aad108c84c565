"""What a table's numbers come from, in a caption: preset, data, networks, training, and what not to conclude."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pipeline.config import Run
from pipeline.detection.results import Data as Images
from pipeline.lifting.results import Data as Poses
from pipeline.report import inputs
from pipeline.report.metrics import DetectionMetrics, Metrics

# --- lifting ----------------------------------------------------------------------------------------------------------

PAPERS_POSES = "human36m"


def text(run: Run, variants: Iterable[Metrics]) -> str:
    """Some sentences about the variants that ran; of several values of one thing, the smallest and the largest."""
    ran = [metrics for metrics in variants if metrics.ran]
    start = f"Preset `{run.preset_name}`: {run.preset.description}"
    if not ran:
        return f"{start}. Nothing of this was run."
    found = [metrics.data for metrics in ran if metrics.data]
    detections = inputs.origins(one.input for one in found)
    return ". ".join([f"{start}; {_poses(found)}", *detections, _lifting_training(ran), *_lifting_warning(ran)]) + "."


def _poses(found: list[Poses]) -> str:
    rates = [one.frames_per_second for one in found if one.frames_per_second]
    rate = f" at {span(rates, '{:g}')} frames a second" if rates else ""
    train = span([one.train_poses for one in found], "{:,}")
    test = span([one.test_poses for one in found], "{:,}")
    return f"{train} training and {test} test poses{rate}, {inputs.named(one.input.name for one in found)}"


def _lifting_training(ran: list[Metrics]) -> str:
    trained = [metrics.training for metrics in ran if metrics.training and metrics.trained_here]
    if trained:
        epochs = span([record.epochs for record in trained], "{:g}")
        steps = span([record.steps for record in trained], "{:,}")
        return f"Trained on {_dates(trained)} for {epochs} epochs, {steps} steps"
    fitted = [metrics.training for metrics in ran if metrics.training and metrics.closed_form]
    if fitted:
        return f"Fitted on {_dates(fitted)}, without training"
    return "Weights of the papers' authors, not trained here"


def _lifting_warning(ran: list[Metrics]) -> list[str]:
    """What a reader must not conclude from a run that is smaller than the papers'."""
    own_data = all(metrics.data.source == PAPERS_POSES for metrics in ran if metrics.data)
    detected = all(metrics.data.input.source != inputs.NOISE for metrics in ran if metrics.data)
    budget = all(metrics.full_budget for metrics in ran if metrics.trained_here)
    return _compare_the_order(
        "millimetres",
        *([] if own_data else ["not the papers' data"]),
        *([] if detected else ["noise in place of a detector"]),
        *([] if budget else ["fewer epochs than stated"]),
    )


# --- detection --------------------------------------------------------------------------------------------------------

PAPERS_IMAGES = "coco"
SOURCES = {PAPERS_IMAGES: "COCO 2017", "synthetic": "images made in code"}
OBJECTS = {"pose": "people", "boxes": "objects"}
FULL_TRAINING = {"pose": 60_000, "boxes": 110_000}  # images that a training on all of COCO has at least
FEW = 200  # validation images below which a gap of some AP may be chance


def on_images(run: Run, variants: Iterable[DetectionMetrics]) -> str:
    """The same of detection variants."""
    words = _about_images(variants) or "Nothing of this was run."
    return f"Preset `{run.preset_name}`: {run.preset.description}. {words}"


def beside(variants: Iterable[DetectionMetrics]) -> str:
    """The same of all detection variants, to be put below what is said of the others; nothing if none was run."""
    words = _about_images(variants)
    return f"On images. {words}" if words else ""


def given(variants: Iterable[DetectionMetrics]) -> str:
    """What a table's networks are tested on, in a line; nothing if none was run."""
    parts = [f"{_validation(found)} ({_size(found)})" for _, found in _by_task(variants)]
    return f"Tested on {' and '.join(parts)}." if parts else ""


def _about_images(variants: Iterable[DetectionMetrics]) -> str:
    ran = [metrics for metrics in variants if metrics.ran]
    sentences = [*_images(ran), _networks(ran), *_detection_training(ran), *_detection_warnings(ran)] if ran else []
    return "".join(f"{sentence}. " for sentence in sentences).strip()


def _by_task(variants: Iterable[DetectionMetrics]) -> list[tuple[str, list[Images]]]:
    found = [metrics.data for metrics in variants if metrics.data]
    tasks = {task: [data for data in found if data.task == task] for task in OBJECTS}
    return [(task, data) for task, data in tasks.items() if data]


def _images(ran: list[DetectionMetrics]) -> list[str]:
    """A sentence per task: where its images are from, how many there are, and how large the network sees them."""
    sentences = []
    for task, found in _by_task(ran):
        train = span([data.train_images for data in found], "{:,}")
        objects = span([data.train_objects for data in found], "{:,}")
        words = f"{train} training images with {objects} {OBJECTS[task]}, {_validation(found)}, {_size(found)}"
        sources = " and ".join(dict.fromkeys(SOURCES.get(data.source, data.source) for data in found))
        sentences.append(f"{_capital(sources)}: {words}")
    return sentences


def _validation(found: list[Images]) -> str:
    images = span([data.val_images for data in found], "{:,}")
    objects = span([data.val_objects for data in found], "{:,}")
    return f"{images} validation images with {objects} {OBJECTS[found[0].task]}"


def _size(found: list[Images]) -> str:
    return f"{span([data.input_size for data in found], '{}')} px"


def _networks(ran: list[DetectionMetrics]) -> str:
    small = [metrics.data.small_networks for metrics in ran if metrics.data]
    if not any(small):
        return "Networks as the papers have them"
    return "Small networks of the papers' build" if all(small) else "Some networks small, some as the papers have them"


def _detection_training(ran: list[DetectionMetrics]) -> list[str]:
    trained = [metrics.training for metrics in ran if metrics.training]
    if not trained:
        return ["Weights of the papers' authors, not trained here"]
    epochs = span([record.epochs for record in trained], "{:g}")
    stated = span([record.epochs_stated for record in trained], "{:g}")
    steps = span([record.steps for record in trained], "{:,}")
    recipe = ", with this preset's own recipe" if any(record.own_recipe for record in trained) else ""
    return [f"Trained on {_dates(trained)} for {epochs} epochs ({stated} stated), {steps} steps{recipe}"]


def _detection_warnings(ran: list[DetectionMetrics]) -> list[str]:
    """What a reader must not conclude from a run that is smaller than the papers'."""
    found = [metrics.data for metrics in ran if metrics.data]
    trained = [metrics.training for metrics in ran if metrics.training]
    own = all(data.source == PAPERS_IMAGES for data in found)
    some = own and any(data.train_images < FULL_TRAINING[data.task] for data in found)
    chance = [
        *(["one seed alone"] if any(len(metrics.seeds) == 1 for metrics in ran) else []),
        *([f"fewer than {FEW} validation images"] if any(data.val_images < FEW for data in found) else []),
    ]
    return [
        *_compare_the_order(
            "AP",
            *([] if own else ["not the papers' images"]),
            *(["a part of the papers' images"] if some else []),
            *(["smaller networks"] if any(data.small_networks for data in found) else []),
            *(["fewer epochs than stated"] if any(record.epochs < record.epochs_stated for record in trained) else []),
        ),
        *([f"With {' or '.join(chance)} a gap of some AP may be chance"] if chance else []),
    ]


# --- both -------------------------------------------------------------------------------------------------------------


def _compare_the_order(unit: str, *less: str) -> list[str]:
    words = f"{_capital(', '.join(less))}: compare the order of the rows with the paper's, not their {unit}"
    return [words] if less else []


def _dates(records: Iterable[Any]) -> str:
    return span([record.date for record in records], "{}")


def span(values: list[Any], form: str) -> str:
    """`2 to 30`, or the one value there is; nothing of nothing. Dates as text have the order of dates."""
    if not values:
        return ""
    low, high = form.format(min(values)), form.format(max(values))
    return low if low == high else f"{low} to {high}"


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
