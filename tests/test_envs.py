"""The lock, the conda environment and the Dockerfile hold the same versions, and the ones that are installed."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shutil
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from repository import ROOT

ENVS = ROOT / "envs"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def pins(lines: list[str]) -> dict[str, str]:
    """Names and versions; a line that is anything but `name==version` fails."""
    matches = [(line, re.fullmatch(r"([a-z0-9-]+)==([0-9A-Za-z.]+)", line)) for line in lines]
    assert [line for line, match in matches if match is None] == []
    return {match[1]: match[2] for _, match in matches if match}


def lock() -> dict[str, str]:
    lines = (ENVS / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return pins([line for line in lines if not line.startswith("#")])


def conda() -> tuple[str, dict[str, str]]:
    """The Python that environment.yaml names, and its pip section."""
    dependencies = yaml.safe_load((ENVS / "environment.yaml").read_text(encoding="utf-8"))["dependencies"]
    (python,) = [entry for entry in dependencies if isinstance(entry, str) and entry.startswith("python ")]
    return python.removeprefix("python ="), pins(dependencies[-1]["pip"])


def installed_for(requirements: list[str]) -> dict[str, str]:
    """Everything that the requirements need here, with its installed version, found by following the metadata."""
    found: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    waiting = [(Requirement(text), "") for text in requirements]
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        distribution = importlib.metadata.distribution(name)
        found[name] = distribution.version
        for wanted in {"", *requirement.extras}:
            if (name, wanted) not in seen:
                seen.add((name, wanted))
                waiting += [(Requirement(text), wanted) for text in distribution.requires or []]
    return found


def test_the_lock_holds_what_is_installed() -> None:
    needed = installed_for([*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["test"]])
    assert len(needed) > 100
    # A build for one kind of machine (2.13.0+cpu) is the same version.
    versions = {name: Version(version).public for name, version in needed.items()}
    locked = lock()
    assert versions == {name: locked.get(name) for name in versions}


def test_the_lock_serves_machines_with_and_without_a_gpu() -> None:
    assert {"torch", "triton", "nvidia-cudnn-cu13", "setuptools", "pip"} <= lock().keys()


def test_conda_installs_the_lock() -> None:
    python, versions = conda()
    assert versions == {name: version for name, version in lock().items() if name != "pip"}
    assert python == "3.11"


def test_all_three_use_the_same_python() -> None:
    python, _ = conda()
    dockerfile = (ENVS / "Dockerfile").read_text(encoding="utf-8")
    assert re.findall(r"^FROM python:([0-9.]+)", dockerfile, flags=re.MULTILINE) == [python]
    assert f"Python {python}" in (ENVS / "constraints.txt").read_text(encoding="utf-8").splitlines()[0]
    assert PROJECT["requires-python"] == f">={python}"


def test_the_image_installs_as_make_does() -> None:
    """It runs `make environment`, with every file that this needs copied before."""
    lines = (ENVS / "Dockerfile").read_text(encoding="utf-8").splitlines()
    before = lines[: lines.index("RUN make environment")]
    copied = {word for line in before if line.startswith("COPY ") for word in line.split()[1:-1]}
    (rule,) = re.findall(r"^\$\(INSTALLED\): (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert {"Makefile", "pipeline/__init__.py", *re.sub(r"\$\(if .*", "", rule).split()} == copied


@pytest.mark.parametrize(
    ("words", "found", "asked"),
    [
        ([], "2.13.0", [("torch===2.13.0",)]),  # one resolution: it takes minutes
        (["--upgrade"], "2.14.0", [()]),
        (["--upgrade", "--keep", "torch"], "2.13.0", [("torch===2.13.0",)]),  # all but torch
        (["--upgrade"], "2.14.0+cpu", [(), ("torch===2.14.0",)]),
    ],
)
def test_the_lock_has_no_build_of_torch_for_one_kind_of_machine(
    words: list[str], found: str, asked: list[tuple[str, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = importlib.util.spec_from_file_location("lock", ENVS / "lock.py")
    assert spec is not None and spec.loader is not None
    written = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(written)
    calls: list[tuple[str, ...]] = []

    def resolve(*more: str, upgrade: bool) -> dict[str, str]:
        calls.append(more)
        return {"mixpose": "0.1.0", "torch": more[0].removeprefix("torch===") if more else found}

    for name in ("constraints.txt", "environment.yaml"):
        shutil.copyfile(ENVS / name, tmp_path / name)
    (tmp_path / "constraints.txt").write_text("# a lock\ntorch==2.13.0\n")
    monkeypatch.setattr(written, "CONSTRAINTS", tmp_path / "constraints.txt")
    monkeypatch.setattr(written, "ENVIRONMENT", tmp_path / "environment.yaml")
    monkeypatch.setattr(written, "resolve", resolve)
    monkeypatch.setattr(sys, "argv", ["lock.py", *words])
    written.main()
    assert calls == asked
    assert (tmp_path / "constraints.txt").read_text().splitlines()[1:] == [f"torch=={found.partition('+')[0]}"]


# --- making .venv ----------------------------------------------------------------------------------------------------

FAKE_PYTHON = """#!/bin/sh
# Makes an environment that holds itself, writes down what it was asked, and fails where it is told to.
echo "$@" >> calls
echo "$PYTHONPATH$PYTHONHOME$PIP_TARGET$PIP_USER" >> leaked
case "$*" in
    *"$FAIL"*) test -z "$FAIL" || exit 1 ;;
