"""The text of the result tables, from the committed runs in results/reference/<preset> and the published numbers."""

from __future__ import annotations

import statistics
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.detection.results import DetectionResults, Mixture
from pipeline.lifting.results import LiftingResults
from pipeline.report import finite, provenance
from pipeline.report.published import Published
from pipeline.tools.readme_tables import DetectionTable, LiftingTable, Row

NONE = "-"
NOT_RUN = "not run"
WIDTH = 120
WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
NAMES = {"pose": "keypoints", "boxes": "boxes"}

Found = TypeVar("Found", LiftingResults, DetectionResults)


def reference(root: Path) -> Path:
    return root / "results" / "reference"


# --- tables -----------------------------------------------------------------------------------------------------------


def lifting_table(root: Path, table: LiftingTable, published: Published) -> str:
    """A sentence on data and budget, then P1 and P2 of every row, here and in the paper."""
    found = {row.label: _read(root, table.preset, row, LiftingResults) for row in table.rows}
    trained = [metrics for metrics in found.values() if metrics and not _closed_form(metrics)]
    if not trained:
        return _nothing_run(root, table.preset, table.rows)
    budgets = sorted(
        {(metrics.training.epochs, metrics.training.epochs_stated) for metrics in trained if metrics.training}
    )
    head = ["", "P1 here", "P1 paper", "P2 here", "P2 paper"]
    head += ["kernels used"] * table.kernels_used + ["epochs, here / stated"] * (len(budgets) > 1)
    body = []
    for row in table.rows:
        metrics = found[row.label]
        cells = [row.label]
        for metric in ("mpjpe", "p_mpjpe"):
            cells += [_error(metrics, row, metric), _paper(published, table, row, metric)]
        cells += [_kernels_used(metrics)] * table.kernels_used + [_epochs(metrics)] * (len(budgets) > 1)
        body.append(cells)
    poses = between([metrics.data.train_poses for metrics in trained if metrics.data])
    sentence = (
        f"Preset `{table.preset}`: {poses} training poses, {budget(budgets)}, "
        f"{seeds([len(metrics.seeds) for metrics in trained])}; mm, averaged action by action."
    )
    return f"{wrapped(sentence)}\n\n{grid(head, body)}"


def detection_table(root: Path, table: DetectionTable) -> str:
    """A sentence on images, networks and budget, then AP of every row and how its components split the data."""
    found = {row.label: _read(root, table.preset, row, DetectionResults) for row in table.rows}
    ran = [metrics for metrics in found.values() if metrics]
    if not ran:
        return _nothing_run(root, table.preset, table.rows)
    head = ["", "AP here", "AP50 here", "shares of components, %", "how they split the data"]
    body = []
    for row in table.rows:
        metrics = found[row.label]
        plain = [seed.modes["plain"] for seed in metrics.seeds] if metrics else []
        cells = [mean([precision.ap for precision in plain]), mean([precision.ap_50 for precision in plain])]
        body.append([row.label, *cells, *_components(metrics)])
    return f"{wrapped(_about_images(table.preset, ran))}\n\n{grid(head, body, text_columns=(0, 3, 4))}"


def _about_images(preset: str, ran: list[DetectionResults]) -> str:
    learnt = []
    for task, name in NAMES.items():
        data = [metrics.data for metrics in ran if metrics.data and metrics.data.task == task]
        if data:
            size, images = between([part.input_size for part in data]), between([part.train_images for part in data])
            learnt.append(f"{name} from {images} images of {size} px")
    millions = [metrics.parameters / 1e6 for metrics in ran if metrics.parameters]
    budgets = sorted({(metrics.training.epochs, metrics.training.epochs_stated) for metrics in ran if metrics.training})
    count = [len(metrics.seeds) for metrics in ran]
    validation = between([metrics.data.val_images for metrics in ran if metrics.data])
    sentence = (
        f"Preset `{preset}`: {' and '.join(learnt)}; networks of {between(millions, '.1f')} million parameters; "
        f"{budget(budgets)}; {seeds(count)}. AP in %, on {validation} validation images."
    )
    return sentence + " With one seed, a difference of a few AP may be chance." * (min(count) == 1)


