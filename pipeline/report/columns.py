"""The columns that a table may have: a heading, and how a row's cell comes out of metrics and published numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache, partial
from pathlib import Path

from pipeline.config import read_yaml
from pipeline.report import generalization, inputs, published
from pipeline.report.metrics import FRAMES, Statistic
from pipeline.report.render import NONE, NOT_RUN, Cell, Column, Value
from pipeline.report.schema import Mesh, Meshes, Mixture, Seed
from pipeline.report.source import Source

NOTES = Path(__file__).with_name("notes.yaml")


def cell(column: str, source: Source) -> Cell:
    """One cell. What would have to be measured is `-` in a row of published numbers."""
    if source.variant is None and column not in PUBLISHED:
        return (NONE,) * len(heading(column).fields)
    return COLUMNS[column][1](source)


def heading(column: str) -> Column:
    return COLUMNS[column][0]


def legend(names: Iterable[str]) -> tuple[str, ...]:
    """What these columns mean, as far as it needs words."""
    notes = _notes()
    return tuple(notes[name] for name in names if name in notes)


@cache
def _notes() -> dict[str, str]:
    return read_yaml(NOTES)


# --- cells ------------------------------------------------------------------------------------------------------------


def kernels_used(source: Source) -> Cell:
    """How many of a mixture's kernels weigh more than 5 % in a pose, on average, and whether the mixture collapsed."""
    if not source.metrics.ran:
        return (NOT_RUN,)
    mixtures = [seed.mixture for seed in source.metrics.seeds if seed.mixture]
    if not mixtures:
        return (NONE,)
    used = Statistic.of([mixture.components_used.over_5_percent_on_average for mixture in mixtures])
    collapsed = source.metrics.collapsed
    seeds = "" if len(mixtures) == 1 else f" ({collapsed} of {len(mixtures)} seeds)"
    return (f"{used.mean:.1f} of {mixtures[0].kernels}{f', collapsed{seeds}' if collapsed else ''}",)


def calibration_error(mixture: Mixture) -> float | None:
    """Mean distance between how often the truth lies in the p % region and p %, in percentage points."""
    if not mixture.calibration:
        return None
    distances = [abs(share - float(level)) for level, share in mixture.calibration.items()]
    return 100 * sum(distances) / len(distances)


def _best_on_test(source: Source) -> Cell:
    if source.metrics.ran and not source.metrics.trained_here:
        return (NONE, NONE)  # there are no epochs to choose from

    def value(seed: Seed, metric: str) -> float | None:
        best = seed.best_on_test
        return best.by_prediction.get(source.shown_prediction, {}).get(metric) if best else None

    return tuple(source.over_seeds(partial(value, metric=metric)) for metric in ("mpjpe", "p_mpjpe"))


def _spread(source: Source) -> Cell:
    """The hypotheses' standard deviation along the camera's axes."""

    def value(mixture: Mixture, axis: str) -> float | None:
        return mixture.spread_mm.get(axis)

    return tuple(source.of_mixture(partial(value, axis=axis)) for axis in ("x", "y", "depth"))


def _epochs(source: Source) -> Cell:
    training = source.metrics.training
    if not source.metrics.ran:
        return (NOT_RUN, NOT_RUN)
    if training is None or not source.metrics.trained_here:
        return (NONE, NONE)
    return (f"{training.epochs:g}", f"{training.epochs_stated:g}")


def _parameters(source: Source) -> Cell:
    """Exactly; a closed form has none that are trained."""
    return (_count(source, lambda count: count),)


def _parameters_printed(source: Source) -> Cell:
    """In millions, to the digits that the papers print."""
    return (_count(source, lambda count: f"{count / 1e6:.2f}"),)


def _count(source: Source, form: Callable[[int], Value]) -> Value:
    if not source.metrics.ran:
        return NOT_RUN
    count = source.metrics.parameters
    return NONE if source.metrics.closed_form or count is None else form(count)


def _ambiguous(mixture: Mixture) -> float | None:
    return None if mixture.ambiguous_share is None else 100 * mixture.ambiguous_share


def _reprojection(source: Source) -> Cell:
    return (
        source.of_mixture(lambda mixture: mixture.reprojection_px.worst),
        source.of_mixture(lambda mixture: mixture.reprojection_px.depth_spread_px),
    )


