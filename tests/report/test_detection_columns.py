"""A cell without a number says why."""

from __future__ import annotations

from pipeline.report import detection_columns
from pipeline.report.detection_schema import DetectionMetrics
from pipeline.report.render import NONE, NOT_RUN


def test_what_the_pictures_lack_is_a_dash_and_what_was_not_measured_is_not_run() -> None:
    precision = {"ap": 1.0, "ap_50": 2.0, "ap_75": 0.5, "ar": 3.0, "ap_large": None}
    only = {"without": precision, "only": {}, "forced": {}}
    single = {"components": [only], "collapsed": False, "full": {}}
    seed = {"seed": 0, "modes": {"plain": precision}, "mixture": single}
    told = {"variant": "x", "paper": "mdn_offset", "title": "x", "preset": "demo", "status": "run", "seeds": [seed]}
    source = detection_columns.Source(DetectionMetrics.model_validate(told), {})
    assert source.value("modes.plain.ap_large") == NONE
    assert source.value("modes.mean.ap") == NONE  # of one component there is no mean to take
    assert source.value("modes.flip.ap") == NOT_RUN
    assert source.value("speed.plain") == NOT_RUN