def runs_table(root: Path) -> str:
    """One row per committed run: date, commit, machine; below it, the runs' notes. Links start in docs/."""
    head = ["run", "date", "commit", "machine", "torch", "hours of training"]
    body, notes = [], []
    for file in sorted(reference(root).glob("*/run.json")):
        about: Any = artifacts.read_json(file)
        try:
            preset, commits = about["preset"], [f"`{commit[:7]}`" for commit in about["commits"] or []]
            where, hours = _machine(about["machine"]), about["training_hours"]
            cells = [about["date"], ", ".join(commits), where, about["torch"], hours]
            note = about["note"]
        except (KeyError, TypeError) as error:
            raise InputError(f"{file}: {error} is missing; run `python -m pipeline reference` again") from None
        link = f"[{preset}](../{file.parent.relative_to(root).as_posix()}/README.md)"
        body.append([link, *("not recorded" if cell in (None, "") else str(cell) for cell in cells)])
        notes += [wrapped(f"- `{preset}`: {note}", hanging="  ")] if note else []
    return "\n\n".join(filter(None, (grid(head, body, text_columns=range(5)), "\n".join(notes))))


def _machine(machine: dict[str, Any]) -> str:
    parts = [machine["processor"], machine["cpu_capability"], machine["cores"] and f"{machine['cores']} cores"]
    return ", ".join(str(part) for part in (*parts, machine["gpu"]) if part)


# --- cells ------------------------------------------------------------------------------------------------------------


def _error(metrics: LiftingResults | None, row: Row, metric: str) -> str:
    """A prediction's error over seeds; a closed form does not depend on the seed."""
    if metrics is None:
        return NOT_RUN
    values = []
    for seed in metrics.seeds[:1] if _closed_form(metrics) else metrics.seeds:
        name = row.prediction or seed.main_prediction
        if name not in seed.predictions:
            raise InputError(f"pipeline/tools/readme_tables.py: {row.label}: {row.variant} predicts no {name!r}")
        error = getattr(seed.predictions[name], metric)
        values += [error.action_average] if error else []
    return mean(values) if values else NONE


def _paper(published: Published, table: LiftingTable, row: Row, metric: Any) -> str:
    if row.paper is None:
        return NONE
    suffix, column = table.paper_cells[metric]
    name = row.paper_table or table.paper_table
    published.require_row(name, row.paper + suffix)
    return published.cell(name, row.paper + suffix, column) or NONE


def _kernels_used(metrics: LiftingResults | None) -> str:
    if metrics is None:
        return NOT_RUN
    mixtures = [seed.mixture for seed in metrics.seeds if seed.mixture]
    if not mixtures:
        return NONE
    used = statistics.fmean(mixture.components_used.over_5_percent_on_average for mixture in mixtures)
    count = sum(mixture.collapsed for mixture in mixtures)
    collapsed = f", collapsed in {count} of {len(mixtures)} seeds" if count else ""
    return f"{used:.1f} of {mixtures[0].kernels}{collapsed}"


def _epochs(metrics: LiftingResults | None) -> str:
    if metrics is None:
        return NOT_RUN
    if _closed_form(metrics) or metrics.training is None:
        return NONE
    return f"{metrics.training.epochs:g} / {metrics.training.epochs_stated:g}"


def _components(metrics: DetectionResults | None) -> tuple[str, str]:
    """Shares and how the components split the data, seed by seed, because the order of components is arbitrary."""
    if metrics is None:
        return NOT_RUN, NOT_RUN
    parts = [_of_a_mixture(seed.mixture) for seed in metrics.seeds if seed.mixture and len(seed.mixture.components) > 1]
    if not parts:
        return NONE, NONE
    return "; ".join(shares for shares, _ in parts), "; ".join(reasons for _, reasons in parts)


def _of_a_mixture(mixture: Mixture) -> tuple[str, str]:
    """The components in order of decreasing share."""
    components = sorted(mixture.components, key=lambda component: -(component.share or 0))
    shares = " / ".join(f"{component.share or 0:.0f}" for component in components)
    if mixture.collapsed:
        return f"{shares} (collapsed)", NONE
    if mixture.scale_correlation is not None:
        scales = " / ".join(f"{part.scale.median:.0f}" if part.scale else NONE for part in components)
        category = mixture.category_correlation
        beside = "" if category is None else f", with the category {category:.2f}"
        return shares, f"by scale: {scales} px; correlation {mixture.scale_correlation:.2f}{beside}"
    views = [part.back_views for part in components]
    if any(view is not None for view in views):
        seen = " / ".join(NONE if view is None else f"{view:.0f}" for view in views)
        return shares, f"by viewpoint: {seen} % of their people seen from the back"
    return shares, NONE


