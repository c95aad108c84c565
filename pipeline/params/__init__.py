"""params.yaml and params/<preset>.yaml, read once, validated, frozen, and passed down by hand.

params.yaml says what is run (variants, seeds), a preset says how big (data, epochs, threads). Every mistake in them is
one line: the file, the key, what was expected and, where there is one, the nearest word that exists.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from pipeline.artifacts import InputError, Layout
from pipeline.params.base import Numbers, Settings
from pipeline.params.presets import (
    CmuMotion,
    DetectionFile,
    Human36mMotion,
    Motion,
    NoiseModel,
    Preset,
    SyntheticMotion,
)
from pipeline.params.reading import nearest, read_yaml, validate
from pipeline.params.variants import Detector, HeadSettings, LiftVariant, ModelSettings

__all__ = [
    "CmuMotion",
    "DetectionFile",
    "Detector",
    "HeadSettings",
    "Human36mMotion",
    "LiftVariant",
    "ModelSettings",
    "Motion",
    "NoiseModel",
    "Params",
    "Preset",
    "Run",
    "SyntheticMotion",
    "load",
    "nearest",
    "presets",
    "read_yaml",
]

# A variant's name is a part of paths, of DVC's stage names and of Snakemake's wildcards.
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Params(Settings):
    """params.yaml as it stands, without its preset's file."""

    preset: str
    mirror: str | None = None
    seeds: Numbers
    lift_variants: dict[Name, LiftVariant] = Field(min_length=1)


class Run(Settings):
    """One preset's run of params.yaml: what every stage is given."""

    preset_name: str
    root: Path = Path()
    params: Params
    preset: Preset

    @property
    def layout(self) -> Layout:
        return Layout(self.preset_name, self.root)

    @property
    def lift_variants(self) -> dict[str, LiftVariant]:
        return self.params.lift_variants

    def variant(self, name: str) -> LiftVariant:
        """The variant of that name; an unknown one is an InputError with the nearest name."""
        if name not in self.lift_variants:
            raise InputError(f"params.yaml: lift_variants has no {name!r}{nearest(name, self.lift_variants)}")
        return self.lift_variants[name]

    def seeds_of(self, name: str) -> tuple[int, ...]:
        """The seeds that a variant is trained with: of imported weights there is one set."""
        count = 1 if self.variant(name).imported else self.preset.seeds_of.get(name, self.preset.seeds)
        return self.params.seeds[:count]

    def why_not_run(self, name: str) -> str | None:
        """Why the preset leaves a variant out; None if it runs."""
        variant, chosen = self.variant(name), self.preset.variants
        if variant.imported:
            return None if variant.weights else "no imported weights: `python -m pipeline import_checkpoint --help`"
        if chosen == "all" or (chosen == "core" and variant.core) or name in chosen:
            return None
        trained = "the core variants only" if chosen == "core" else "only those that it lists"
        return f"preset {self.preset_name} trains {trained}"

    def epochs(self, name: str) -> int:
        """Epochs that the preset grants a variant; as many as the variant states where the preset says null."""
        granted = self.preset.lift.epochs
        return self.variant(name).epochs if granted is None else granted


def presets(root: Path = Path()) -> list[str]:
    return sorted(path.stem for path in (root / "params").glob("*.yaml"))


def load(preset: str | None = None, root: Path = Path()) -> Run:
    """Read params.yaml and a preset (its own, unless another is named). Raises InputError with one line."""
    params = validate(Params, root / "params.yaml")
    name = preset or params.preset
    path = root / "params" / f"{name}.yaml"
    if name not in presets(root):
        source = "--preset" if preset else "params.yaml: preset"
        raise InputError(f"{source}: no preset {name!r} in params/{nearest(name, presets(root))}")
    run = Run(preset_name=name, root=root, params=params, preset=validate(Preset, path))
    asked = max(run.preset.seeds, *run.preset.seeds_of.values(), 0)
    if asked > len(params.seeds):
        raise InputError(f"{path}: seeds: asks for {asked}, params.yaml lists {len(params.seeds)}; add some there")
    chosen = () if isinstance(run.preset.variants, str) else run.preset.variants
    for key, names in (("variants", chosen), ("seeds_of", run.preset.seeds_of)):
        for variant in names:
            if variant not in params.lift_variants:
                raise InputError(f"{path}: {key}: unknown variant {variant!r}{nearest(variant, params.lift_variants)}")
    return run
