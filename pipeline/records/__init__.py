"""What MLflow gets, read from the stages' files: an experiment per paper, with its variants and their seeds."""

from __future__ import annotations

from pipeline.config import Run
from pipeline.records import cards, papers, trainings, variants
from pipeline.records.measured import Measured, Reader
from pipeline.records.record import Experiment, Record
from pipeline.records.trainings import Results
from pipeline.report import loading
from pipeline.report.papers import shown

__all__ = ["Experiment", "Record", "find"]


def find(run: Run) -> list[Experiment]:
    """The preset's experiments, in the order of params.yaml; those of which nothing is finished are left out.

    A variant that was not measured yet is skipped. Raises InputError on a file that is missing or damaged.
    """
    names = [*run.lifting_variants, *run.detection_variants]
    keys = tuple(dict.fromkeys(run.any_variant(variant).paper for variant in names))
    evidence = loading.evidence_so_far(run)
    of_lifting = [metrics.file for metrics in evidence.results.variants.values()]
    files: list[Results | None] = [*of_lifting, *(metrics.file for metrics in evidence.detection.variants.values())]
    if not any(files) and not run.layout.results.exists():
        return []
    reader = Reader.of(run, evidence)
    of_paper: dict[str, list[Results]] = {key: [] for key in keys}
    for file in files:
        if file:
            of_paper[run.any_variant(file.variant).paper].append(file)
    found = [_experiment(run, key, keys, of_paper[key], reader) for key in keys]
    return [experiment for experiment in found if experiment.records]


def _experiment(run: Run, key: str, keys: tuple[str, ...], files: list[Results], reader: Reader) -> Experiment:
    measured: dict[str, Measured] = {file.variant: reader.measured(file.variant) for file in files}
    records = list(papers.results(run, key, keys))
    for file in files:
        found = measured[file.variant]
        tags = variants.tags(run, file, found)
        seeds = list(trainings.of_variant(run, file, found, tags))
        records += [variants.record(run, file, found, tags, seeds), *seeds]
    kind = papers.kind(run, key)
    declared = next((paper for paper in shown(run) if paper.key == key), None)
    return Experiment(
        name=key,
        preset=run.preset_name,
        description=papers.description(run, key, declared, measured),
        columns=papers.columns(kind),
        curves=papers.CURVES[kind],
        bars=papers.bars(kind),
        records=tuple(records),
        models=tuple(cards.models(run, files, measured)),
    )
