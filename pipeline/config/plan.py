"""The plan: every job of a preset, resolved once. A job is one stage, for one variant and seed if it has variants.

The plan has one file per job in data/<preset>/plan/. The file holds the settings that the job uses, with every default
filled in, the data that it reads and writes, and a digest of each module of its code. A job depends on its file and its
data and on nothing else, so nothing else can change its result.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.config import DetectionVariant, LiftingVariant, Params, Preset, Run, dates, uses
from pipeline.config.code import Code
from pipeline.config.modules import chosen_by, figures, papers
from pipeline.config.partial import partial
from pipeline.config.pixels import IMAGES
from pipeline.data.images.settings import CocoImages, PersonCrops
from pipeline.layout import Layout

TASKS = ("pose", "boxes")
READS = {"lifting": "2D joints", "pixels": "images"}  # by the kind of a lifting variant
SERVED_MODEL = "pipeline.tracking.served_model"  # copied into registered models, and so imported by nothing


@dataclass(frozen=True)
class Job:
    """One job of a preset. Paths are relative to the repository's root."""

    preset: str
    stage: str
    options: dict[str, str] = field(default_factory=dict)  # command-line options: variant, seed, detector, task
    inputs: tuple[str, ...] = ()  # data, without the job's file in the plan
    outputs: tuple[str, ...] = ()
    licensed: tuple[str, ...] = ()  # outputs with others' licensed data in them, which DVC must not push
    settings: dict[str, Any] = field(default_factory=dict)
    modules: tuple[str, ...] = ()  # the modules from which its code is found
    code: dict[str, str] = field(default_factory=dict)  # file: digest, for all files that these modules reach

    @property
    def item(self) -> str:
        """The job's options as part of a path (`variant/seed_0`); empty for a stage with one job."""
        values = dict(self.options)
        if "seed" in values:
            values["seed"] = f"seed_{values['seed']}"
        return "/".join(values.values())

    @property
    def name(self) -> str:
        return f"{self.stage}-{self.item.replace('/', '-')}" if self.item else self.stage

    @property
    def command(self) -> str:
        options = "".join(f" --{name} {value}" for name, value in self.options.items())
        return f"python -m pipeline {self.stage} --preset {self.preset}{options}"

    @property
    def plan(self) -> str:
        return Layout(self.preset).plan(self.stage, self.item).as_posix()

    @property
    def made(self) -> str:
        return Layout(self.preset).made(self.stage, self.item).as_posix()

    def content(self) -> dict[str, Any]:
        """The content of the job's file in the plan."""
        return {
            "command": self.command,
            "settings": self.settings,
            "inputs": list(self.inputs),
            "outputs": list(self.outputs),
            "code": self.code,
        }


def jobs(run: Run, code: Code) -> list[Job]:
    """All jobs of a preset, in an order in which they can run."""
    found = [*_of_data(run), *_of_variants(run), *_of_results(run)]
    return [replace(job, code=code.digests(job.modules)) for job in found]


def planned(run: Run, detection: bool) -> list[str]:
    """The variants that are run, in the order of params.yaml."""
    names = run.detection_variants if detection else run.lifting_variants
    return [name for name in names if run.why_left_out(name) is None]


class _Maker:
    """Makes jobs from paths of the preset's layout."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.layout = run.layout_in(Path())

    def job(
        self,
        stage: str,
        settings: dict[str, Any],
        inputs: list[Path],
        outputs: list[Path],
        modules: tuple[str, ...] = (),
        licensed: bool | Path = False,
        **options: str,
    ) -> Job:
        """`licensed`: whether all outputs have others' licensed data in them, or which one has."""
        made = tuple(path.as_posix() for path in outputs)
        return Job(
            preset=self.run.preset_name,
            stage=stage,
            options=options,
            inputs=tuple(path.as_posix() for path in inputs),
            outputs=made,
            licensed=(licensed.as_posix(),) if isinstance(licensed, Path) else made if licensed else (),
            settings=settings,
            modules=(f"pipeline.stages.{stage}:run", *modules),
        )


