"""pipeline/config: what a preset grants, and that every mistake in the settings is one line naming file and key."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
import small_params
from small_params import SMALL, edit, says

from pipeline import __main__ as command_line
from pipeline import config
from pipeline.artifacts import InputError
from pipeline.config.lifting import Schedule, ScheduleKind

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return small_params.write(tmp_path)


# --- what is granted --------------------------------------------------------------------------------------------------


def test_the_repository_s_own_presets_load() -> None:
    names = config.presets(REPOSITORY)
    assert {"demo", "mini", "paper"} <= set(names)
    for name in names:
        assert config.load(name, REPOSITORY).preset_name == name
    assert config.load(None, REPOSITORY).preset_name == "demo"


def test_a_variant_may_have_seeds_of_its_own(root: Path) -> None:
    edit(root, "params/small.yaml", "seeds: 2\n", "seeds: 2\nseeds_of:\n  semgcn: 3\n  graphmdn: 1\n")
    run = config.load(None, root)
    assert [run.seeds_of(name) for name in ("mean_pose", "semgcn", "graphmdn")] == [(0, 1), (0, 1, 2), (0,)]


def test_epochs_by_the_kind_of_schedule(root: Path) -> None:
    names = ("semgcn", "graphmdn", "mean_pose")  # step, one_cycle, none
    edit(root, "params/small.yaml", "  epochs: 3\n", "  epochs:\n    one_cycle: 8\n    constant: 5\n")
    run = config.load(None, root)
    assert [run.variant(name).schedule_kind for name in names] == ["step", "one_cycle", "constant"]
    assert [run.epochs(name) for name in names] == [30, 8, 5]  # `step` is not listed: as stated
    edit(root, "params/small.yaml", "seeds: 2\n", "seeds: 2\nepochs_of:\n  semgcn: 4\n  graphmdn: 1\n")
    assert [config.load(None, root).epochs(name) for name in names] == [4, 1, 5]


def test_a_variant_may_have_epochs_of_its_own_beside_one_number_and_beside_none(root: Path) -> None:
    edit(root, "params/small.yaml", "seeds: 2\n", "seeds: 2\nepochs_of:\n  semgcn: 4\n")
    edit(root, "params/real.yaml", "description: CMU\n", "description: CMU\nepochs_of:\n  semgcn: 4\n")
    for preset, others in (("small", 3), ("real", 2)):
        run = config.load(preset, root)
        assert (run.epochs("semgcn"), run.epochs("graphmdn")) == (4, others)


def test_every_kind_of_schedule_can_be_granted_epochs() -> None:
    schedules = get_args(get_args(Schedule)[0])
    kinds = {get_args(schedule.model_fields["kind"].annotation)[0] for schedule in schedules}
    assert set(get_args(ScheduleKind)) == kinds | {"constant"}


def test_a_preset_grants_seeds_variants_and_epochs(root: Path) -> None:
    small, real = config.load(None, root), config.load("real", root)
    assert (small.seeds_of("semgcn"), real.seeds_of("semgcn")) == ((0, 1), (0,))
    assert small.why_not_run("semgcn") is None
    assert small.why_not_run("graphmdn") == "preset small trains the core variants only"
    assert real.why_not_run("graphmdn") is None
    assert [small.epochs("semgcn"), real.epochs("semgcn"), real.epochs("graphmdn")] == [3, 30, 2]
    assert small.layout.checkpoint("semgcn", 1) == root / "data/small/train_lifting/semgcn/seed_1/checkpoint.pt"


def test_a_preset_can_list_its_variants(root: Path) -> None:
    edit(root, "params/small.yaml", "variants: core", "variants:\n  - graphmdn")
    run = config.load(None, root)
    assert run.why_not_run("graphmdn") is None
    assert run.why_not_run("semgcn") == "preset small trains only those that it lists"


def test_settings_do_not_change(root: Path) -> None:
    run = config.load(None, root)
    with pytest.raises(ValueError, match="frozen"):
        run.variant("semgcn").epochs = 1


# --- mistakes ---------------------------------------------------------------------------------------------------------

STEP = "      kind: step\n      factor: 0.96\n      every_epochs: 4.1"


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        # an unknown key, with the nearest that exists at its place
        ("params.yaml", "mirror: null", "miror: null", "params.yaml: miror: unknown key; did you mean 'mirror'?"),
        (
            "params.yaml",
            "epochs: 30",
            "epocs: 30",
            "lifting_variants.semgcn.epocs: unknown key; did you mean 'epochs'?",
        ),
        ("params.yaml", "convolution:", "convolutoin:", "semgcn.model.convolutoin: unknown key; did you mean 'convol"),
        ("params.yaml", "batch_size", "batchsize", "graphmdn.optimizer.batchsize: unknown key; did you mean 'batch_s"),
        (
            "params.yaml",
            "mirror: null",
            "quokka: 1",
            "params.yaml: quokka: unknown key; there is detection_variants, lifting_variants, mirror",
        ),
        (
            "params/small.yaml",
            "threads: 1",
            "thread: 1",
            "params/small.yaml: thread: unknown key; did you mean 'threads",
        ),
        ("params/small.yaml", "epochs: 3", "epoch: 3", "lifting.epoch: unknown key; did you mean 'epochs'?"),
        (
            "params/small.yaml",
            "epochs: 3",
            "epochs:\n    one_cicle: 8",
            "lifting.epochs.one_cicle: expected 'step', 'exponential', 'one_cycle', 'warm_up' or 'constant', "
            "found 'one_cicle'; did you mean 'one_cycle'?",
        ),
        # the same where the key is one that must be there
        ("params.yaml", "preset: small", "presets: small", "presets: unknown key; did you mean 'preset'?"),
        (
            "params.yaml",
            "every_epochs",
            "every_epoch",
            "schedule.every_epoch: unknown key; did you mean 'every_epochs'?",
        ),
        (
            "params/small.yaml",
            "frames_per",
            "frame_per",
            "motion.frame_per_second: unknown key; did you mean 'frames_per",
        ),
        (
            "params/real.yaml",
            "test_subjects",
            "test_subject",
            "motion.test_subject: unknown key; did you mean 'test_sub",
        ),
        # a key that is missing
        ("params.yaml", "    paper: sanity\n", "", "params.yaml: lifting_variants.mean_pose.paper: missing"),
        ("params/small.yaml", "  seconds_per_take: 12\n", "", "params/small.yaml: motion.seconds_per_take: missing"),
        # a wrong type or value
        ("params.yaml", "epochs: 30", "epochs: many", "semgcn.epochs: input should be a valid integer"),
        ("params.yaml", "epochs: 30", "epochs: 30.5", "semgcn.epochs: input should be a valid integer"),
        (
            "params.yaml",
            "epochs: 30",
            "epochs: 0",
            "semgcn.epochs: input should be greater than or equal to 1, found 0",
        ),
        ("params.yaml", "epochs: 30", "epochs: '30'", "semgcn.epochs: input should be a valid integer, found '30'"),
        ("params.yaml", "epochs: 30", "epochs: true", "semgcn.epochs: input should be a valid integer, found True"),
        ("params/small.yaml", "epochs: 3", "epochs: many", "lifting.epochs: input should be a valid integer, found 'm"),
        (
            "params/small.yaml",
            "epochs: 3",
            "epochs: 0",
            "lifting.epochs: input should be greater than or equal to 1, f",
        ),
        (
            "params/small.yaml",
            "epochs: 3",
            "epochs:\n    step: 0",
            "lifting.epochs.step: input should be greater than ",
        ),
        (
            "params/small.yaml",
            "epochs: 3",
            "epochs:\n    step: null",
            "lifting.epochs.step: input should be a valid int",
        ),
        ("params/small.yaml", "epochs: 3", "epochs:\n  - 3", "lifting.epochs: input should be a valid integer"),
        ("params/small.yaml", "seeds: 2", "seeds: 2\nepochs_of:\n  semgcn: 0", "epochs_of.semgcn: input should be gr"),
        ("params.yaml", "  - 2\n", "  - two\n", "seeds.2: input should be a valid integer"),
        ("params.yaml", "  - 2\n", "  - 1\n", "params.yaml: seeds: 1 is listed twice"),
        ("params.yaml", "title: SemGCN", "title: 3", "semgcn.title: input should be a valid string, found 3"),
        ("params.yaml", "      convolution: semantic", "      - semantic", "lifting_variants.semgcn.model: "),
        ("params.yaml", f"schedule:\n{STEP}", "schedule: step", "lifting_variants.semgcn.schedule: "),
        (
            "params/small.yaml",
            "device: cpu",
            "device: gpu",
            "device: expected 'auto', 'cpu' or 'cuda', found 'gpu'; did",
        ),
        ("params/small.yaml", "take: 12", "take: .inf", "motion.seconds_per_take: input should be a finite number"),
        # an unknown word, with the nearest
        ("params.yaml", "semantic", "semantik", "semgcn.model.convolution: expected 'vanilla', 'semantic', 'sem"),
        ("params.yaml", "kind: step", "kind: stepp", "schedule.kind: unknown word 'stepp'; did you mean 'step'?"),
        ("params.yaml", "      kind: step\n", "", "params.yaml: lifting_variants.semgcn.schedule.kind: missing"),
        ("params/small.yaml", "source: synthetic", "source: sinthetic", "motion.source: unknown word 'sinthetic'; did"),
        (
            "params/small.yaml",
            "variants: core",
            "variants: cor",
            "small.yaml: variants: expected 'core' or 'all', found 'c",
        ),
        # what does not go together
        ("params/small.yaml", "variants: core", "variants:\n  - semgc", "variant 'semgc'; did you mean 'semgcn'?"),
        ("params/small.yaml", "seeds: 2", "seeds: 4", "params/small.yaml: seeds: asks for 4, params.yaml lists 3"),
        (
            "params/small.yaml",
            "seeds: 2",
            "seeds: 2\nseeds_of:\n  semgcn: 4",
            "params/small.yaml: seeds: asks for 4, params.yaml lists 3",
        ),
        (
            "params/small.yaml",
            "seeds: 2",
            "seeds: 2\nseeds_of:\n  semgcm: 1",
            "params/small.yaml: seeds_of: unknown variant 'semgcm'; did you mean 'semgcn'?",
        ),
        (
            "params/small.yaml",
            "seeds: 2",
            "seeds: 2\nepochs_of:\n  semgcm: 1",
            "params/small.yaml: epochs_of: unknown variant 'semgcm'; did you mean 'semgcn'?",
        ),
        ("params.yaml", "sigma: per_joint", "level: node", "lifting_variants.graphmdn.head: joints share nothing"),
        ("params/real.yaml", '"10"', '"08"', "params/real.yaml: motion: subject 08 is in train_subjects and in test_s"),
        ("params/real.yaml", '"08"', '"01"', "motion.train_subjects: 01 is listed twice"),
        # a preset that is none
        ("params.yaml", "preset: small", "preset: smal", "params.yaml: preset: no preset 'smal' in params/; did you m"),
        ("params.yaml", "preset: small", "preset: 3", "params.yaml: preset: input should be a valid string, found 3"),
        # a name that no tool could take
        ("params.yaml", "  mean_pose:", "  mean/pose:", "params.yaml: lifting_variants.mean/pose: string should match"),
        # what the two dialects read differently
        (
            "params.yaml",
            "6.0e-3",
            "6e-3",
            "params.yaml: lifting_variants.graphmdn.schedule.peak: Snakemake (YAML 1.1) and",
        ),
        ("params/small.yaml", "seed: 0", "seed: 010", "params/small.yaml: motion.seed: Snakemake (YAML 1.1) and DVC"),
        (
            "params/small.yaml",
            "threads: 1",
            "threads: 1:30",
            "params/small.yaml: threads: Snakemake (YAML 1.1) and DVC",
        ),
        ("params/real.yaml", '"08"', "08", "params/real.yaml: motion.train_subjects[1]: Snakemake (YAML 1.1) and DVC"),
        ("params/real.yaml", '"10"', "10", "params/real.yaml: motion.test_subjects.1: input should be a valid string"),
        # what is no YAML
        ("params.yaml", "preset: small", "preset: [small", "params.yaml: line 2: not YAML"),
        ("params.yaml", "  mean_pose:", "\tmean_pose:", "params.yaml: line 8: not YAML"),
        ("params.yaml", "  graphmdn:", "  semgcn:", "params.yaml: line 25: not YAML: found duplicate key"),
        ("params/small.yaml", "threads: 1", "threads: \x00", "params/small.yaml: "),
        ("params/small.yaml", SMALL, "", "params/small.yaml: expected a mapping of keys to values"),
        ("params/small.yaml", SMALL, "- small", "params/small.yaml: expected a mapping of keys to values"),
    ],
)
def test_a_mistake_is_one_line(root: Path, file: str, old: str, new: str, expected: str) -> None:
    edit(root, file, old, new)
    message = says(root, "real" if "real" in file else None)
    assert message.startswith(file) and expected in message, message


def test_a_word_of_a_choice_is_suggested(root: Path) -> None:
    edit(root, "params.yaml", "semantic", "vanila")
    assert says(root).endswith("found 'vanila'; did you mean 'vanilla'?")


def test_an_unknown_preset_on_the_command_line(root: Path) -> None:
    assert says(root, "smalll") == "--preset: no preset 'smalll' in params/; did you mean 'small'?"
    assert says(root, "../params") == "--preset: no preset '../params' in params/; there is real, small"


def test_an_unknown_variant(root: Path) -> None:
    run = config.load(None, root)
    with pytest.raises(InputError, match=r"params.yaml: lifting_variants has no 'semgnc'; did you mean 'semgcn'\?"):
        run.variant("semgnc")


def test_a_file_that_is_missing_or_no_text(root: Path) -> None:
    (root / "params.yaml").write_bytes(b"preset: \xff\xfe")
    assert says(root).startswith("params.yaml: ")
    (root / "params.yaml").unlink()
    assert says(root).startswith("params.yaml: missing")


# --- on the command line ----------------------------------------------------------------------------------------------


def pipeline(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-m", "pipeline", *arguments]
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)


def test_a_mistake_ends_with_2_before_any_work(root: Path) -> None:
    edit(root, "params.yaml", "epochs: 30", "epocs: 30")
    before = sorted(root.rglob("*"))
    ended = pipeline(root, "prepare_motion")
    assert ended.returncode == 2 and ended.stdout == ""
    assert ended.stderr == "error: params.yaml: lifting_variants.semgcn.epocs: unknown key; did you mean 'epochs'?\n"
    assert sorted(root.rglob("*")) == before


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("my preset", "small letters, digits and _ only"),
        ("Demo", "small letters, digits and _ only"),
        ("published", "the pipeline's own"),
        ("raw", "the pipeline's own"),
        ("licensed", "the pipeline's own"),
        ("imported", "the pipeline's own"),
        ("null", "in YAML the word is no text"),
        ("on", "in YAML the word is no text"),
    ],
)
def test_a_preset_with_a_reserved_or_invalid_name_is_refused(tmp_path: Path, name: str, reason: str) -> None:
    root = small_params.write(tmp_path)
    (root / "params" / f"{name}.yaml").write_text(small_params.SMALL)
    said = small_params.says(root, name)
    assert said.startswith(f"params/{name}.yaml: a preset cannot have the name {name!r}") and reason in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["train_lifting", "--variant", "semgnc", "--seed", "0", "--preset", "real"],
            "has no 'semgnc'; did you mean 'semgcn'?",
        ),
        (["train_lifting", "--variant", "semgnc", "--seed", "0"], "has no 'semgnc'; did you mean 'semgcn'?"),
        (
            ["evaluate_lifting", "--variant", "semgcn", "--preset", "reel"],
            "--preset: no preset 'reel' in params/; did you",
        ),
    ],
)
def test_a_wrong_word_ends_with_2(
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    words: str,
) -> None:
    monkeypatch.chdir(root)
    before = sorted(root.rglob("*"))
    assert command_line.main(arguments) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ") and said.count("\n") == 1 and words in said
    assert sorted(root.rglob("*")) == before


@pytest.mark.parametrize(
    "arguments",
    [
        ["trainlift"],
        ["train_lifting"],
        ["train_lifting", "--variant", "semgcn"],
        ["train_lifting", "--variant", "semgcn", "--seed", "first"],
        ["evaluate_lifting", "--variant", "semgcn", "--seed", "0"],
        ["prepare_images"],
        ["prepare_images", "--task", "poses"],
        ["prepare_motion", "--variant", "semgcn"],
        [],
    ],
)
def test_a_wrong_command_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        command_line.main(arguments)
    assert caught.value.code == 2
    assert "usage: python -m pipeline" in capsys.readouterr().err
