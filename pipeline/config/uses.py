"""Which settings a job uses: its plan holds them, and the job runs again when one of them changes.

Each function gives a part of params.yaml and of the preset, with every default filled in. A stage cannot read a setting
that is missing here (see partial.py), so every setting that can change a number is in the plan.
"""

from __future__ import annotations

from typing import Any

from pipeline.config import DetectionVariant, Run
from pipeline.config.lifting import NETWORKS
from pipeline.data.images.settings import CocoImages, FilmedCrops
from pipeline.settings import Settings

Content = dict[str, Any]

OF_SINGLE_VALUES = ("components", "regressors", "per_category")  # of a detection head without a mixture
WEIGHTS_OF_BOXES = ("center", "offset", "size")  # of the detection loss; poses have all
OF_HOURGLASSES = ("stacks", "widths", "modules", "map_width", "center_width")
OF_DLA = ("dla_widths", "map_width", "center_width")
OF_PIXELS = ("convolution", "channels", "blocks")  # of the graph network that reads images


def dump(settings: Settings, *fields: str) -> Content:
    """Some fields of settings (all, if none is named) as plain values."""
    return settings.model_dump(mode="json", include=set(fields) or None)


def download(run: Run) -> Content:
    motion, images = run.preset.motion, run.preset.images
    preset: Content = {"motion": dump(motion, "source", *(motion.downloads or ())), "images": None, "body": None}
    if isinstance(images, CocoImages):
        preset["images"] = dump(images, "source", "files", "limit", "test_dev")
    if run.preset.body == "smpl":
        preset["body"] = "smpl"
    other = run.preset.other
    preset["generalization"] = run.preset.generalization if other and other.catalogue else None
    preset["crops"] = dump(run.preset.crops, "source") if isinstance(run.preset.crops, FilmedCrops) else None
    preset["pixels"] = dump(run.preset.pixels, "imagenet")
    return {"preset": preset}


def prepare_motion(run: Run) -> Content:
    return {"preset": dump(run.preset, "motion")}


def build_body(run: Run) -> Content:
    return {"preset": dump(run.preset, "body")}


def fit_body(run: Run) -> Content:
    return {"preset": dump(run.preset, "body", "device")}


def prepare_crops(run: Run) -> Content:
    return {"preset": dump(run.preset, "crops")}


def prepare_keypoints(run: Run, detector: str) -> Content:
    return {"preset": {"keypoints": {detector: dump(run.preset)["keypoints"][detector]}}}


def prepare_generalization(run: Run) -> Content:
    """Noise models of detectors too, where they spoil the 2D joints as those of variants that are trained on them."""
    preset = dump(run.preset, "generalization")
    if run.preset.other and run.preset.other.spoilt:
        detectors = run.preset.keypoints.items()
        preset["keypoints"] = {name: dump(settings) for name, settings in detectors if settings.source == "noise"}
    return {"preset": preset}


def prepare_images(run: Run, task: str) -> Content:
    images = run.preset.images
    assert images is not None
    if isinstance(images, CocoImages):
        fields = ("source", "limit", "test_dev", *(("unlabelled_people",) if task == "pose" else ()))
    else:
        fields = ("source", "seed", task)
    return {"preset": {"images": dump(images, *fields), "body": run.preset.body}}


def train_lifting(run: Run, name: str) -> Content:
    variant = run.variant(name)
    settings = _without(dump(variant), "paper", "title", "core", "pixels")
    settings["model"] = dump(variant.model, *NETWORKS[variant.model.name].settings)
    if variant.head.name == "point":
        settings["head"] = dump(variant.head, "name")
        settings = _without(settings, "likelihood")
    if variant.model.non_local == "none":
        settings["model"].pop("non_local_start", None)
    if variant.model.name != "hierarchical_graph_network":
        if variant.model.convolution in ("vanilla", "attention"):  # their edges have no weights to learn
            settings["model"].pop("edge_weights", None)
        settings = _without(settings, "mesh_weight", *(["loss"] if variant.head.name == "mixture" else []))
    if variant.closed_form:
        settings = _without(settings, "optimizer", "schedule", "epochs", "flip")
        settings["flip"] = {"testing": False, "training": False}
    preset = dump(run.preset, "device", "threads")
    decided: Content = {"closed_form": variant.closed_form, "learns_meshes": variant.learns_meshes}
    if not (variant.closed_form or variant.imported):
        own = run.preset.epochs_of.get(name, run.preset.lifting.of(variant.schedule_kind))
        preset |= {"lifting": {"epochs": own} | dump(run.preset.lifting, "validate_every"), "epochs_of": {}}
        decided["epochs"] = run.epochs(name)
    return {"params": {"lifting_variants": {name: settings}}, "preset": preset, "decided": decided}


