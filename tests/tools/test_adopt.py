"""tools.adopt: what of a committed run another clone takes over, and what it trains itself.

The tools, the plan and the code are real; quick_stages.py replaces the stages.
"""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest
import quick_stages
from repository import replace_in, run_tool
from tiny_preset import copy_with_tiny

from pipeline import artifacts, config
from pipeline.artifacts import InputError
from pipeline.config import finished
from pipeline.config import plan as planning
from pipeline.config.code import Code
from pipeline.tools import adopt, kept, sync

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

DATA = ("prepare_crops", "prepare_keypoints", "prepare_images")
RESULTS = ["publish", "report", "tabulate"]


class Clone:
    """A copy of the repository in which Snakemake runs quick stages."""

    def __init__(self, folder: Path, of: Clone | None = None) -> None:
        """A fresh one, or a copy of another as it is."""
        self.folder = folder / "repository"
        if of:
            shutil.copytree(of.folder, self.folder, symlinks=True)
        else:
            copy_with_tiny(self.folder)
        self.path = quick_stages.install(folder / "bin")
        self.journal = folder / "journal"

    def run(self, *options: str) -> list[str]:
        """Run Snakemake; gives the jobs that it ran."""
        self.journal.write_text("")
        environment = {"PATH": self.path, "JOURNAL": str(self.journal), "RECORDS": "yes"}
        answer = run_tool("snakemake", "--cores", "2", *options, folder=self.folder, **environment)
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return sorted(self.journal.read_text().splitlines())

    def adopt(self) -> str:
        """Take over what is committed; gives what the tool says."""
        answer = run_tool("python", "-m", "pipeline", "adopt", folder=self.folder)
        assert answer.returncode == 0, answer.stderr
        return answer.stdout

    def make_otherwise(self, job: str, output: str) -> None:
        """Let an output be that of other code, as its job's record says."""
        (self.folder / output / "file").write_text("made otherwise")
        record = self.folder / "data/tiny/made" / f"{job}.json"
        made = artifacts.read_json(record)
        made["plan"]["code"]["pipeline/artifacts.py"] = "another"
        artifacts.write_json(record, made)

    def keep(self) -> Path:
        """Keep the run's finished variants, as `reference` does."""
        run = config.load("tiny", self.folder)
        reference = self.folder / "results" / "reference" / "tiny"
        shutil.copytree(run.layout.results, reference)
        jobs = planning.jobs(run, Code(cache=run.layout.code_digests))
        done = [one for one in kept.variants(jobs) if not one.difference(self.folder, self.folder.joinpath)]
        kept.write(run, jobs, done, reference)
        return reference


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a whole run left in results/reference."""
    clone = Clone(tmp_path_factory.mktemp("first"))
    clone.run()
    return clone.keep()


@pytest.fixture(scope="module")
def prepared(committed: Path, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """Another clone with the committed run and the preset's data."""
    made = Clone(tmp_path_factory.mktemp("prepared"))
    shutil.copytree(committed, made.folder / "results" / "reference" / "tiny")
    made.run("--until", *DATA)
    return made


@pytest.fixture
def clone(prepared: Clone, tmp_path: Path) -> Clone:
    """A copy of it for one test."""
    return Clone(tmp_path, of=prepared)


def test_what_is_the_same_is_not_trained_again(clone: Clone) -> None:
    benchmark = clone.folder / "logs/tiny/evaluate_lifting/graphmdn.jsonl"
    artifacts.write_text(benchmark, "of an earlier run")
    os.utime(benchmark, (0, 0))
    assert "12 variants taken over" in clone.adopt()
    assert clone.run() == RESULTS
    assert clone.run() == []
    assert "12 variants left as they are" in clone.adopt()


def test_a_variant_with_other_settings_code_or_data_is_trained(
    clone: Clone, capsys: pytest.CaptureFixture[str]
) -> None:
    replace_in(clone.folder / "params/tiny.yaml", "seeds_of: {}", "seeds_of:\n  graphmdn: 2")
    replace_in(
        clone.folder / "pipeline/lifting/models/hgn.py",
        "return non_local(residual(features))",
        "return non_local(1 * residual(features))",
    )
    clone.make_otherwise("prepare_images/boxes", "data/tiny/images/boxes")
    said = clone.adopt()
    for line in (
        "9 variants taken over",
        "train_lifting is not finished",
        "hgn.py changed",
        "data/tiny/images/boxes differs",
    ):
        assert line in said
    assert clone.run() == [
        "evaluate_detection boxes_l_mdn_3",
        "evaluate_lifting graphmdn",
        "evaluate_lifting hgn_64",
        *RESULTS,
        "train_detection boxes_l_mdn_3 seed_0",
        "train_lifting graphmdn seed_0",
        "train_lifting graphmdn seed_1",
        "train_lifting hgn_64 seed_0",
    ]


