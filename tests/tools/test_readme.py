"""tools.readme: the result tables of README.md and docs/results.md equal the committed runs."""

from __future__ import annotations

import json
import math
import re
import shutil
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import finished_runs
import pytest
from repository import ROOT, replace_in

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.tools import readme, readme_cells
from pipeline.tools.readme_tables import TABLES, Row

Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The pages and the files that their tables are written from; a row that was not run has the numbers of another."""
    shutil.copytree(ROOT / "results/published", tmp_path / "results/published")
    for run in (file.parent for file in readme_cells.reference(ROOT).glob("*/run.json")):
        copy = readme_cells.reference(tmp_path) / run.name
        shutil.copytree(run / "metrics", copy / "metrics")
        for name in ("run.json", "claims.json"):
            shutil.copy(run / name, copy)
    for study in ("collapse", "batch_norm", "mixture_weight"):
        for folder in (f"studies/{study}/metrics", f"studies/{study}/tables"):
            shutil.copytree(readme_cells.reference(ROOT) / folder, readme_cells.reference(tmp_path) / folder)
    for page in readme.PAGES:
        (tmp_path / page).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / page, tmp_path / page)
    for name, table in TABLES.items():
        for row in table.rows:
            measured(tmp_path, table.preset, row, "hgn" if name == "hgn" else "graphmdn")
    readme.run(tmp_path)
    return tmp_path


def measured(root: Path, preset: str, row: Row, other: str) -> None:
    """Give a row's variant the metrics of another, unless it has its own."""
    folder = readme_cells.reference(root) / preset / "metrics"
    if (folder / f"{row.variant}.json").exists():
        return
    content = artifacts.read_json(folder / f"{other}.json")
    for seed in content["seeds"]:
        seed["predictions"] |= {row.prediction: seed["predictions"]["oracle"]} if row.prediction else {}
    artifacts.write_json(folder / f"{row.variant}.json", content | {"variant": row.variant})


def edit(root: Path, preset: str, variant: str, change: Change) -> None:
    finished_runs.edit(readme_cells.reference(root) / preset / "metrics" / f"{variant}.json", change)


def text_of(root: Path) -> str:
    """The pages, one after the other, after their tables were written."""
    assert readme.run(root) == 0
    return "\n".join((root / page).read_text(encoding="utf-8") for page in readme.PAGES)


def row(root: Path, label: str) -> str:
    """A row of a written table."""
    lines = text_of(root).splitlines()
    (found,) = [line for line in lines if line.startswith(f"| {label} | ")]
    return found


def sentence(root: Path, preset: str, after: str) -> str:
    """The sentence above a table, in one line."""
    block = text_of(root).split(f"<!-- results: {after} -->")[1]
    text = " ".join(block.split("\n\n")[1].split())
    assert text.startswith(f"Preset `{preset}`: ")
    return text


# --- the repository's own pages ---------------------------------------------------------------------------------------


def test_the_pages_equal_the_committed_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert readme.run(ROOT, check=True) == 0, capsys.readouterr().out


def test_every_row_was_run() -> None:
    """Whoever copies a run with a missing row finds out here, and not a reader."""
    texts = readme.texts(ROOT)
    for name, table in TABLES.items():
        assert readme_cells.NOT_RUN not in texts[name] or readme_cells.unfinished(ROOT, table.preset), name


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").split()) <= 1200


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda page: page.name
)
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if "://" in link:
            continue
        file, _, heading = link.partition("#")
        target = page.parent / file if file else page
        assert target.exists(), link
        if heading:
            lines = target.read_text(encoding="utf-8").splitlines()
            titles = [line.lstrip("# ").lower() for line in lines if line.startswith("#")]
            assert heading in [re.sub(r"[^\w -]", "", title).replace(" ", "-") for title in titles], link


# --- what changes it --------------------------------------------------------------------------------------------------