def evaluate_lifting(run: Run, name: str) -> Content:
    """What the evaluation uses besides the network's own settings, which are in its checkpoint."""
    variant = run.variant(name)
    fields = ("input", "joints", "targets", "protocol", "imported", "epochs")
    settings = dump(variant, *fields) | {"optimizer": dump(variant.optimizer, "batch_size")}
    preset = dump(run.preset, "description", "device", "threads", "generalization") | _seeds(run, name)
    preset["motion"] = dump(run.preset.motion, "source", "frames_per_second")
    seeds = list(run.seeds_of(name))
    return {"params": {"lifting_variants": {name: settings}, "seeds": seeds}, "preset": preset}


def train_pixels(run: Run, name: str) -> Content:
    """Of the variant whose weights it begins with, only where they are: they are data."""
    variant = run.variant(name)
    assert variant.pixels is not None
    settings = dump(variant, "input", "epochs", "pixels", "optimizer", "schedule")
    settings["model"] = dump(variant.model, *OF_PIXELS)
    variants = {name: settings}
    if variant.pixels.after:
        variants[variant.pixels.after] = {"input": variant.input}
    granted = dump(run.preset.pixels)
    granted["epochs"] = {variant.pixels.stage: run.epochs(name)}
    preset = dump(run.preset, "device", "threads") | {"pixels": granted, "epochs_of": {}}
    return {"params": {"lifting_variants": variants}, "preset": preset, "decided": {"epochs": run.epochs(name)}}


def evaluate_pixels(run: Run, name: str) -> Content:
    """What the evaluation uses besides the network's own settings, which are in its checkpoint."""
    variant = run.variant(name)
    settings = dump(variant, "input", "imported", "epochs", "pixels") | {
        "optimizer": dump(variant.optimizer, "batch_size")
    }
    preset = dump(run.preset, "description", "device", "threads") | _seeds(run, name)
    preset["motion"] = dump(run.preset.motion, "source", "frames_per_second")
    return {"params": {"lifting_variants": {name: settings}, "seeds": list(run.seeds_of(name))}, "preset": preset}


def train_detection(run: Run, name: str) -> Content:
    variant = run.detection_variant(name)
    detection = run.preset.detection
    recipe = None if variant.imported else detection.recipe
    settings = _without(dump(variant), "paper", "title", "core")
    if not variant.mixture:
        settings["head"] = dump(variant.head, *OF_SINGLE_VALUES)
    if variant.task == "boxes":
        settings["loss"] = dump(variant.loss, *WEIGHTS_OF_BOXES)
    if recipe:
        settings = _without(settings, "optimizer", "drop_at")
    granted = dump(detection, "epochs", "input_size", "augment", "validate_every")
    for key in ("epochs", "input_size"):  # by task
        granted[key] = granted[key] and {task: value for task, value in granted[key].items() if task == variant.task}
    if name in run.preset.epochs_of:
        granted["epochs"] = {variant.task: run.preset.epochs_of[name]}
    granted["recipe"] = recipe and dump(recipe)
    for key in ("sigma_start", "start") if recipe else ():
        found = granted["recipe"][key]
        granted["recipe"][key] = {task: value for task, value in found.items() if task == variant.task}
    networks = None if variant.imported else detection.networks
    of_networks = OF_DLA if variant.architecture == "dla_34" else OF_HOURGLASSES
    granted["networks"] = networks and dump(networks, *of_networks)
    decided = {"epochs": run.epochs(name), "input_size": run.input_size(name), **_of_head(variant)}
    preset = dump(run.preset, "device", "threads") | {"detection": granted, "epochs_of": {}}
    return {"params": {"detection_variants": {name: settings}}, "preset": preset, "decided": decided}


def evaluate_detection(run: Run, name: str) -> Content:
    """What its training uses, and what only the evaluation uses."""
    variant, content = run.detection_variant(name), train_detection(run, name)
    content["params"]["seeds"] = list(run.seeds_of(name))
    scales = list(run.preset.detection.test_scales) if variant.task == "boxes" else []
    content["preset"] |= _seeds(run, name)
    content["preset"]["detection"] |= dump(run.preset.detection, "training_images") | {"test_scales": scales}
    return content


def report(run: Run) -> Content:
    """Of tables, claims and pages: everything that is run, and why the rest is not."""
    variants = (*run.lifting_variants, *run.detection_variants)
    reasons = {name: run.why_left_out(name) for name in variants}
    params = run.params.model_dump(mode="json", exclude={"mirror", "preset"})
    preset = _without(dump(run.preset), "lifting_variants", "detection_variants")  # they are among the params
    return {"params": params, "preset": preset, "decided": {"left_out": reasons}}


def _seeds(run: Run, name: str) -> Content:
    """The number of seeds of this variant, whether it comes from `seeds` or from `seeds_of`."""
    return {"seeds": len(run.seeds_of(name)), "seeds_of": {}}


def _of_head(variant: DetectionVariant) -> Content:
    return {"mixture": variant.mixture, "total_components": variant.head.total_components}


def _without(content: Content, *keys: str) -> Content:
    return {key: value for key, value in content.items() if key not in keys}
