"""params.yaml and params/<preset>.yaml, read once, validated, frozen, and passed down as arguments.

params.yaml says what is run (variants, seeds); a preset says how big it is (data, epochs, threads), and that of a study
adds variants of its own. Every mistake in them is reported in one line: the file, the key, what was expected and, where
there is one, the nearest known word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import Field

from pipeline.artifacts import InputError
from pipeline.config import likeness
from pipeline.config.detection import USUAL_INPUT_SIZE, DetectionHead, DetectionVariant
from pipeline.config.lifting import Detector, HeadSettings, LiftingVariant, ModelSettings
from pipeline.config.pixels import IMAGES, ORDER
from pipeline.config.presets import DetectionRecipe, Preset, SmallNetworks
from pipeline.config.reading import nearest, read_mapping, read_yaml, validate
from pipeline.layout import Layout
from pipeline.settings import Name, Numbers, Settings

__all__ = [
    "DetectionHead",
    "DetectionRecipe",
    "DetectionVariant",
    "Detector",
    "HeadSettings",
    "LiftingVariant",
    "ModelSettings",
    "Params",
    "Preset",
    "Run",
    "SmallNetworks",
    "load",
    "nearest",
    "presets",
    "read_yaml",
]

# Words that YAML or DVC's `-S preset=...` read as something else.
NO_TEXT = ("true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf")
# Folders in data/ and results/ that do not belong to a preset.
RESERVED = ("raw", "licensed", "imported", "published", "reference", "studies")


class Params(Settings):
    """The content of params.yaml; in a Run with the variants of the preset's own, after the others."""

    preset: str
    mirror: str | None = None
    seeds: Numbers
    lifting_variants: dict[Name, LiftingVariant] = Field(min_length=1)
    detection_variants: dict[Name, DetectionVariant] = Field(default_factory=dict)


class Run(Settings):
    """One preset with params.yaml: what every stage is given."""

    preset_name: str
    root: Path = Path()
    params: Params
    preset: Preset
    awaited: frozenset[str] = frozenset()  # of a run that is shown before its end: the variants that are to come

    @property
    def layout(self) -> Layout:
        return self.layout_in(self.root)

    def layout_in(self, root: Path) -> Layout:
        """The paths of the preset's artifacts below another root."""
        on_images = frozenset(name for name, variant in self.lifting_variants.items() if variant.input == IMAGES)
        return Layout(self.preset_name, root, frozenset(self.detection_variants), on_images)

    @property
    def reference(self) -> Path:
        """The folder of the committed run of this preset, whether there is one or not."""
        reference = self.root / "results" / "reference"
        return (reference / "studies" if self.preset.study else reference) / self.preset_name

    @property
    def lifting_variants(self) -> dict[str, LiftingVariant]:
        return self.params.lifting_variants

    @property
    def detection_variants(self) -> dict[str, DetectionVariant]:
        return self.params.detection_variants

    def variant(self, name: str) -> LiftingVariant:
        """The lifting variant of that name; an unknown one is an InputError with the nearest name."""
        return _look_up(self.lifting_variants, name, "lifting_variants")

    def detection_variant(self, name: str) -> DetectionVariant:
        """The detection variant of that name, likewise."""
        return _look_up(self.detection_variants, name, "detection_variants")

    def any_variant(self, name: str) -> LiftingVariant | DetectionVariant:
        """The variant of that name, of either kind."""
        return self.detection_variant(name) if name in self.detection_variants else self.variant(name)

    def seeds_of(self, name: str) -> tuple[int, ...]:
        """The seeds that a variant is trained with. Imported weights have one."""
        count = 1 if self.any_variant(name).imported else self.preset.seeds_of.get(name, self.preset.seeds)
        return self.params.seeds[:count]

    def why_not_run(self, name: str) -> str | None:
        """Why the preset leaves a variant out, whatever data it has; None if it asks for it."""
        if name in self.awaited:
            return "not yet: the run is not finished"
        variant = self.any_variant(name)
        chosen = self.preset.detection.variants if isinstance(variant, DetectionVariant) else self.preset.variants
        if variant.imported:
            return None if variant.weights else "no imported weights: `python -m pipeline import_checkpoint --help`"
        if chosen == "all" or (chosen == "core" and variant.core) or name in chosen:
            return None
        trained = "the core variants only" if chosen == "core" else "only those that it lists"
        return f"preset {self.preset_name} trains {trained}"

    def why_left_out(self, name: str) -> str | None:
        """Why a variant is not run: the preset leaves it out or lacks its input. None if it is run."""
        variant = self.any_variant(name)
        if isinstance(variant, DetectionVariant):
            return self.why_not_run(name) or self.why_no_images()
        return (
            self.why_not_run(name)
            or self.why_no_input(variant.input)
            or self.why_no_targets(variant.targets)
            or self.why_no_start(variant)
        )

    def why_no_start(self, variant: LiftingVariant) -> str | None:
        """Why there are no weights to begin a training with; None if there are, or if it begins with random ones."""
        after = variant.pixels.after if variant.pixels else None
        return (
            f"it begins with the weights of {after}, which is not run" if after and self.why_left_out(after) else None
        )

    def why_no_input(self, source: str) -> str | None:
        """Why the preset has no 2D joints of this source, or no images; None if it has."""
        if source == IMAGES:
            return None if self.preset.crops else f"preset {self.preset_name} has no images of its poses"
        if source == "ground_truth" or source in self.preset.keypoints:
            return None
        return f"preset {self.preset_name} has no {source.replace('_', ' ')} detections"

    def why_no_targets(self, targets: str) -> str | None:
        """Why the preset has no such targets; None if it has. Only meshes need a body."""
        return f"preset {self.preset_name} has no body" if targets == "meshes" and not self.preset.body else None

    def why_no_images(self) -> str | None:
        """Why the preset has no images; None if it has."""
        return None if self.preset.images else f"preset {self.preset_name} has no images"

    def epochs(self, name: str) -> int:
        """Epochs that the preset grants a variant: its own, or those of its kind, or as many as the variant states."""
        variant, preset = self.any_variant(name), self.preset
        if isinstance(variant, DetectionVariant):
            of_kind = (preset.detection.epochs or {}).get(variant.task)
        elif variant.input == IMAGES:
            assert variant.pixels is not None
            of_kind = (preset.pixels.epochs or {}).get(variant.pixels.stage)
        else:
            of_kind = preset.lifting.of(variant.schedule_kind)
        return preset.epochs_of.get(name, of_kind) or variant.epochs

    def input_size(self, name: str) -> int:
        """Width and height in pixels of a detection network's input; imported weights keep their own.

        What the preset grants is for the variants that state the usual 512 px; a larger one is larger in proportion.
        """
        variant = self.detection_variant(name)
        granted = None if variant.imported else (self.preset.detection.input_size or {}).get(variant.task)
        return variant.input_size if granted is None else granted * variant.input_size // USUAL_INPUT_SIZE


