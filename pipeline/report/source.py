"""Where the cells of a table's row come from: a variant's metrics, and the numbers published of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pipeline.report.metrics import HEADLINE, Results, Statistic
from pipeline.report.published import Published
from pipeline.report.render import NONE, NOT_RUN, Value
from pipeline.report.schema import Metrics, Mixture, Seed


@dataclass(frozen=True)
class Source:
    """All that a cell may come from: the row's variant and prediction, and where its published numbers stand.

    A row that nobody can train here has no variant, and only published numbers.
    """

    results: Results
    published: Published
    variant: str | None
    prediction: str | None = None
    repository: str | None = None
    paper: Callable[[str], str | None] = lambda what: None

    @property
    def metrics(self) -> Metrics:
        assert self.variant, "a row of published numbers has no metrics"
        return self.results[self.variant]

    @property
    def shown_prediction(self) -> str:
        return self.prediction or self.metrics.seeds[0].main_prediction

    def error(self, metric: str, average: str = HEADLINE) -> Value:
        """An error of the row's prediction; `not run`, or `-` where the prediction has no such error."""
        if not self.metrics.ran:
            return NOT_RUN
        return self.results.error(self.metrics.variant, self.shown_prediction, metric, average) or NONE

    def over_seeds(self, value: Callable[[Seed], float | None]) -> Value:
        """Any other figure of a seed's, over those seeds that have it."""
        if not self.metrics.ran:
            return NOT_RUN
        values = [found for seed in self.metrics.seeds if (found := value(seed)) is not None]
        return Statistic.of(values) if values else NONE

    def of_mixture(self, value: Callable[[Mixture], float | None]) -> Value:
        return self.over_seeds(lambda seed: None if seed.mixture is None else value(seed.mixture))