def _of_data(run: Run) -> Iterator[Job]:
    """The jobs that make training data: those that the preset has and that a planned variant needs."""
    make = _Maker(run)
    layout, preset = make.layout, run.preset
    poses, body = layout.motion(), layout.body
    lifting = [run.variant(name) for name in planned(run, detection=False)]
    tasks = {run.detection_variant(name).task for name in planned(run, detection=True)}
    source, other = (preset.motion.module,), preset.other
    bring = (f"{other.catalogue}:bring",) if other and other.catalogue else ()
    yield make.job("download", uses.download(run), [], [layout.download_manifest], (*source, *bring))
    recorded, smpl = bool(preset.motion.licensed), preset.body == "smpl"  # what only the user's licence lets one have
    yield make.job("prepare_motion", uses.prepare_motion(run), [layout.download_manifest], [poses], source, recorded)
    if preset.body:
        yield make.job("build_body", uses.build_body(run), [], [body], licensed=smpl)
        meshes = layout.targets("meshes")
        yield make.job("fit_body", uses.fit_body(run), [poses, body], [meshes], licensed=smpl or recorded)
    if preset.crops:
        on_bodies = isinstance(preset.crops, PersonCrops)  # or cut out of the user's videos
        seen = [body, layout.targets("meshes")] if on_bodies else [layout.download_manifest]
        yield make.job(
            "prepare_crops", uses.prepare_crops(run), [poses, *seen], [layout.crops], licensed=smpl or recorded
        )
    for detector in preset.keypoints:
        if any(variant.input == detector for variant in lifting):
            settings, made = uses.prepare_keypoints(run, detector), [layout.motion(detector)]
            yield make.job("prepare_keypoints", settings, [poses], made, licensed=recorded, detector=detector)
    if preset.generalization and other:
        needed, made = [layout.download_manifest] if bring else [], [layout.motion(preset.generalization)]
        settings, licensed = uses.prepare_generalization(run), not other.catalogue
        yield make.job("prepare_generalization", settings, needed, made, (other.load,), licensed)
    for task in (task for task in TASKS if task in tasks):
        # COCO's images are downloaded, scenes are rendered from the body.
        drawn = [body] if preset.body else []
        inputs = [layout.download_manifest] if isinstance(preset.images, CocoImages) else drawn
        settings = uses.prepare_images(run, task)
        yield make.job("prepare_images", settings, inputs, [layout.images(task)], task=task)


# By the kind of a variant: what its training uses, and what its evaluation does.
USES = {
    "lifting": (uses.train_lifting, uses.evaluate_lifting),
    "pixels": (uses.train_pixels, uses.evaluate_pixels),
    "detection": (uses.train_detection, uses.evaluate_detection),
}


def _of_variants(run: Run) -> Iterator[Job]:
    for detection in (False, True):
        for name in planned(run, detection):
            yield from _of_variant(run, name)


def _of_variant(run: Run, name: str) -> Iterator[Job]:
    """One training per seed, and one evaluation."""
    make = _Maker(run)
    layout, variant = make.layout, run.any_variant(name)
    kind, modules = layout.kind(name), chosen_by(variant)
    training, testing = (of_stage(run, name) for of_stage in USES[kind])
    data = _data_of(run, layout, name)
    trained = [layout.seed(name, seed) for seed in run.seeds_of(name)]
    for seed, folder in zip(run.seeds_of(name), trained, strict=True):
        needed = data + _weights_of(run, layout, variant, seed)
        yield make.job(f"train_{kind}", training, needed, [folder], modules, variant=name, seed=str(seed))
    other = run.preset.generalization
    shown = layout.detection_evaluation(name) if kind == "detection" else layout.evaluation(name)
    data += [layout.motion(other)] if other and kind == "lifting" else []
    made, kept = [layout.metrics(name), shown], shown if kind != "detection" and run.preset.motion.licensed else False
    yield make.job(f"evaluate_{kind}", testing, data + trained, made, modules, kept, variant=name)


def _weights_of(run: Run, layout: Layout, variant: LiftingVariant | DetectionVariant, seed: int) -> list[Path]:
    """What a training begins with: imported weights, ImageNet's, or those of another variant's training."""
    if variant.weights:
        return [layout.imported(variant.weights)]
    pixels = variant.pixels if isinstance(variant, LiftingVariant) else None
    if pixels and pixels.sees_anew and run.preset.pixels.imagenet:
        return [layout.download_manifest]  # the stage that has seen that the user's file is there
    return [layout.seed(pixels.after, seed)] if pixels and pixels.after else []


def _data_of(run: Run, layout: Layout, name: str) -> list[Path]:
    """The folders that a variant's training and evaluation read."""
    variant = run.any_variant(name)
    if isinstance(variant, DetectionVariant):
        return [layout.images(variant.task)]
    if variant.input == IMAGES:
        return [layout.motion(), layout.crops]
    return [layout.motion(variant.input), *([layout.targets("meshes")] if variant.targets == "meshes" else [])]