def test_data_that_another_processor_rounded_otherwise_counts_as_the_same(clone: Clone) -> None:
    meshes = clone.folder / "data/tiny/targets/meshes/file"
    meshes.write_text("the same meshes, rounded otherwise")
    assert "12 variants taken over" in clone.adopt()
    assert clone.run() == RESULTS
    record = artifacts.read_json(clone.folder / "data/tiny/made/train_lifting/hgn_64/seed_0.json")
    assert record["elsewhere"].keys() == {"data/tiny/targets/meshes"}
    assert record["data"]["data/tiny/targets/meshes"] != record["elsewhere"]["data/tiny/targets/meshes"]


def test_the_job_of_what_was_taken_over_puts_it_back(clone: Clone) -> None:
    """Snakemake runs the job if its inputs are made again, even with the same contents, and deletes the outputs first.

    The weights are elsewhere, so to do the job again would be to train again.
    """
    clone.adopt()
    settings = config.load("tiny", clone.folder)
    jobs = planning.jobs(settings, Code(cache=settings.layout.code_digests))
    (variant,) = [one for one in kept.variants(jobs) if one.name == "graphmdn"]
    records = [artifacts.read_json(clone.folder / job.made) for job in variant.jobs]
    for job, record in zip(variant.jobs, records, strict=True):
        for path in job.outputs:
            place = clone.folder / path
            shutil.rmtree(place) if place.is_dir() else place.unlink()
        (clone.folder / job.made).unlink()
        assert finished.take(job, clone.folder)
        assert all((clone.folder / path).exists() for path in job.outputs)
        assert artifacts.read_json(clone.folder / job.made) == record
    assert "elsewhere" in records[-1]  # the evaluation read weights that are not here


def test_sync_knows_what_was_taken_over(clone: Clone) -> None:
    clone.adopt()
    settings = config.load("tiny", clone.folder)
    jobs = planning.jobs(settings, Code(cache=settings.layout.code_digests))
    assert {job.name for job in sync.finished(settings, jobs)} == {job.name for job in jobs if job.stage not in RESULTS}


def test_data_of_other_code_does_not_count_as_the_same(clone: Clone) -> None:
    clone.make_otherwise("fit_body", "data/tiny/targets/meshes")
    said = clone.adopt()
    assert "11 variants taken over" in said
    assert "data/tiny/targets/meshes differs: fit_body: code: pipeline/artifacts.py changed" in said


def test_without_the_data_nothing_is_taken_over(committed: Path, tmp_path: Path) -> None:
    clone = Clone(tmp_path)
    shutil.copytree(committed, clone.folder / "results" / "reference" / "tiny")
    said = clone.adopt()
    assert "0 variants taken over" in said and "data: data/tiny/motion/ground_truth is not made yet" in said


def test_what_is_there_is_not_overwritten(clone: Clone) -> None:
    own = clone.folder / "data/tiny/train_lifting/graphmdn/seed_0/history.csv"
    artifacts.write_text(own, "my own")
    clone.adopt()
    assert own.read_text() == "my own"
    assert not (clone.folder / "results/tiny/metrics/graphmdn.json").exists()


def test_half_of_a_variant_is_taken_away_again(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it would count as begun, and no later call would complete it."""
    copy, copied = kept._copy, []

    def copy_some(source: Path, target: Path) -> None:
        if len(copied) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))
        copy(source, target)
        copied.append(target)

    settings = config.load("tiny", clone.folder)
    jobs = planning.jobs(settings, Code(cache=settings.layout.code_digests))
    (variant,) = [one for one in kept.variants(jobs) if one.name == "graphmdn"]
    with monkeypatch.context() as patched, pytest.raises(OSError, match="No space left"):
        patched.setattr(kept, "_copy", copy_some)
        kept.adopt(settings, variant, settings.reference)
    assert copied and not variant.begun(clone.folder)
    assert "12 variants taken over" in clone.adopt()


def test_weights_are_not_kept(committed: Path) -> None:
    assert (committed / "run/train_lifting/graphmdn/seed_0/file").exists()
    assert not list(committed.rglob("*.pt"))


def test_a_run_that_keeps_nothing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="results/reference/tiny/run: missing, so there is nothing to take over"):
        adopt.run(copy_with_tiny(tmp_path / "repository"))
