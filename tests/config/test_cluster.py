"""config.cluster and config.running: the user's cluster, and the jobs that a killed run has left in Slurm."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipeline import artifacts, config
from pipeline.artifacts import InputError
from pipeline.config import Run, cluster, running

# Answers as squeue does: two jobs of the run `abc`, none of another.
SQUEUE = """\
#!/bin/sh
case "$*" in
  *--name=abc*) echo '7|RUNNING|rule_train_lifting_wildcards_graphmdn_0'; echo '8|PENDING|rule_tabulate' ;;
esac
"""


@pytest.fixture
def run(repository_copy: Path, tmp_path: Path) -> Run:
    return config.load("demo", repository_copy).model_copy(update={"root": tmp_path})


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `squeue` of its own on the PATH."""
    program = tmp_path / "bin" / "squeue"
    artifacts.write_text(program, SQUEUE)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return program


def log(folder: Path, text: str) -> list[Path]:
    path = folder / "snakemake.log"
    path.write_text(text)
    return [path]


def test_a_mistake_in_the_users_file_is_one_line(tmp_path: Path) -> None:
    artifacts.write_text(tmp_path / cluster.FILE, "partitoin: main\n")
    with pytest.raises(InputError, match=r"cluster.yaml: partitoin: unknown key; did you mean 'partition'\?"):
        cluster.read(tmp_path)


def test_the_example_is_valid_and_names_every_key(repository_copy: Path, tmp_path: Path) -> None:
    example = (repository_copy / "profiles/slurm/cluster.example.yaml").read_text()
    artifacts.write_text(tmp_path / cluster.FILE, example)
    assert cluster.read(tmp_path).model_fields_set == set(cluster.Cluster.model_fields)


@pytest.mark.parametrize(("longest", "minutes"), [(None, [1440, 2880, 4320]), (36.0, [1440, 2160, 2160])])
def test_another_try_gets_more_time_up_to_the_partitions_limit(longest: float | None, minutes: list[int]) -> None:
    expression = cluster.Cluster(longest_hours=longest).minutes(1440)
    assert [eval(expression, {"attempt": attempt, "min": min}) for attempt in (1, 2, 3)] == minutes


def test_jobs_of_a_killed_run_are_found_and_keep_snakemake_from_starting(run: Run, slurm: Path, tmp_path: Path) -> None:
    artifacts.write_text(run.layout.running, "1\nabc\n")
    left = running.jobs_left(run)
    assert [(job.number, job.name, job.waits) for job in left] == [
        ("7", "train_lifting graphmdn_0", False),
        ("8", "tabulate", True),
    ]
    with pytest.raises(InputError, match=r"2 jobs of an earlier run of preset demo are still in Slurm \(7, 8\)"):
        running.hold(run, log(tmp_path, "SLURM run ID: new"))
    assert running.name_in_slurm(run) == "abc"  # the next try finds them too


@pytest.mark.parametrize("text", ["", "1\n", "1\n\n", "1\nof_another_run\n"])
def test_where_none_is_left_the_run_begins_and_its_name_is_kept(
    run: Run, slurm: Path, tmp_path: Path, text: str
) -> None:
    artifacts.write_text(run.layout.running, text)
    running.hold(run, log(tmp_path, "Using shell\nSLURM run ID: def-1\nmore"))
    assert run.layout.running.read_text() == f"{os.getpid()}\ndef-1\n"


def test_a_slurm_that_does_not_answer_is_no_empty_queue(run: Run, slurm: Path) -> None:
    slurm.write_text("#!/bin/sh\necho 'slurm_load_jobs error: Unable to contact slurm controller' >&2; exit 1\n")
    artifacts.write_text(run.layout.running, "1\nabc\n")
    with pytest.raises(InputError, match=r"squeue does not say .*Unable to contact slurm controller; try again"):
        running.jobs_left(run)


def test_without_slurm_no_job_is_left(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    artifacts.write_text(run.layout.running, "1\nabc\n")
    monkeypatch.setenv("PATH", "")
    assert running.jobs_left(run) == []