def test_a_number_changed_by_hand_is_found_and_put_right(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (root / "docs/results.md").read_text(encoding="utf-8")
    number = row(root, "HGN").split(" | ")[1]
    replace_in(root / "docs/results.md", f"| HGN | {number} |", "| HGN | 12.5 |")
    assert readme.run(root, check=True) == 1
    said = capsys.readouterr().out
    assert said.endswith("results.md: `hgn` differs from results/reference; run `python -m pipeline readme`\n")
    assert readme.run(root) == 0
    assert (root / "docs/results.md").read_text(encoding="utf-8") == before


def test_a_changed_metrics_file_changes_the_table(root: Path) -> None:
    def better(content: dict[str, Any]) -> None:
        content["seeds"][0]["predictions"]["mean"]["mpjpe"]["action_average"] = 12.34

    edit(root, "mini", "graphmdn", lambda content: content.update(seeds=content["seeds"][:1]))
    edit(root, "mini", "graphmdn", better)
    assert readme.run(root, check=True) == 1
    assert row(root, "GraphMDN (Mean)").startswith("| GraphMDN (Mean) | 12.3 | 38.7 | ")
    assert readme.run(root, check=True) == 0


def test_text_around_the_tables_is_not_changed(root: Path) -> None:
    replace_in(root / "README.md", "# MixPose\n", "# MixPose, by hand\n")
    edit(root, "mini", "semgcn_17", lambda content: content.update(seeds=content["seeds"][:1]))
    replace_in(root / "README.md", "## Two commands\n", "## Two commands, by hand\n")
    text = text_of(root)
    assert text.startswith("# MixPose, by hand\n") and "\n## Two commands, by hand\n" in text


def test_a_published_number_comes_from_its_file(root: Path) -> None:
    file = root / "results/published/graphmdn_table1.csv"
    replace_in(file, "Ours (Mean)|Protocol #1,Avg.,38.7,mm", "Ours (Mean)|Protocol #1,Avg.,99.90,mm")
    assert " | 99.90 | " in row(root, "GraphMDN (Mean)")


def test_seeds_poses_and_epochs_are_those_of_the_metrics(root: Path) -> None:
    for variant in ("hgn", "hgn_fine", "hgn_coarse", "hgn_no_mesh_loss", "semgcn_17"):
        edit(root, "mini", variant, lambda content: content["training"].update(epochs=4, epochs_stated=100))
    assert "three seeds (mean ± standard deviation); mm" in sentence(root, "mini", "hgn")
    edit(root, "mini", "hgn", lambda content: content.update(seeds=content["seeds"][:1]))
    edit(root, "mini", "hgn", lambda content: content["data"].update(train_poses=1000))
    edit(root, "mini", "hgn_fine", lambda content: content["training"].update(epochs=7))
    assert sentence(root, "mini", "hgn") == (
        "Preset `mini`: 1,000 to 80,718 training poses, 4 to 7 epochs (100 stated), one to three seeds (mean ± "
        "standard deviation, where there are several); mm, averaged action by action."
    )
    seeds = artifacts.read_json(readme_cells.reference(root) / "mini/metrics/hgn.json")["seeds"]
    error = seeds[0]["predictions"]["point"]["mpjpe"]["action_average"]
    assert row(root, "HGN").startswith(f"| HGN | {error:.1f} | 37.32 | ")
    assert row(root, "HGN").endswith(" | 4 / 100 |")
    assert row(root, "HGN with the fine mesh alone").endswith(" | 7 / 100 |")


def test_a_run_that_is_not_finished_says_which_rows_are_to_come(root: Path) -> None:
    for found in TABLES["hgn"].rows:
        (readme_cells.reference(root) / f"mini/metrics/{found.variant}.json").unlink()
    about = readme_cells.reference(root) / "mini/run.json"
    finished_runs.edit(about, lambda content: content.update(note="Not finished: 8 of 9 variants so far."))
    text = " ".join(text_of(root).split())
    assert "Preset `mini` is not finished, and none of these rows was run so far: SemGCN; HGN with the coarse" in text
    finished_runs.edit(about, lambda content: content.update(note=None))
    with pytest.raises(InputError, match=r"none of semgcn_17, \.\.\., hgn; copy a run with"):
        readme.run(root)


def test_a_variant_without_metrics_was_not_run(root: Path) -> None:
    (readme_cells.reference(root) / "mini/metrics/graphmdn.json").unlink()
    assert row(root, "GraphMDN (Mean)") == "| GraphMDN (Mean) | not run | 38.7 | not run | 30.0 | not run |"
    (readme_cells.reference(root) / "demo/metrics/pose_l_mdn_3.json").unlink()
    assert row(root, "keypoints, mixture of three") == (
        "| keypoints, mixture of three | not run | not run | not run | not run |"
    )


def test_the_split_of_a_mixture_is_given_per_seed(root: Path) -> None:
    """Which seed's mixture splits is chance, so a mean over seeds means nothing."""

    def collapsed_beside_it(content: dict[str, Any]) -> None:
        (first,) = content["seeds"]
        first["modes"]["plain"] |= {"ap": 22.9, "ap_50": 60.6}
        views = zip(first["mixture"]["components"], (59.0, 41.0, 0.0), (11.0, 71.0, None), strict=True)
        first["mixture"]["components"] = [part | {"share": share, "back_views": back} for part, share, back in views]
        shares = zip(first["mixture"]["components"], (99.0, 1.0, 0.0), strict=True)
        collapsed = {"collapsed": True, "components": [part | {"share": share} for part, share in shares]}
        plain = first["modes"]["plain"] | {"ap": 12.9}
        second = {"seed": 1, "modes": first["modes"] | {"plain": plain}, "mixture": first["mixture"] | collapsed}
        content["seeds"].append(first | second)

    assert "With one seed, a difference of a few AP may be chance." in sentence(root, "demo", "images")
    edit(root, "demo", "pose_l_mdn_3", collapsed_beside_it)
    assert row(root, "keypoints, mixture of three") == (
        "| keypoints, mixture of three | 17.9 ± 7.1 | 60.6 ± 0.0 | 59 / 41 / 0; 99 / 1 / 0 (collapsed) | "
        "by viewpoint: 11 / 71 / - % of their people seen from the back; - |"
    )
    assert "; one to two seeds (mean ± " in sentence(root, "demo", "images")


def test_the_runs_themselves_are_listed(root: Path) -> None:
    machine = {"processor": "A Fast One", "cpu_capability": "AVX512", "cores": 2, "gpu": None}
    values = {
        "machine": machine,
        "commits": ["abcdef0123", "1234567890"],
        "torch": "2.13.0",
        "training_hours": 1.5,
        "date": "2026-11-26",
        "note": None,
    }
    finished_runs.edit(readme_cells.reference(root) / "demo/run.json", lambda content: content.update(values))
    assert row(root, "[demo](../results/reference/demo/README.md)") == (
        "| [demo](../results/reference/demo/README.md) | 2026-11-26 | `abcdef0`, `1234567` | A Fast One, AVX512, "
        "2 cores | 2.13.0 | 1.5 |"
    )
    assert "- `demo`: " not in text_of(root)


def test_claims_are_counted_by_state(root: Path) -> None:
    states = ["held", "held", "not run", "indicated", "contra-indicated", "not run", "not run"]
    claims = readme_cells.reference(root) / "demo/claims.json"
    artifacts.write_json(claims, {"schema": 2, "claims": [{"state": state} for state in states]})
    assert row(root, "[demo](../results/reference/demo/claims.md)").endswith(") | 2 | 1 | 0 | 1 | 0 | 3 |")


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("<!-- results: hgn -->\n", "", "expected `<!-- results: hgn -->` ... `<!-- end -->` once, found it 0 times"),
        ("<!-- results: hgn -->", "<!-- results: hng -->", "expected `<!-- results: hgn -->` ... `<!-- end -->` once"),
        ("# Results\n", "<!-- results: x -->\n<!-- end -->\n", "`<!-- results: x -->`: no such table; the names are"),
        ("# Results\n", "<!-- end -->\n", "has no partner"),
    ],
)
def test_a_comment_that_is_missing_or_misspelt(root: Path, before: str, after: str, words: str) -> None:
    replace_in(root / "docs/results.md", before, after)
    with pytest.raises(InputError) as refused:
        readme.run(root)
    assert words in str(refused.value) and "\n" not in str(refused.value)


