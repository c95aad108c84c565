"""params.yaml and params/<preset>.yaml, read once, validated, frozen, and passed down by hand.

params.yaml says what is run (variants, seeds), a preset says how big (data, epochs, threads). Every mistake in them is
one line: the file, the key, what was expected and, where there is one, the nearest word that exists.
"""

from __future__ import annotations

import difflib
import typing
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pipeline.artifacts import InputError, Layout


class Settings(BaseModel):
    # Strict: '30' and true are no numbers of epochs.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, protected_namespaces=())


def _once(values: tuple[Any, ...]) -> tuple[Any, ...]:
    for index, value in enumerate(values):
        if value in values[:index]:
            raise ValueError(f"{value} is listed twice; keep it once")
    return values


# YAML has lists and no tuples, hence not strict; what is in them is checked strictly all the same.
Words = Annotated[tuple[str, ...], Field(min_length=1, strict=False), AfterValidator(_once)]
Numbers = Annotated[tuple[int, ...], Field(min_length=1, strict=False), AfterValidator(_once)]


# --- a variant: what is trained ---------------------------------------------------------------------------------------


class ModelSettings(Settings):
    """The network up to its output layer. The defaults are SemGCN's (paper, Section 3.3)."""

    name: Literal["graph_network", "mean_pose", "linear_least_squares"] = "graph_network"
    convolution: Literal["vanilla", "semantic", "semantic_channelwise"] = "semantic"
    edge_weights: Literal["softmax", "raw"] = "softmax"
    non_local: Literal["grouped", "ungrouped", "none"] = "grouped"
    channels: int = Field(128, ge=2)
    blocks: int = Field(4, ge=1)
    dropout: float = Field(0.0, ge=0, lt=1)


class HeadSettings(Settings):
    """What the output layer means: one pose, or a Gaussian mixture over poses (GraphMDN, Section 3)."""

    name: Literal["point", "mixture"] = "point"
    kernels: int = Field(5, ge=1)
    level: Literal["pose", "node"] = "pose"
    sigma: Literal["shared", "per_joint"] = "shared"
    axes: Literal["shared", "per_axis"] = "shared"
    pooling: Literal["average", "dense"] = "average"
    minimum_sigma: float = Field(1.0e-10, gt=0)

    @model_validator(mode="after")
    def _joints_of_a_node_level_mixture_share_nothing(self) -> HeadSettings:
        if self.level == "node" and (self.sigma == "shared" or self.pooling == "dense"):
            raise ValueError("joints share nothing in a node-level mixture: set sigma: per_joint, pooling: average")
        return self


class OptimizerSettings(Settings):
    learning_rate: float = Field(1.0e-3, gt=0)
    batch_size: int = Field(64, ge=1)
    max_gradient_norm: float | None = Field(1.0, gt=0)
    max_weight_norm: float | None = Field(None, gt=0)


class ConstantSchedule(Settings):
    kind: Literal["constant"] = "constant"


class StepSchedule(Settings):
    kind: Literal["step"]
    factor: float = Field(gt=0, le=1)
    every_epochs: float = Field(gt=0)


class ExponentialSchedule(Settings):
    kind: Literal["exponential"]
    factor: float = Field(gt=0, le=1)  # an epoch


class PlateauSchedule(Settings):
    kind: Literal["plateau"]
    factor: float = Field(gt=0, lt=1)
    patience: int = Field(ge=0)  # epochs without a lower training loss


class OneCycleSchedule(Settings):
    kind: Literal["one_cycle"]
    peak: float = Field(gt=0)


Schedule = Annotated[
    ConstantSchedule | StepSchedule | ExponentialSchedule | PlateauSchedule | OneCycleSchedule,
    Field(discriminator="kind"),
]


class LiftVariant(Settings):
    """A model that lifts 2D joints to 3D joints, with all that its training needs."""

    paper: Literal["sanity", "semgcn", "graphmdn", "hgn"]
    title: str
    core: bool = False
    epochs: int = Field(1, ge=1)
    model: ModelSettings = ModelSettings()
    head: HeadSettings = HeadSettings()
    loss: Literal["joints", "joints_and_bones"] = "joints"
    optimizer: OptimizerSettings = OptimizerSettings()
    schedule: Schedule = ConstantSchedule()

    @property
    def closed_form(self) -> bool:
        """Whether the model is fitted in one go, without training."""
        return self.model.name != "graph_network"


