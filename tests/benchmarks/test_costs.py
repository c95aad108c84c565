"""What the tools themselves cost: nothing to do, a whole demo with the stages stood in for, and the small commands.

Each figure stands beside one that the same tool cannot avoid, taken in the same run. Measure on a machine that does
nothing else.
"""

from __future__ import annotations

import resource
import time
from pathlib import Path

import pytest
import quick_stages
import tool_server
from repository import copy_of_repository, run_tool

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(600)]


def cost(folder: Path, *command: str, **environment: str) -> tuple[float, float]:
    """Seconds by the clock, and of CPU with all that the command started."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    answer = run_tool(*command, folder=folder, **{"PATH": tool_server.USUAL_PATH, **environment})
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A fresh clone: what one tool has made, DVC would take from its cache for the other."""
    return copy_of_repository(tmp_path / "repository")


@pytest.fixture
def environment(folder: Path) -> dict[str, str]:
    return {
        "PATH": quick_stages.install(folder.parent / "bin", served=False),
        "JOURNAL": str(folder.parent / "journal"),
    }


TOOLS = {
    "snakemake": (("snakemake", "--cores", "2"), ("snakemake", "--version"), 3.0, 30.0),
    "dvc": (("dvc", "repro"), ("dvc", "version"), 5.0, 60.0),
}


@pytest.mark.parametrize("name", TOOLS)
def test_a_whole_demo_and_then_nothing_to_do(folder: Path, environment: dict[str, str], name: str) -> None:
    command, least, unchanged_limit, whole_limit = TOOLS[name]
    _, whole = cost(folder, *command, **environment)
    jobs = len((folder.parent / "journal").read_text().splitlines())
    (folder.parent / "journal").unlink()
    unchanged = min(cost(folder, *command, **environment)[0] for _ in range(3))
    assert not (folder.parent / "journal").exists()
    start = min(cost(folder, *least)[0] for _ in range(3))
    _, of_a_job = cost(folder, "python", "-m", "pipeline", "download", "--preset", "demo", **environment)
    own = whole - jobs * of_a_job
    print(
        f"\n{name}: {own:.1f} s of CPU of its own for {jobs} jobs; with nothing to do {unchanged:.2f} s, "
        f"{unchanged / start:.1f} times `{' '.join(least)}`"
    )
    assert own < whole_limit
    assert unchanged < unchanged_limit


@pytest.mark.parametrize("command", [("--help",), ("plan",), ("doctor",)], ids=" ".join)
def test_small_commands_answer_within_a_second(folder: Path, command: tuple[str, ...]) -> None:
    seconds = min(cost(folder, "python", "-m", "pipeline", *command)[0] for _ in range(3))
    bare = min(cost(folder, "python", "-c", "import pydantic, numpy")[0] for _ in range(3))
    print(f"\n{' '.join(command)}: {seconds:.2f} s, {seconds / bare:.1f} times the import of pydantic and numpy")
    assert seconds < 1.0