Variant = TypeVar("Variant", LiftingVariant, DetectionVariant)


def _look_up(variants: Mapping[str, Variant], name: str, key: str) -> Variant:
    if name not in variants:
        raise InputError(f"params.yaml: {key} has no {name!r}{nearest(name, variants)}")
    return variants[name]


def _with_own(params: Params, preset: Preset) -> Params:
    """The variants that exist in every preset, and after them those that exist in this one alone."""
    return params.model_copy(
        update={
            "lifting_variants": params.lifting_variants | preset.lifting_variants,
            "detection_variants": params.detection_variants | preset.detection_variants,
        }
    )


def _check_starts(run: Run, path: Path) -> None:
    """Refuse a network on images that begins with weights of no earlier stage, or of seeds that are not trained."""
    for name, variant in run.lifting_variants.items():
        after = variant.pixels.after if variant.pixels else None
        if variant.pixels is None or after is None:
            continue
        where = path if name in run.preset.lifting_variants else run.root / "params.yaml"
        key = f"{where}: lifting_variants.{name}.pixels.after"
        other = run.lifting_variants.get(after)
        if other is None or other.pixels is None:
            known = [name for name, variant in run.lifting_variants.items() if variant.pixels]
            raise InputError(f"{key}: no network on images {after!r}{nearest(after, known)}")
        if ORDER.index(other.pixels.stage) >= ORDER.index(variant.pixels.stage):
            raise InputError(f"{key}: {after} has stage {other.pixels.stage}; name a variant of an earlier one")
        graph = (other.model, other.pixels.pooling)
        if other.pixels.stage == "graph" and graph != (variant.model, variant.pixels.pooling):
            raise InputError(f"{key}: {after} has another graph network; state the same model and pixels.pooling")
        if not run.why_left_out(name) and len(run.seeds_of(after)) < len(run.seeds_of(name)):
            raise InputError(f"{path}: seeds_of: {name} has more seeds than {after}, with whose weights it begins")


def mirror(root: Path) -> str | None:
    """The mirror that params.yaml names. It is in no plan, because it does not change what is in the files."""
    return read_yaml(root / "params.yaml").get("mirror")


def presets(root: Path = Path()) -> list[str]:
    return sorted(path.stem for path in (root / "params").glob("*.yaml"))


def load(preset: str | None = None, root: Path = Path()) -> Run:
    """Read params.yaml and a preset (its own, unless another is named). Raises InputError with one line."""
    stated = likeness.applied(read_mapping(root / "params.yaml"), root / "params.yaml")
    params = validate(Params, root / "params.yaml", stated)
    name = params.preset if preset is None else preset
    path = root / "params" / f"{name}.yaml"
    if name not in presets(root):
        source = "--preset" if preset is not None else "params.yaml: preset"
        raise InputError(f"{source}: no preset {name!r} in params/{nearest(name, presets(root))}")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or name in (*RESERVED, *NO_TEXT):
        reason = "small letters, digits and _ only"
        if name in RESERVED:
            reason = "this folder is the pipeline's own"
        elif name in NO_TEXT:
            reason = "in YAML the word is no text"
        raise InputError(f"{path}: a preset cannot have the name {name!r} ({reason}); give the file another name")
    settings = validate(Preset, path, likeness.applied_to_own(read_mapping(path), path, stated))
    params = _with_own(params, settings)
    run = Run(preset_name=name, root=root, params=params, preset=settings)
    asked = max(run.preset.seeds, *run.preset.seeds_of.values(), 0)
    if asked > len(params.seeds):
        raise InputError(f"{path}: seeds: asks for {asked}, params.yaml lists {len(params.seeds)}; add some there")
    both = sorted(params.lifting_variants.keys() & params.detection_variants.keys())
    if both:
        file = path if both[0] in {*settings.lifting_variants, *settings.detection_variants} else root / "params.yaml"
        raise InputError(f"{file}: detection_variants.{both[0]}: a lifting variant has this name; change one")
    _check_starts(run, path)
    for key, names, known in (
        ("variants", run.preset.variants, [*params.lifting_variants]),
        ("detection.variants", run.preset.detection.variants, [*params.detection_variants]),
        ("seeds_of", (*run.preset.seeds_of,), [*params.lifting_variants, *params.detection_variants]),
        ("epochs_of", (*run.preset.epochs_of,), [*params.lifting_variants, *params.detection_variants]),
    ):
        for variant in () if isinstance(names, str) else names:
            if variant not in known:
                raise InputError(f"{path}: {key}: unknown variant {variant!r}{nearest(variant, known)}")
    return run
