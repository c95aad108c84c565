"""The repository as a fresh clone would be, and its tools run as a user runs them."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import tool_server
import yaml

ROOT = Path(__file__).parent.parent
# Where real data may be. Read here, because conftest.py then takes the variable out of the tests' environment.
MIRROR = Path(os.environ.get("MIXPOSE_MIRROR") or ROOT.parent / "shared" / "mirror")

# Metrics and captions are dated. Runs whose bytes are compared have this date, or midnight between them would differ.
DATED = {"SOURCE_DATE_EPOCH": "1700000000"}

SERVED = ("python", "make", *tool_server.TOOLS)


def files_of_repository() -> list[Path]:
    """The repository's files, relative to its root: what git tracks, and what is new and not ignored."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [Path(name) for name in sorted(listed.split("\0")) if name and (ROOT / name).is_file()]


def copy_of_repository(folder: Path) -> Path:
    """A git repository with the same files: no data, no results of a run, no record of an earlier run."""
    for file in files_of_repository():
        made_by_a_run = file.name == "dvc.lock" or (file.parts[0] == "results" and file.parts[1] != "published")
        if not made_by_a_run:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / file, folder / file)
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    return folder


def run_tool(*command: str, folder: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command of this Python's environment; give its exit code and what it printed.

    Without a PATH of the caller's, the pipeline, Snakemake and DVC come from the server, which has their libraries.
    """
    if "PATH" in environment:
        path = environment["PATH"]
    elif command[0] in SERVED:
        path = tool_server.shared().path
    else:
        path = tool_server.USUAL_PATH
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def replace_in(path: Path, before: str, after: str) -> None:
    """Change a file as a user would; it must contain the text exactly once."""
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1, f"{before!r} is {text.count(before)} times in {path}"
    path.write_text(text.replace(before, after), encoding="utf-8")


def write_demo(folder: Path, *left_out: str) -> None:
    """params/demo.yaml in a repository with other variants, so without the keys that name the demo's."""
    preset = yaml.safe_load((ROOT / "params" / "demo.yaml").read_text(encoding="utf-8"))
    for key in ("seeds_of", "epochs_of", *left_out):
        preset.pop(key, None)
    (folder / "params").mkdir(parents=True, exist_ok=True)
    (folder / "params" / "demo.yaml").write_text(yaml.safe_dump(preset), encoding="utf-8")
