"""Records of what a job's outputs were made from, and comparison with the present plan and data."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.config import Run
from pipeline.config.code import Code
from pipeline.config.plan import Job, find, run_of

NOT_DATA = (".snakemake_timestamp", ".gitignore")  # files that the tools put into a folder


class Digests:
    """SHA-256 of files and folders, each read once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._known: dict[str, str | None] = {}

    def of(self, path: str) -> str | None:
        """The digest of a file, or of the names and contents of a folder; None if the path does not exist."""
        if path not in self._known:
            self._known[path] = self._read(self.root / path)
        return self._known[path]

    def _read(self, place: Path) -> str | None:
        if place.is_file():
            return artifacts.digest(place)
        if not place.is_dir():
            return None
        files = sorted(file for file in place.rglob("*") if file.is_file() and file.name not in NOT_DATA)
        lines = [f"{file.relative_to(place).as_posix()} {artifacts.digest(file)}" for file in files]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def today(run: Run, stage: str, options: dict[str, str]) -> tuple[Job, Run]:
    """The job, and the run that its stage receives, if its file in the plan agrees with the present settings and code.

    Raises InputError if the file is missing or older, because then DVC and Snakemake do not know what would run.
    """
    job = find(run, stage, options, Code(cache=run.layout.code_digests))
    path, command = run.root / job.plan, f"python -m pipeline plan --preset {run.preset_name}"
    if not path.exists():
        raise InputError(f"{path}: missing; run `{command}` first (`dvc repro` and `snakemake` do it themselves)")
    content = artifacts.read_json(path)
    different = next(differences(content, job.content()), None)
    if different:
        raise InputError(f"{path}: from an earlier plan: {different}; run `{command}`, or `dvc repro` or `snakemake`")
    return job, run_of(content, run.preset_name, run.root)


def fingerprint(run: Run, stage: str, item: str = "") -> str:
    """A digest of a job's plan (settings and code) and of its data: a stopped job resumes only if it is the same."""
    path, digests = run.layout.plan(stage, item), Digests(run.root)
    parts = [artifacts.digest(path), *(str(digests.of(name)) for name in artifacts.read_json(path)["inputs"])]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def note(job: Job, root: Path) -> None:
    """Record what a finished job's outputs were made from. The record is written after all other outputs."""
    artifacts.write_json(root / job.made, record(job, Digests(root)))


def record(job: Job, digests: Digests) -> dict[str, Any]:
    """What a job's outputs would be made from now."""
    return {"plan": job.content(), "data": {path: digests.of(path) for path in job.inputs}}


def changes(job: Job, root: Path, digests: Digests, code: Code) -> list[str]:
    """What has changed since a job's outputs were made: settings, code, data; empty if nothing has."""
    record = root / job.made
    if not record.exists():
        return ["never run"]
    made = artifacts.read_json(record)
    found = list(differences(made["plan"], job.content(), partial(code.changed, job.modules)))
    found += [f"data: {path}" for path in job.inputs if made["data"].get(path) != digests.of(path)]
    return found + [f"output: {path} is missing" for path in job.outputs if not (root / path).exists()]


def differences(
    before: dict[str, Any], after: dict[str, Any], changed: Callable[[str, str], list[str]] = lambda file, digest: []
) -> Iterator[str]:
    """The differences between two contents of a plan's file, one line each: settings, then code, then the rest.

    `changed` gives the names of the changed definitions in a file, from the file's digest before.
    """
    for key, one, other in _compared(before["settings"], after["settings"]):
        yield f"settings: {key.removeprefix('decided.')}: {_shown(one)} -> {_shown(other)}"
    for name, one, other in _compared(before["code"], after["code"]):
        if one is MISSING or other is MISSING:
            yield f"code: {name} {'is new' if one is MISSING else 'is no longer used'}"
        else:
            yield ": ".join(filter(None, (f"code: {name} changed", ", ".join(changed(name, one)))))
    for key in ("command", "inputs", "outputs"):
        if before[key] != after[key]:
            yield f"{key}: {before[key]} -> {after[key]}"


MISSING = object()


def _compared(before: Any, after: Any, key: str = "") -> Iterator[tuple[str, Any, Any]]:
    """The leaves that differ, with their dotted keys. The key of a code file is one part, although it contains dots."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name in dict.fromkeys((*before, *after)):
            inner = f"{key}.{name}" if key else str(name)
            yield from _compared(before.get(name, MISSING), after.get(name, MISSING), inner)
    elif before is MISSING or after is MISSING or before != after:
        yield key, before, after


def _shown(value: Any) -> str:
    return "nothing" if value is MISSING else str(value)
