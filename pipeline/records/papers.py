"""A paper's experiment in MLflow: what it says of itself, which columns it shows, and its tables, figures and pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from pipeline import artifacts
from pipeline.config import Run
from pipeline.records.measured import Measured
from pipeline.records.record import Record
from pipeline.report import render, states
from pipeline.report.paper import Paper

LONGEST = 18_000  # characters of a description, of MLflow's 20,000
# For each kind: the numbers of its table of runs, and the curves of its charts.
HEADLINES = {"lifting": ("P1", "P2", "oracle/P1"), "detection": ("AP", "AP50", "AR")}
CURVES = {
    "lifting": ("train/loss", "test/by_epoch/mpjpe", "test/by_epoch/oracle_mpjpe", "test/by_epoch/loss"),
    "detection": ("train/loss", "test/by_epoch/ap"),
}
# Of a paper's table of runs; {0} is the first headline number, and so on.
COLUMNS = (
    "metrics.test/{0}",
    "metrics.sd/{0}",
    "metrics.paper/{0}",
    "metrics.difference/{0}",
    "metrics.test/{1}",
    "metrics.test/{2}",
    "metrics.best_on_test/{0}",
    "tags.status",
    "tags.input",
    "tags.components used",
    "tags.row",
    "tags.table",
    "attributes.Dataset",
    "attributes.Duration",
)


def kind(run: Run, key: str) -> str:
    """`lifting` or `detection`: which of them a paper's variants are."""
    detection = any(variant.paper == key for variant in run.detection_variants.values())
    return "detection" if detection else "lifting"


def columns(kind: str) -> tuple[str, ...]:
    """The columns of a paper's table of runs: the number that it is ordered by first."""
    return tuple(column.format(*HEADLINES[kind]) for column in COLUMNS)


def bars(kind: str) -> tuple[str, ...]:
    """The numbers that are compared as bars."""
    first, second, third = HEADLINES[kind]
    return f"test/{first}", f"difference/{first}", f"test/{second}", f"test/{third}"


# --- the description --------------------------------------------------------------------------------------------------


def description(run: Run, paper: str, declared: Paper | None, measured: Mapping[str, Measured]) -> str:
    """Markdown: the numbers of each variant, the claims and their states, and the command that repeats all of it."""
    title = declared.title if declared else paper
    claims = _claims(run, paper)
    parts = [
        f"{title}, measured with preset `{run.preset_name}`: {run.preset.description.rstrip('.')}.",
        "A run of a variant has the mean of its seeds, and its seeds below it (the arrow in front of it shows them). "
        "`paper/` is what the paper prints, `difference/` the mean less that. The run "
        "`results` has the tables, the figures and the report page.",
        _numbers(run, kind(run, paper), measured),
        _tables(declared),
        claims,
        f"Repeat: `snakemake --config preset={run.preset_name}`, or `dvc repro params/{run.preset_name}/dvc.yaml`; "
        f"then `make ui PRESET={run.preset_name}`.",
    ]
    text = "\n\n".join(part for part in parts if part)
    if len(text) <= LONGEST:
        return text
    return text[:LONGEST].rpartition("\n")[0] + "\n\nThe rest is in the run `results`, in claims.md."


def _numbers(run: Run, kind: str, measured: Mapping[str, Measured]) -> str:
    """A row per variant: the headline numbers over its seeds and what is printed of them."""
    names = HEADLINES[kind]
    unit = "mm" if kind == "lifting" else "%"
    head = ["", *(word for name in names for word in (f"{name}, {unit}", "paper")), "seeds"]
    body = []
    for variant, found in measured.items():
        over, row = found.over_seeds(), [run.any_variant(variant).title]
        for name in names:
            row.append(_with_spread(over, name))
            row.append(_shown(over.get(f"paper/{name}")))
        body.append([*row, str(len(run.seeds_of(variant)))])
    return "### Numbers\n\n" + render.markdown_table(head, body) if body else "No variant was measured yet."


def _with_spread(over: Mapping[str, float], name: str) -> str:
    spread = over.get(f"sd/{name}")
    return _shown(over.get(f"test/{name}")) + ("" if spread is None else f" ± {spread:.1f}")


def _shown(value: float | None) -> str:
    return render.NONE if value is None else f"{value:.1f}"


def _tables(declared: Paper | None) -> str:
    if declared is None or not declared.tables:
        return ""
    lines = [f"- {table.title} (`tags.table LIKE '%{table.name}%'`)" for table in declared.tables]
    return "### Tables\n\nEach is a file of the run `results`. To see the runs of one, filter:\n\n" + "\n".join(lines)


def _claims(run: Run, paper: str) -> str:
    """Nothing before claims were judged."""
    if not run.layout.claims.exists():
        return ""
    found = [claim for claim in artifacts.read_json(run.layout.claims)["claims"] if claim["paper"] == paper]
    body = [[claim["id"], claim["text"], states.shown(claim["state"])] for claim in found]
    return "### Claims\n\n" + render.markdown_table(["", "Claim", "State"], body, text_columns=3) if body else ""


# --- its tables, figures and pages ------------------------------------------------------------------------------------


def results(run: Run, paper: str, papers: tuple[str, ...]) -> Iterator[Record]:
    """The tables and figures whose names begin with the paper's key, and those that belong to no single paper."""
    layout = run.layout
    drawn = [
        (folder.name, file)
        for folder in (layout.tables, layout.figures)
        for file in sorted(folder.glob("*"))
        if file.is_file()
    ]
    own = [(folder, file) for folder, file in drawn if file.name.startswith(f"{paper}_")]
    pages = [("report", file) for file in _pages(layout.report_page.parent)]
    if not own and not pages:
        return
    shared = [(folder, file) for folder, file in drawn if not file.name.startswith(papers)]
    shared += [("", file) for file in (layout.claims, layout.claims_text, layout.report) if file.exists()]
    yield Record(
        kind="results",
        experiment=paper,
        name=f"results ({run.preset_name})",
        place={"kind": "results", "preset": run.preset_name},
        tags={
            "paper": paper,
            "status": "tables and figures",
            "mlflow.note.content": "The paper's tables, figures and claims, and the report page, as artifacts.",
        },
        files=(*own, *shared, *pages),
        images=tuple(file for folder, file in own if folder == layout.figures.name and file.suffix == ".png"),
    )


def _pages(folder: Path) -> list[Path]:
    """The report page and the viewer, where they were made."""
    return sorted(folder.glob("*.html"))