esac
case "$*" in
    "-m venv .venv")
        mkdir -p .venv/bin && cp "$0" .venv/bin/python
        echo "command = /usr/bin/python3 -m venv $PWD/.venv" > .venv/pyvenv.cfg ;;
esac
"""


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A folder with what `make environment` needs, and a Python that only pretends to install."""
    (tmp_path / "envs").mkdir()
    for name in ("Makefile", "pyproject.toml", "envs/constraints.txt"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    python = tmp_path / "fake_python"
    python.write_text(FAKE_PYTHON)
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    return tmp_path


def make_environment(
    folder: Path, fail: str = "", python: str = "./fake_python", **more: str
) -> tuple[int, list[str], str]:
    """Exit code of `make environment`, the calls of Python, and what was printed."""
    (folder / "calls").write_text("")
    answer = subprocess.run(
        ["make", "environment", f"PYTHON={python}"],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "FAIL": fail, **more},
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.returncode, (folder / "calls").read_text().splitlines(), answer.stdout + answer.stderr


def test_the_environment_is_made_once_from_the_lock(bare: Path) -> None:
    code, calls, _ = make_environment(bare)
    installs = [call for call in calls if call.startswith("-m pip install")]
    assert code == 0
    assert "-m venv .venv" in calls
    assert len(installs) == 2
    assert all("--constraint envs/constraints.txt" in call for call in installs)
    assert calls[-1].startswith("-m compileall") and "--no-compile" in installs[-1]  # on all cores, which pip does not
    assert make_environment(bare)[1] == []


def test_a_changed_lock_is_installed_into_the_same_environment(bare: Path) -> None:
    make_environment(bare)
    later = (bare / ".venv" / "installed").stat().st_mtime + 10
    os.utime(bare / "envs" / "constraints.txt", (later, later))
    _, calls, _ = make_environment(bare)
    assert "-m venv .venv" not in calls
    assert any(call.startswith("-m pip install") for call in calls)


@pytest.mark.parametrize("step", ["-m venv", "--no-build-isolation"])
def test_an_interrupted_installation_starts_afresh(bare: Path, step: str) -> None:
    code, _, _ = make_environment(bare, fail=step)
    assert code != 0
    (bare / ".venv" / "half").touch()
    code, calls, _ = make_environment(bare)
    assert code == 0
    assert "-m venv .venv" in calls
    assert not (bare / ".venv" / "half").exists()


def test_a_moved_checkout_makes_its_environment_again(bare: Path) -> None:
    make_environment(bare)
    moved = bare.rename(bare.with_name(f"{bare.name} moved"))
    (moved / ".venv" / "old").touch()
    code, calls, output = make_environment(moved)
    assert code == 0 and "-m venv .venv" in calls and not (moved / ".venv" / "old").exists()
    assert ".venv was made for another checkout: it is made again for this one" in output
    assert make_environment(moved)[1] == []


def test_a_linked_environment_of_another_checkout_is_left_as_it_is(bare: Path, tmp_path: Path) -> None:
    make_environment(bare)
    other = bare / "other"
    shutil.copytree(bare, other, ignore=shutil.ignore_patterns(".venv", "other"))
    (other / ".venv").symlink_to(bare / ".venv")
    assert "-m venv .venv" in make_environment(other)[1]
    assert not (other / ".venv").is_symlink() and make_environment(bare)[1] == []


def test_settings_of_a_shell_for_other_programs_do_not_reach_pip(bare: Path) -> None:
    more = {"PYTHONPATH": "/elsewhere", "PYTHONHOME": "/elsewhere", "PIP_TARGET": "/elsewhere", "PIP_USER": "1"}
    assert make_environment(bare, **more)[0] == 0
    assert set((bare / "leaked").read_text().splitlines()) == {""}


def test_a_missing_python_is_one_line(bare: Path) -> None:
    code, _, output = make_environment(bare, python="")
    assert code != 0
    assert [line for line in output.splitlines() if not line.startswith("make")] == [
        "Python 3.11 or newer is needed, as python3.11 or python3: apt-get install python3.11"
    ]