def _of_results(run: Run) -> Iterator[Job]:
    """Tables, report and MLflow read the outputs of all variants."""
    make = _Maker(run)
    layout, settings = make.layout, uses.report(run)
    names = planned(run, detection=False), planned(run, detection=True)
    metrics = [layout.metrics(name) for kind in names for name in kind]
    trained = [layout.seed(name, seed) for kind in names for name in kind for seed in run.seeds_of(name)]
    evaluated = [layout.evaluation(name) for name in names[0]] + [
        layout.detection_evaluation(name) for name in names[1]
    ]
    published = [Path("results") / "published"]
    shown = papers(run.preset.study)
    tables = [layout.tables, layout.claims, layout.claims_text]
    yield make.job("tabulate", settings, [*metrics, *trained, *evaluated, *published], tables, shown)
    tasks = sorted({run.detection_variant(name).task for name in names[1]})
    data = [layout.motion(), *([layout.body, layout.targets("meshes")] if run.preset.body else [])]
    data += [layout.images(task) for task in tasks] + ([layout.crops] if run.preset.crops else [])
    page = [layout.figures, layout.report, layout.report_page.parent]
    inputs = [*tables[:2], *metrics, *trained, *evaluated, *data, *published]
    modules = (*shown, *figures(run.preset.study).values())
    played = page[-1] if run.preset.motion.licensed else False  # the page moves people of the recordings
    yield make.job("report", settings, inputs, page, modules, played)
    inputs = [*tables, *page, *metrics, *trained, *evaluated, *published]
    yield make.job("publish", settings, inputs, [layout.publish_receipt], (*shown, SERVED_MODEL))


# --- the plan's files -------------------------------------------------------------------------------------------------


def write(found: list[Job], root: Path) -> list[str]:
    """Write the changed files of a preset's plan and remove those of jobs that are no longer planned.

    Returns the files that changed. An unchanged file keeps its date, because Snakemake compares dates, unless it is in
    the future. Raises InputError for a folder of outputs that is a link.
    """
    _refuse_links(found, root)
    dates.bring_to_the_present(_dated(found), root)
    wanted = {job.plan: artifacts.as_json(job.content()) for job in found}
    folder = Layout(found[0].preset, root).data / "plan"
    there = {path.relative_to(root).as_posix() for path in folder.rglob("*.json")} if folder.exists() else set()
    changed = []
    for path in sorted(there - wanted.keys()):
        (root / path).unlink()
        changed.append(path)
    for path, text in wanted.items():
        if path not in there or (root / path).read_text(encoding="utf-8") != text:
            artifacts.write_text(root / path, text)
            changed.append(path)
    return changed


def _dated(found: list[Job]) -> Iterator[str]:
    """The files and folders whose dates Snakemake compares."""
    for job in found:
        log = "/".join(filter(None, ("logs", job.preset, job.stage, job.item)))
        yield from (job.plan, *job.inputs, *job.outputs, job.made, f"{log}.jsonl")


def _refuse_links(found: list[Job], root: Path) -> None:
    """DVC keeps no output that is outside the repository, and says so only when the first job has run."""
    folders = {parent for job in found for path in (*job.outputs, job.plan) for parent in Path(path).parents}
    linked = next((folder for folder in sorted(folders) if (root / folder).is_symlink() and folder.name), None)
    if linked is not None:
        raise InputError(
            f"{linked}: is a link, and DVC keeps no outputs outside the repository; make it a folder, and link only "
            "data/raw and data/licensed"
        )


def read(layout: Layout, stage: str, item: str) -> dict[str, Any] | None:
    """The content of a job's file in the plan; None if there is no file."""
    path = layout.plan(stage, item)
    return artifacts.read_json(path) if path.exists() else None


def run_of(content: dict[str, Any], preset: str, root: Path) -> Run:
    """The run that a stage receives: it has the settings in the stage's plan and no others."""
    settings = content["settings"]
    params = {"lifting_variants": {}, "detection_variants": {}} | settings.get("params", {})
    return Run.model_construct(
        preset_name=preset,
        root=root,
        params=partial(Params, params),
        preset=partial(Preset, settings["preset"]),
    )


def find(run: Run, stage: str, options: dict[str, str], code: Code) -> Job:
    """The job that a command names. Raises InputError with the reason if it is not planned."""
    name = options.get("variant")
    if name is not None:
        _require_kind(run, stage, name)
        reason = run.why_left_out(name)
        if reason:
            where = "" if run.any_variant(name).imported else f"; see params/{run.preset_name}.yaml"
            raise InputError(f"{stage} --variant {name}: not run: {reason}{where}")
        found: Iterator[Job] = _of_variant(run, name)
    elif stage in ("tabulate", "report", "publish"):
        found = _of_results(run)
    else:
        found = _of_data(run)
    for job in found:
        if job.stage == stage and job.options == options:
            return replace(job, code=code.digests(job.modules))
    words = " ".join(f"--{name} {value}" for name, value in options.items())
    raise InputError(f"{' '.join(filter(None, (stage, words)))}: preset {run.preset_name} has no such job")


def _require_kind(run: Run, stage: str, name: str) -> None:
    """Raise InputError for an unknown variant; the message names the nearest one, or the stage of its kind."""
    if stage.endswith("_detection"):
        run.detection_variant(name)
    else:
        run.variant(name)
        step, _, kind = stage.partition("_")
        own = run.layout.kind(name)
        if kind != own:
            raise InputError(f"{stage} --variant {name}: it does not read {READS[kind]}; run {step}_{own}")
