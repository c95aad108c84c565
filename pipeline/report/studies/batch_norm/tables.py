"""The tables of the study of batch norm. All numbers are from history.csv and from the metrics files."""

from __future__ import annotations

from pipeline.report.columns import EPOCHS, SEEDS, Column
from pipeline.report.columns_lifting import DEAD_NON_LOCAL, P1_MM, P2_MM
from pipeline.report.quantities_lifting import P1_running, P2_running
from pipeline.report.studies.batch_norm.validations import (
    BEST,
    BEST_EPOCH,
    GAIN,
    GAP,
    LARGEST_GAP,
    LAST,
    RENEWED,
    RUNNING,
    SMALLEST_GAP,
)
from pipeline.report.tables import Row, Table

TRAINED_EPOCHS, TRAINED_SEEDS = 4, 3  # of the preset; `-` where a run has fewer
NETWORKS = {
    "semgcn": "SemGCN, authors' recipe (step schedule, batch 64)",
    "semgcn_frozen_biases": "SemGCN, biases in front of batch norm frozen",
    "semgcn_one_cycle": "SemGCN, one-cycle schedule, batch 256",
    "resgcn": "ResGCN, authors' recipe",
    "fully_connected": "FC (Martinez et al.), authors' recipe",
}
ROWS = tuple(Row(label, variant) for variant, label in NETWORKS.items())
START = Row("SemGCN, non-local layers start as in the code", "semgcn_kaiming")


def _after(epoch: int) -> Column:
    names = tuple(f"gap after epoch {epoch}{word}" for word in ("", " min", " max"))
    return Column(
        f"Gap after epoch {epoch}: mean / min / max",
        (GAP, SMALLEST_GAP, LARGEST_GAP),
        str(epoch),
        names=names,
        spread=False,
    )


def _of_seed(epoch: int) -> Column:
    return Column(f"Epoch {epoch}", (GAP,), f"{epoch}, seed {{of}}", names=(f"gap after epoch {epoch}",))


def _best(heading: str, which: str) -> Column:
    names = tuple(f"{name} {which}" for name in ("last", "best", "gain"))
    return Column(f"{heading}: last / best / gain, mm", (LAST, BEST, GAIN), which, names=names, spread=True)


EVERY_EPOCH = range(1, TRAINED_EPOCHS + 1)
TABLES = (
    Table(
        "batch_norm_gap",
        "What running statistics add to P1, by epoch",
        columns=(*map(_after, EVERY_EPOCH), EPOCHS, SEEDS),
        rows=(*ROWS, START),
        notes=(
            "No number is from a paper. A positive gap: running statistics give the larger error. Only the statistics "
            "differ; the weights are the same.",
        ),
    ),
    Table(
        "batch_norm_gap_by_seed",
        "The same, seed by seed",
        columns=tuple(map(_of_seed, EVERY_EPOCH)),
        rows=tuple(
            Row(f"{label}, seed {seed}", variant, of=str(seed))
            for variant, label in NETWORKS.items()
            for seed in range(TRAINED_SEEDS)
        ),
    ),
    Table(
        "batch_norm_final",
        "After the last epoch, with renewed and with running statistics",
        columns=(
            P1_MM,
            Column("P1, running, mm", (P1_running,), names=("P1 running",)),
            P2_MM,
            Column("P2, running, mm", (P2_running,), names=("P2 running",)),
            DEAD_NON_LOCAL,
            EPOCHS,
            SEEDS,
        ),
        rows=(*ROWS, START),
        notes=(
            "Frozen biases keep their start values. They change nothing in the network's function, because batch norm "
            "subtracts its input's mean (pipeline/lifting/models/frozen_biases.py).",
        ),
    ),
    Table(
        "batch_norm_best_epoch",
        "What choosing the best epoch on the test subjects gains",
        columns=(
            _best("Running statistics", RUNNING),
            _best("Renewed statistics", RENEWED),
            Column(
                "Best epoch, running / renewed",
                (BEST_EPOCH, BEST_EPOCH),
                (RUNNING, RENEWED),
                names=("best epoch running", "best epoch renewed"),
            ),
            EPOCHS,
            SEEDS,
        ),
        rows=ROWS,
        notes=(
            "Running statistics: the epoch is chosen and measured as the authors' code does it. Renewed statistics: "
            "the choice and the error have renewed statistics. Either is compared with its own last epoch.",
        ),
    ),
)