# --- a preset: how big the run is -------------------------------------------------------------------------------------


class SyntheticMotion(Settings):
    source: Literal["synthetic"]
    frames_per_second: float = Field(gt=0, le=200)
    seconds_per_take: float = Field(gt=0)
    seed: int = 0


class CmuMotion(Settings):
    source: Literal["cmu"]
    frames_per_second: float = Field(gt=0, le=120)
    seed: int = 0
    train_subjects: Words
    test_subjects: Words

    @model_validator(mode="after")
    def _no_subject_on_both_sides(self) -> CmuMotion:
        both = sorted(set(self.train_subjects) & set(self.test_subjects))
        if both:
            raise ValueError(f"subject {both[0]} is in train_subjects and in test_subjects; keep it in one")
        return self


class Human36mMotion(Settings):
    source: Literal["human36m"]
    frames_per_second: float = Field(gt=0, le=50)


Motion = Annotated[SyntheticMotion | CmuMotion | Human36mMotion, Field(discriminator="source")]


class LiftBudget(Settings):
    """Epochs for every variant; null trains each as long as it states. A killed run loses `save_every_seconds`."""

    epochs: int | None = Field(None, ge=1)
    save_every_seconds: float = Field(20.0, ge=0)


class Preset(Settings):
    description: str
    threads: int = Field(1, ge=1)
    device: Literal["auto", "cpu", "cuda"] = "auto"
    seeds: int = Field(1, ge=1)
    variants: Literal["core", "all"] | Words = "all"
    motion: Motion
    lift: LiftBudget = LiftBudget()


# --- both together ----------------------------------------------------------------------------------------------------


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
    def seeds(self) -> tuple[int, ...]:
        return self.params.seeds[: self.preset.seeds]

    @property
    def lift_variants(self) -> dict[str, LiftVariant]:
        return self.params.lift_variants

    def variant(self, name: str) -> LiftVariant:
        """The variant of that name; an unknown one is an InputError with the nearest name."""
        if name not in self.lift_variants:
            raise InputError(f"params.yaml: lift_variants has no {name!r}{nearest(name, self.lift_variants)}")
        return self.lift_variants[name]

    def why_not_run(self, name: str) -> str | None:
        """Why the preset leaves a variant out; None if it runs."""
        chosen = self.preset.variants
        if chosen == "all" or (chosen == "core" and self.variant(name).core) or name in chosen:
            return None
        trained = "the core variants only" if chosen == "core" else "only those that it lists"
        return f"preset {self.preset_name} trains {trained}"

    def epochs(self, name: str) -> int:
        """Epochs that the preset grants a variant; as many as the variant states where the preset says null."""
        granted = self.preset.lift.epochs
        return self.variant(name).epochs if granted is None else granted