def test_a_table_on_both_pages(root: Path) -> None:
    replace_in(root / "README.md", "# MixPose\n", "<!-- results: hgn -->\n<!-- end -->\n")
    with pytest.raises(InputError, match="found it 2 times"):
        readme.run(root)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda content: content.pop("variant"),
            "hgn.json: variant: is missing; run `python -m pipeline",
        ),
        (lambda content: content.update(preset="demo"), "hgn.json: is of variant hgn, preset demo; "),
        (lambda content: content["seeds"][0]["predictions"].pop("point"), "HGN: hgn predicts no 'mean'"),
    ],
)
def test_metrics_that_cannot_be_used(root: Path, change: Change, words: str) -> None:
    edit(root, "mini", "hgn", change)
    with pytest.raises(InputError) as refused:
        readme.run(root)
    assert words in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"schema": 2}, "'claims' is missing; run `python -m pipeline reference` again"),
        ({"schema": 1, "claims": [{"state": "held"}]}, "schema 1; run `python -m pipeline reference` again"),
        ({"schema": 2, "claims": [{"state": "true"}]}, "no state 'true'; run `python -m pipeline reference` again"),
    ],
)
def test_claims_that_cannot_be_counted(root: Path, content: dict[str, Any], words: str) -> None:
    artifacts.write_json(readme_cells.reference(root) / "demo/claims.json", content)
    with pytest.raises(InputError) as refused:
        readme.run(root)
    assert f"demo/claims.json: {words}" in str(refused.value) and "\n" not in str(refused.value)