def mean(values: Sequence[float]) -> str:
    """`63.4`, `62.5 ± 0.8`: the mean and, with several seeds, the sample standard deviation."""
    if not values:
        return NOT_RUN
    spread = f" ± {statistics.stdev(values):.1f}" if len(values) > 1 else ""
    return f"{statistics.fmean(values):.1f}{spread}"


# --- sentences --------------------------------------------------------------------------------------------------------


def between(values: Sequence[float], form: str = ",") -> str:
    """`80,718`, or `28 to 80` where the values differ."""
    ends = dict.fromkeys(format(end, form) for end in (min(values), max(values)))
    return " to ".join(ends)


def budget(budgets: Sequence[tuple[float, float]]) -> str:
    """`4 epochs (100 stated)`; if rows differ, epochs alone, because a column has the rest."""
    epochs, stated = ([pair[index] for pair in budgets] for index in (0, 1))
    unit = "epoch" if set(epochs) == {1} else "epochs"
    return f"{between(epochs, 'g')} {unit}" + (f" ({stated[0]:g} stated)" if len(set(stated)) == 1 else "")


def seeds(counts: Sequence[int]) -> str:
    """`one seed`, `three seeds (mean ± standard deviation)`."""
    words = " to ".join(dict.fromkeys(_word(count) for count in (min(counts), max(counts))))
    if max(counts) == 1:
        return f"{words} seed"
    return f"{words} seeds (mean ± standard deviation{', where there are several' if min(counts) == 1 else ''})"


def _word(count: int) -> str:
    return WORDS[count] if count < len(WORDS) else str(count)


def wrapped(text: str, hanging: str = "") -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False, subsequent_indent=hanging)


def grid(head: Sequence[str], body: Sequence[Sequence[str]], text_columns: Sequence[int] = (0,)) -> str:
    """A Markdown table: text left-aligned, numbers right-aligned."""
    rule = ["---" if index in text_columns else "---:" for index in range(len(head))]
    lines = [" | ".join(row) for row in (head, rule, *body)]
    return "\n".join(f"| {line} |".replace("|  |", "| |") for line in lines)


# --- reading ----------------------------------------------------------------------------------------------------------


def _read(root: Path, preset: str, row: Row, kind: type[Found]) -> Found | None:
    """A variant's metrics file, None if it was not run. Raises InputError naming file and field."""
    path = reference(root) / preset / "metrics" / f"{row.variant}.json"
    if not path.exists():
        return None
    remedy = f"run `python -m pipeline reference --preset {preset}` again, or restore it from the repository"
    found = artifacts.read_model(path, kind, remedy)
    finite.require(path, found, remedy)
    if (found.variant, found.preset) != (row.variant, preset):
        raise InputError(f"{path}: is of variant {found.variant}, preset {found.preset}; {remedy}")
    return found


def _closed_form(metrics: LiftingResults) -> bool:
    """Whether the model was fitted in closed form, without training."""
    return not metrics.parameters


def unfinished(root: Path, preset: str) -> bool:
    """Whether the committed run of a preset was copied before its end."""
    file = reference(root) / preset / "run.json"
    about: Any = artifacts.read_json(file) if file.exists() else {}
    return isinstance(about, dict) and (about.get("note") or "").startswith(provenance.UNFINISHED)


def _nothing_run(root: Path, preset: str, rows: Sequence[Row]) -> str:
    """The text in place of a table none of whose rows was run yet. Raises InputError if none will be."""
    if not unfinished(root, preset):
        names = f"{rows[0].variant}, ..., {rows[-1].variant}"
        folder = reference(root) / preset / "metrics"
        raise InputError(f"{folder}: none of {names}; copy a run with `make reference`")
    labels = "; ".join(row.label for row in rows)
    return wrapped(f"Preset `{preset}` is not finished, and none of these rows was run so far: {labels}.")
