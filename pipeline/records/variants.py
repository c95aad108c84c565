"""A variant's seeds together: mean, standard deviation, the published number and the difference."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from pipeline.config import Run
from pipeline.config.lifting import LiftingVariant
from pipeline.records import trainings
from pipeline.records.measured import Measured
from pipeline.records.record import Record
from pipeline.records.trainings import Results

SECONDS = "cost/seconds"  # that a training took


def tags(run: Run, results: Results, measured: Measured) -> dict[str, str]:
    """What a variant and its seeds have in common, to filter by."""
    settings = run.any_variant(results.variant)
    found = {
        "paper": settings.paper,
        "table": ", ".join(measured.rows) or "-",
        "row": "; ".join(dict.fromkeys(label for labels in measured.rows.values() for label in labels)) or "-",
        "status": status(run, results),
    }
    if isinstance(settings, LiftingVariant):
        return found | {"input": settings.input}
    return found | {"input": f"images, {settings.task}"}


def status(run: Run, results: Results) -> str:
    """Whether its numbers may be compared with the paper's: how it was trained."""
    settings, training = run.any_variant(results.variant), results.training
    if settings.imported:
        return "the authors' weights"
    if isinstance(settings, LiftingVariant) and settings.closed_form:
        return "closed form"
    if training is None:
        return "not trained"
    own = isinstance(results, trainings.DetectionResults) and results.training and results.training.own_recipe
    if training.epochs >= training.epochs_stated and not own:
        return "trained as stated"
    recipe = ", own recipe" if own else ""
    return f"{training.epochs:g} of {training.epochs_stated:g} epochs{recipe}"


def record(run: Run, results: Results, measured: Measured, shared: dict[str, str], seeds: Sequence[Record]) -> Record:
    """The run that a variant's seeds are shown under."""
    settings, preset = run.any_variant(results.variant), run.preset_name
    used = [trainings.components_used(results, number) for number in range(len(results.seeds))]
    counted = [words.split(" of ") for words in used if words]
    if counted:
        shared = shared | {"components used": f"{fmean(float(count) for count, _ in counted):.1f} of {counted[0][1]}"}
    took = [seed.metrics[SECONDS] for seed in seeds if SECONDS in seed.metrics]
    return Record(
        kind="variant",
        experiment=settings.paper,
        name=f"{results.variant} ({preset})",
        place=trainings.place_of_variant(preset, results.variant),
        tags=shared
        | {
            "seeds": str(len(seeds)),
            "mlflow.note.content": f"{settings.title}: mean over {len(seeds)} "
            f"{'seed' if len(seeds) == 1 else 'seeds'} (`test/`), standard deviation (`sd/`), what the paper prints "
            "(`paper/`) and the mean less that (`difference/`). Curves are means. The seeds are below it.",
        },
        files=(("metrics", run.layout.metrics(results.variant)),),
        parameters=trainings.parameters(run, results.variant) | {"epochs": seeds[0].parameters["epochs"]},
        metrics=measured.over_seeds() | ({SECONDS: fmean(took)} if took else {}),
        datasets=seeds[0].datasets,
        histories=tuple(file for seed in seeds for file in seed.histories),
        steps=seeds[0].steps,
        started=min(seed.started for seed in seeds if seed.started is not None),
        finished=max(seed.finished for seed in seeds if seed.finished is not None),
    )