def test_a_number_that_is_none(root: Path) -> None:
    file = readme_cells.reference(root) / "mini/metrics/hgn.json"
    content = artifacts.read_json(file)
    content["seeds"][1]["predictions"]["point"]["mpjpe"]["action_average"] = math.nan
    file.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(
        InputError, match=r"hgn\.json: seeds\.1\.predictions\..*action_average: is nan, which is no number; "
    ):
        readme.run(root)


def test_no_committed_run(root: Path) -> None:
    shutil.rmtree(readme_cells.reference(root) / "demo/metrics")
    with pytest.raises(
        InputError, match=r"none of pose_l_base, \.\.\., boxes_l_mdn_3; copy a run with `make reference`"
    ):
        readme.run(root)


def test_a_published_row_that_is_not_there(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = TABLES["hgn"]
    monkeypatch.setitem(table.paper_cells, "mpjpe", (" misspelt", "MPJPE (mm)"))
    with pytest.raises(InputError, match=r"hgn_table2\.csv: no row"):
        readme.run(root)


def test_a_remedys_row_is_its_mean_over_seeds(root: Path) -> None:
    def two_seeds(content: dict[str, Any]) -> None:
        content["seeds"] = content["seeds"][:2]
        values = ((70.0, 60.0, 4.0, [0.2] * 5), (74.0, 64.0, 5.0, [0.04, 0.24, 0.24, 0.24, 0.24]))
        for seed, (mean, oracle, used, weights) in zip(content["seeds"], values, strict=True):
            seed["predictions"]["mean"]["mpjpe"]["action_average"] = mean
            seed["predictions"]["oracle"]["mpjpe"]["action_average"] = oracle
            seed["mixture"]["components_used"]["over_5_percent_on_average"] = used
            seed["mixture"] |= {"mean_weights": weights, "spread_mm": {"x": 10.0, "y": 2 * used, "depth": 30.0}}

    edit(root, "studies/collapse", "small_annealed", two_seeds)
    assert row(root, "Annealed responsibilities") == (
        "| Annealed responsibilities | 4.5 of 5 | 1 of 2 | 72.0 ± 2.8 | 62.0 ± 2.8 | 10 / 9 / 30 |"
    )
    (readme_cells.reference(root) / "studies/collapse/metrics/small_annealed.json").unlink()
    assert row(root, "Annealed responsibilities") == "| Annealed responsibilities |" + 5 * " not run |"


def test_a_networks_row_of_the_batch_norm_study_agrees_with_its_metrics(root: Path) -> None:
    folder = readme_cells.reference(root) / "studies/batch_norm"
    seeds = artifacts.read_json(folder / "metrics/resgcn.json")["seeds"]
    renewed = [seed["predictions"]["point"]["mpjpe"]["action_average"] for seed in seeds]
    running = [seed["running_statistics"]["point"]["mpjpe"] for seed in seeds]
    cells = row(root, "ResGCN, authors' recipe").strip("| ").split(" | ")
    for cell, values in ((cells[5], renewed), (cells[6], running)):
        assert cell == f"{statistics.fmean(values):.1f} ± {statistics.stdev(values):.1f}"
    # The gap after the last epoch is of single validations, so it agrees with the means of the evaluation.
    assert float(cells[4].split()[0]) == pytest.approx(statistics.fmean(running) - statistics.fmean(renewed), abs=0.1)


def test_a_row_of_the_study_of_weights_agrees_with_its_metrics(root: Path) -> None:
    folder = readme_cells.reference(root) / "studies/mixture_weight"
    seeds = artifacts.read_json(folder / "metrics/mixture_a_tenth.json")["seeds"]
    cells = row(root, "Mixture of two, weight 0.01").strip("| ").split(" | ")
    for cell, mode, name in zip(cells[1:], ("plain", "plain", "refined", "refined"), ("ap", "ap_50") * 2, strict=True):
        values = [seed["modes"][mode][name] for seed in seeds]
        assert cell == f"{statistics.fmean(values):.1f} ± {statistics.stdev(values):.1f}"


def test_a_studys_missing_table_is_named(root: Path) -> None:
    (readme_cells.reference(root) / "studies/batch_norm/tables/batch_norm_gap.csv").unlink()
    with pytest.raises(InputError, match=r"batch_norm_gap\.csv: cannot be read .*--preset batch_norm"):
        readme.run(root)