def _paper(what: str) -> Callable[[Source], Cell]:
    return lambda source: (source.paper(what) or NONE,)


def _repository(source: Source) -> Cell:
    cells = (
        source.published.cell(published.REPOSITORIES, source.repository, f"Protocol #{number}") for number in (1, 2)
    )
    return tuple(value or NONE for value in cells)


def _elsewhere(scene: str) -> tuple[Column, Callable[[Source], Cell]]:
    """PCK, AUC and MPJPE on another data set's scene; `not run` too where the preset measures on none."""
    heading, field = generalization.SCENES[scene]

    def cell(source: Source) -> Cell:
        found = [seed.generalization for seed in source.metrics.seeds]
        if not source.metrics.ran or not any(found):
            return (NOT_RUN,) * len(generalization.MEASURES)
        over_seeds = (generalization.values(found, scene, measure) for measure in generalization.MEASURES)
        return tuple(Statistic.of(values) if values else NONE for values in over_seeds)

    fields = tuple(f"{name} {field}" for name in generalization.MEASURES.values())
    return Column(f"{heading}: {' / '.join(generalization.MEASURES.values())}", fields, spread=False), cell


def _elsewhere_paper(scene: str, *measures: str) -> tuple[Column, Callable[[Source], Cell]]:
    """What a paper prints of that data set's scene: keys like `pck green screen` in a table's paper_cells."""
    heading, field = generalization.SCENES[scene]
    names = [generalization.MEASURES[measure] for measure in measures]

    def cell(source: Source) -> Cell:
        return tuple(source.paper(f"{measure} {field}") or NONE for measure in measures)

    return Column(f"{heading}: {' / '.join(names)}, paper", tuple(f"{name} {field} paper" for name in names)), cell


def _mesh_error(scale: Callable[[Meshes], Mesh | None]) -> Callable[[Source], Cell]:
    """MPVPE of one of a network's coarse meshes, averaged action by action as P1 is."""

    def value(seed: Seed) -> float | None:
        mesh = scale(seed.meshes) if seed.meshes else None
        return mesh.mpvpe.action_average if mesh else None

    return lambda source: (source.over_seeds(value),)


def _depth(source: Source) -> Cell:
    return (
        source.over_seeds(lambda seed: seed.depth.visible_mm if seed.depth else None),
        source.over_seeds(lambda seed: seed.depth.occluded_mm if seed.depth else None),
    )


def _occluded_share(seed: Seed) -> float | None:
    share = seed.depth.occluded_share if seed.depth else None
    return None if share is None else 100 * share


def _stated(value: float | None) -> Cell:
    """A setting from params.yaml, known whether the variant was run or not."""
    return (NONE if value is None else f"{value:g}",)


def _seeds(source: Source) -> Cell:
    if not source.metrics.ran:
        return (NOT_RUN,)
    return (len(source.metrics.seeds) if source.metrics.trained_here else NONE,)


# --- all of them ------------------------------------------------------------------------------------------------------

# The columns that no run fills: what papers and repositories print, and what is stated of a variant.
PUBLISHED = (
    *("parameters_paper", "p1_paper", "p2_paper", "mpvpe_fine_paper", "mpvpe_coarse_paper", "repository"),
    *("green_screen_paper", "no_green_screen_paper", "outdoor_paper", "all_scenes_paper"),
)
STATED = ("mesh_weight", "channels")

