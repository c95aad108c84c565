"""The jobs of dvc.yaml and of Snakefile, as the two tools understand them, and what differs between them."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from dvc.dependency import ParamsDependency
from dvc.repo import Repo
from repository import run_tool


@dataclasses.dataclass(frozen=True)
class Job:
    """A stage, of one variant if it has variants, as a tool would run it."""

    command: str
    inputs: set[str]
    outputs: set[str]


def dvc_jobs(folder: Path) -> dict[str, Job]:
    with Repo(str(folder)) as repository:
        return {
            stage.name: Job(
                command=stage.cmd,
                inputs={item.def_path for item in stage.deps if not isinstance(item, ParamsDependency)},
                outputs={item.def_path for item in stage.outs},
            )
            for stage in repository.index.stages
        }


def snakemake_jobs(folder: Path, *options: str) -> dict[str, Job]:
    """What a dry run prints of every job: `rule NAME:`, its files, and at the end its command."""
    options = ("--dry-run", "--forceall", "--printshellcmds", *options)
    answer = run_tool("snakemake", *options, folder=folder)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    jobs = {}
    for block in re.split(r"^(?:local)?rule ", answer.stdout, flags=re.MULTILINE)[1:]:
        fields = dict(re.findall(r"^ *(\w[\w ]*): (.+)$", block, flags=re.MULTILINE))
        name, item = block.partition(":")[0], fields.get("wildcards", "").rpartition("=")[2]
        if name == "all":
            continue
        command, _, log = fields["Shell command"].partition(" > ")
        assert log == f"{fields['log']} 2>&1"
        files = {kind: set(fields[kind].split(", ")) for kind in ("input", "output")}
        jobs[f"{name}@{item}" if item else name] = Job(command, files["input"], files["output"])
    return jobs


def differences(ours: dict[str, Job], theirs: dict[str, Job]) -> list[str]:
    """What stands in dvc.yaml (ours) and not in Snakefile (theirs), and the other way round."""
    found = [f"{name}: in one file only" for name in sorted(ours.keys() ^ theirs.keys())]
    for name in sorted(ours.keys() & theirs.keys()):
        one, other = ours[name], theirs[name]
        if one.command != other.command:
            found.append(f"{name}: {one.command!r} is not {other.command!r}")
        found += [f"{name}: output {path} in one file only" for path in sorted(one.outputs ^ other.outputs)]
        # DVC takes a folder where Snakemake lists the files in it.
        unused = [path for path in one.inputs if not any(_inside(item, path) for item in other.inputs)]
        missing = [path for path in other.inputs if not any(_inside(path, item) for item in one.inputs)]
        found += [f"{name}: input {path} in one file only" for path in sorted(unused + missing)]
    return found


def _inside(path: str, folder: str) -> bool:
    return Path(path).is_relative_to(folder)