def nearest(word: str, words: typing.Iterable[str]) -> str:
    """`; did you mean 'semgcn'?`, or the choices when nothing is near."""
    words = list(words)
    close = difflib.get_close_matches(word, words, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; there is {', '.join(map(str, words))}"


def presets(root: Path = Path()) -> list[str]:
    return sorted(path.stem for path in (root / "params").glob("*.yaml"))


def load(preset: str | None = None, root: Path = Path()) -> Run:
    """Read params.yaml and a preset (its own, unless another is named). Raises InputError with one line."""
    params = _validate(Params, root / "params.yaml")
    name = preset or params.preset
    path = root / "params" / f"{name}.yaml"
    if name not in presets(root):
        source = "--preset" if preset else "params.yaml: preset"
        raise InputError(f"{source}: no preset {name!r} in params/{nearest(name, presets(root))}")
    run = Run(preset_name=name, root=root, params=params, preset=_validate(Preset, path))
    if run.preset.seeds > len(params.seeds):
        raise InputError(
            f"{path}: seeds: asks for {run.preset.seeds}, params.yaml lists {len(params.seeds)}; add some there"
        )
    if not isinstance(run.preset.variants, str):
        for variant in run.preset.variants:
            if variant not in params.lift_variants:
                raise InputError(
                    f"{path}: variants: unknown variant {variant!r}{nearest(variant, params.lift_variants)}"
                )
    return run


def read_yaml(path: Path) -> Any:
    """Read a YAML file in both dialects that the tools use, and refuse what they would read differently."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"{path}: missing; run from the repository's root") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not readable as text ({error})") from None
    try:
        older = yaml.safe_load(text)  # YAML 1.1, as Snakemake reads it
        newer = YAML(typ="safe", pure=True).load(text)  # YAML 1.2, as DVC reads it
    except (yaml.YAMLError, YAMLError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}:" if mark else ""
        problem = " ".join(str(getattr(error, "problem", None) or error).split())
        raise InputError(f"{path}:{line} not YAML: {problem}") from None
    difference = _difference(older, newer)
    if difference:
        raise InputError(
            f"{path}: {difference}: Snakemake (YAML 1.1) and DVC (1.2) read it differently; "
            "quote it, or write 1.0e-3, true"
        )
    return older


def _difference(one: Any, other: Any, where: str = "") -> str | None:
    if isinstance(one, dict) and isinstance(other, dict) and list(one) == list(other):
        pairs: typing.Iterable[Any] = ((f"{where}.{key}".lstrip("."), one[key], other[key]) for key in one)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = ((f"{where}[{index}]", *pair) for index, pair in enumerate(zip(one, other, strict=True)))
    else:
        return None if type(one) is type(other) and one == other else (where or "the whole file")
    return next((found for name, a, b in pairs if (found := _difference(a, b, name))), None)


Kind = TypeVar("Kind", bound=Settings)

UNION_TAGS = {"synthetic", "cmu", "human36m", "constant", "step", "exponential", "plateau", "one_cycle"}


def _validate(kind: type[Kind], path: Path) -> Kind:
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise InputError(f"{path}: expected a mapping of keys to values")
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        raise InputError(f"{path}: {_explain(kind, error)}") from None


def _explain(kind: type[Settings], error: ValidationError) -> str:
    """The first mistake in one line: the key, what was expected, what was found or meant."""
    errors = error.errors()
    # A misspelt key that must be there is both missing and unknown: the second says what was meant.
    first = next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])
    # pydantic puts the branch of a union into the location (a tag, `literal[...]`); a user knows only keys.
    location = [str(part) for part in first["loc"] if part not in UNION_TAGS and "[" not in str(part)]
    context = first.get("ctx", {})
    found = first.get("input")
    match first["type"]:
        case "extra_forbidden":
            known = _fields_at(kind, first["loc"][:-1])
            return f"{'.'.join(location)}: unknown key{nearest(location[-1], known)}"
        case "missing":
            return f"{'.'.join(location)}: missing; add it"
        case "union_tag_invalid":
            tags = [tag.strip().strip("'") for tag in context["expected_tags"].split(",")]
            key = context["discriminator"].strip("'")
            return f"{'.'.join([*location, key])}: unknown word {context['tag']!r}{nearest(context['tag'], tags)}"
        case "union_tag_not_found":
            return f"{'.'.join([*location, context['discriminator'].strip(chr(39))])}: missing; add it"
        case "literal_error":
            words = [word.strip().strip("'") for word in context["expected"].replace(" or ", ",").split(",")]
            return f"{'.'.join(location)}: expected {context['expected']}, found {found!r}{nearest(str(found), words)}"
        case "value_error":
            return f"{'.'.join(location) or 'the file'}: {context['error']}"
        case _:
            return f"{'.'.join(location)}: {first['msg'].lower()}, found {found!r}"


def _fields_at(kind: type[Settings], location: tuple[int | str, ...]) -> list[str]:
    """The keys that exist at a place in the settings, found by walking down the annotations."""
    models: list[type[Settings]] = [kind]
    for part in location:
        inner = [
            found
            for model in models
            if part in model.model_fields
            for found in _models_in(model.model_fields[str(part)].annotation)
        ]
        models = inner or models  # a dictionary's key or a union's tag names no field: stay
        tagged = [model for model in models if part in _tags(model)]
        models = tagged or models
    return sorted({name for model in models for name in model.model_fields})


def _tags(model: type[Settings]) -> set[Any]:
    fields = [model.model_fields[name] for name in ("source", "kind") if name in model.model_fields]
    return {tag for field in fields for tag in typing.get_args(field.annotation)}


def _models_in(annotation: Any) -> list[type[Settings]]:
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        return [annotation]
    return [model for part in typing.get_args(annotation) for model in _models_in(part)]