COLUMNS: dict[str, tuple[Column, Callable[[Source], Cell]]] = {
    "input": (Column("2D input", ("input",)), lambda source: (inputs.of(source.metrics),)),
    "parameters": (Column("Parameters", ("parameters",)), _parameters),
    "parameters_printed": (Column("Parameters, M", ("parameters M",)), _parameters_printed),
    "parameters_paper": (Column("Parameters, M, paper", ("parameters M paper",)), _paper("parameters")),
    "p1": (Column("P1, mm", ("P1",)), lambda source: (source.error("mpjpe"),)),
    "p1_paper": (Column("P1, paper", ("P1 paper",)), _paper("p1")),
    "p2": (Column("P2, mm", ("P2",)), lambda source: (source.error("p_mpjpe"),)),
    "p2_paper": (Column("P2, paper", ("P2 paper",)), _paper("p2")),
    "mesh_weight": (Column("lambda_M", ("lambda_M",)), lambda source: _stated(source.metrics.mesh_weight)),
    "channels": (Column("Channels", ("channels",)), lambda source: _stated(source.metrics.channels)),
    "mpvpe_fine": (Column("MPVPE fine, mm", ("MPVPE fine",)), _mesh_error(lambda meshes: meshes.fine)),
    "mpvpe_fine_paper": (Column("MPVPE fine, paper", ("MPVPE fine paper",)), _paper("mpvpe_fine")),
    "mpvpe_coarse": (Column("MPVPE coarse, mm", ("MPVPE coarse",)), _mesh_error(lambda meshes: meshes.coarse)),
    "mpvpe_coarse_paper": (Column("MPVPE coarse, paper", ("MPVPE coarse paper",)), _paper("mpvpe_coarse")),
    "depth": (
        Column("Depth error, seen / hidden joints, mm", ("depth error seen", "depth error hidden"), spread=False),
        _depth,
    ),
    "hidden_share": (
        Column("Hidden joints, %", ("hidden joints %",)),
        lambda source: (source.over_seeds(_occluded_share),),
    ),
    "repository": (Column("P1 / P2, authors' repository", ("P1 repository", "P2 repository")), _repository),
    "frames": (
        Column("P1 / P2, frame average", ("P1 frame average", "P2 frame average"), spread=False),
        lambda source: (source.error("mpjpe", FRAMES), source.error("p_mpjpe", FRAMES)),
    ),
    "best_on_test": (
        Column("P1 / P2, best epoch on test", ("P1 best on test", "P2 best on test"), spread=False),
        _best_on_test,
    ),
    "kernels_used": (Column("Kernels used", ("kernels used",)), kernels_used),
    "kernels_effective": (
        Column("Effective kernels", ("kernels effective",), decimals=2),
        lambda source: (source.of_mixture(lambda mixture: mixture.components_used.mean_effective),),
    ),
    "largest_weight": (
        Column("Largest weight, %", ("largest mean weight %",)),
        lambda source: (source.of_mixture(lambda mixture: 100 * max(mixture.mean_weights)),),
    ),
    "nll": (Column("NLL, nats", ("nll",)), lambda source: (source.of_mixture(lambda mixture: mixture.nll),)),
    "calibration_error": (
        Column("Calibration error, %", ("calibration error %",)),
        lambda source: (source.of_mixture(calibration_error),),
    ),
    "spread": (Column("Spread x / y / depth, mm", ("spread x", "spread y", "spread depth"), spread=False), _spread),
    "pairwise_distance": (
        Column("Kernels apart, mm", ("kernels apart",)),
        lambda source: (source.of_mixture(lambda mixture: mixture.pairwise_distance_mm),),
    ),
    "ambiguous": (Column("Ambiguous poses, %", ("ambiguous %",)), lambda source: (source.of_mixture(_ambiguous),)),
    "depth_ratio": (
        Column("Variance, depth / across", ("depth ratio",)),
        lambda source: (source.of_mixture(lambda mixture: mixture.depth_ratio),),
    ),
    "reprojection": (
        Column("Reprojection / depth spread, px", ("worst reprojection", "depth spread"), spread=False),
        _reprojection,
    ),
    "green_screen": _elsewhere("studio with green screen"),
    "no_green_screen": _elsewhere("studio without green screen"),
    "outdoor": _elsewhere("outdoor"),
    "all_scenes": _elsewhere(generalization.EVERYWHERE),
    "green_screen_paper": _elsewhere_paper("studio with green screen", "pck"),
    "no_green_screen_paper": _elsewhere_paper("studio without green screen", "pck"),
    "outdoor_paper": _elsewhere_paper("outdoor", "pck"),
    "all_scenes_paper": _elsewhere_paper(generalization.EVERYWHERE, "pck", "auc"),
    "epochs": (Column("Epochs, here / stated", ("epochs", "epochs stated")), _epochs),
    "seeds": (
        Column("Seeds", ("n",)),
        _seeds,
    ),
}
