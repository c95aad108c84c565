"""The registered models of a paper: for each network the training to take, and a model card."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pipeline.config import Run
from pipeline.config.lifting import LiftingVariant
from pipeline.lifting.results import LiftingResults
from pipeline.records import variants
from pipeline.records.measured import Measured
from pipeline.records.record import Model
from pipeline.records.trainings import Results
from pipeline.report import runs

BEST, PAPER = "best", "paper"
AUTHORS = "_authors"  # the end of the name of a variant with the authors' weights


def models(run: Run, files: Sequence[Results], measured: Mapping[str, Measured]) -> Iterator[Model]:
    """A model for each lifting network: its seed with the lowest P1, and the authors' weights where they are imported.

    A network's models share one registered model, `<variant>-<preset>`. One that reads images has none: what MLflow
    serves takes 2D joints.
    """
    for file in files:
        settings = run.any_variant(file.variant)
        if isinstance(file, LiftingResults) and isinstance(settings, LiftingVariant):
            seed = _best_seed(measured[file.variant])
            if seed is not None and not settings.closed_form and not settings.pixels:
                alias = PAPER if settings.imported else BEST
                yield Model(
                    name=f"{file.variant.removesuffix(AUTHORS)}-{run.preset_name}",
                    card=_card(run, file, settings, measured[file.variant], seed),
                    alias=alias,
                    checkpoint=run.layout.checkpoint(file.variant, seed),
                    training=runs.place(run.preset_name, file.variant, seed),
                    joints=settings.joints,
                    variant=file.variant,
                )


def _best_seed(measured: Measured) -> int | None:
    """The seed with the lowest P1."""
    by_seed = measured.numbers["test/P1"].by_seed if "test/P1" in measured.numbers else {}
    return min(by_seed, key=lambda seed: by_seed[seed]) if by_seed else None


def _card(run: Run, file: LiftingResults, settings: LiftingVariant, measured: Measured, seed: int) -> str:
    """Markdown: what the network is, its data, numbers and licence, and what it is not for."""
    data = file.data
    of_seed, over = measured.of_seed(seed), measured.over_seeds()
    numbers = [
        f"| {name} | {of_seed[f'test/{name}']:.1f} | {over[f'test/{name}']:.1f} | {_printed(over, name)} |"
        for name in ("P1", "P2", "oracle/P1", "oracle/P2")
        if f"test/{name}" in of_seed
    ]
    given = f"{data.train_poses:,} training and {data.test_poses:,} test poses"
    chosen = "" if settings.imported else _choice(len(file.seeds))
    weights = "The authors' weights, imported" if settings.imported else "Trained here"
    return f"""## {settings.title}

Lifts the 2D joints of one person to 3D. {weights}; variant `{file.variant}` of preset `{run.preset_name}`, seed {seed}.

**Input.** `keypoints` [N, {settings.joints}, 2] in pixels, in the order of Human3.6M's joints (17 joints are accepted
too), and `image_size` [2]: width and height of the image in pixels. **Output.** `poses` [N, K, {settings.joints}, 3] in
mm, relative to the pelvis, in the camera's axes; `weights` [N, K]; `mean` [N, {settings.joints}, 3]; `spread_mm`
[N, {settings.joints}], the standard deviation of each joint under the mixture. A network without a mixture has K = 1.

**Data.** {data.description or data.source}: {given}, 2D joints: `{settings.input}`. Digests:
`{str(data.train_digest)[:16]}` (training), `{str(data.test_digest)[:16]}` (test). Status: {variants.status(run, file)}.

**Numbers**, on the test poses, in mm.{chosen}

| | this seed | mean over seeds | paper |
| --- | ---: | ---: | ---: |
{chr(10).join(numbers)}

**Licence.** The code is MIT. The weights may be used as their training data may: made poses and CMU motion capture are
free to use; weights of Human3.6M or SMPL data are for research only; the authors' weights have their authors' terms.

**Not for** identifying people, medical or safety decisions, several people at once, poses far from the training data,
or distances in the room: the pose is relative to the pelvis. Batch norm has the running statistics of the training, so
numbers differ a little from the tables', which renew them.
"""


def _printed(over: Mapping[str, float], name: str) -> str:
    value = over.get(f"paper/{name}")
    return "-" if value is None else f"{value:.1f}"


def _choice(seeds: int) -> str:
    return "" if seeds == 1 else f" The best of {seeds} seeds on the test poses, so its own numbers flatter it."
