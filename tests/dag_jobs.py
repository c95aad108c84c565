"""The jobs of DVC's files and of Snakefile, as the two tools understand them, and what differs between them."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from dvc.repo import Repo
from repository import run_tool


@dataclasses.dataclass(frozen=True)
class Job:
    """A job as a tool would run it. Its paths are relative to the repository's root."""

    inputs: set[str]
    outputs: set[str]


def dvc_jobs(folder: Path, preset: str) -> dict[str, Job]:
    """The jobs of params/<preset>/dvc.yaml by their commands."""
    with Repo(str(folder)) as repository:
        root = Path(repository.root_dir)
        file = root / "params" / preset / "dvc.yaml"
        return {
            stage.cmd: Job(
                inputs={Path(item.fs_path).relative_to(root).as_posix() for item in stage.deps},
                outputs={Path(item.fs_path).relative_to(root).as_posix() for item in stage.outs},
            )
            for stage in repository.index.stages
            if Path(stage.path) == file
        }


def snakemake_jobs(folder: Path, *options: str) -> dict[str, Job]:
    """What a dry run prints of every job: `rule NAME:`, its files, and at the end its command."""
    options = ("--dry-run", "--forceall", "--printshellcmds", *options)
    answer = run_tool("snakemake", *options, folder=folder)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    jobs = {}
    for block in re.split(r"^(?:local)?rule ", answer.stdout, flags=re.MULTILINE)[1:]:
        fields = dict(re.findall(r"^ *(\w[\w ]*): (.+)$", block, flags=re.MULTILINE))
        if block.partition(":")[0] == "all":
            continue
        command, _, log = fields["Shell command"].partition(" > ")
        assert log == f"{fields['log']} 2>&1"
        files = {kind: set(fields[kind].split(", ")) for kind in ("input", "output")}
        jobs[command] = Job(files["input"], files["output"])
    return jobs


def differences(ours: dict[str, Job], theirs: dict[str, Job]) -> list[str]:
    """The differences between DVC's file (ours) and Snakefile (theirs), one line each."""
    found = [f"{command}: in one file only" for command in sorted(ours.keys() ^ theirs.keys())]
    for command in sorted(ours.keys() & theirs.keys()):
        one, other = ours[command], theirs[command]
        found += [f"{command}: output {path} in one file only" for path in sorted(one.outputs ^ other.outputs)]
        # DVC takes a folder where Snakemake lists what is in it.
        unused = [path for path in one.inputs if not any(_inside(item, path) for item in other.inputs)]
        missing = [path for path in other.inputs if not any(_inside(path, item) for item in one.inputs)]
        found += [f"{command}: input {path} in one file only" for path in sorted(unused + missing)]
    return found


def _inside(path: str, folder: str) -> bool:
    return Path(path).is_relative_to(folder)
