"""pipeline/report/page/web/charts.py: curves of at most 200 points, and what they say in words."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pandas as pd
import pytest

from pipeline.report.page.web import charts
from pipeline.report.states import STATES


def points(svg: str, kind: str) -> np.ndarray:
    """The points of the path of a class, [N, 2]."""
    (path,) = [one.attrib["d"] for one in ElementTree.fromstring(svg).iter("path") if one.attrib["class"] == kind]
    return np.array(re.findall(r"[\d.]+", path), float).reshape(-1, 2)


@pytest.mark.parametrize(("length", "most"), [(10, 200), (200, 200), (201, 200), (5000, 200)])
def test_a_curve_has_at_most_200_points(length: int, most: int) -> None:
    curve = pd.Series(np.linspace(9, 1, length), index=np.arange(1, length + 1))
    found = points(charts.curve("Loss", [curve]), "curve")
    assert len(found) == min(length, 200) <= most
    assert (np.diff(found[:, 0]) >= 0).all() and (np.diff(found[:, 1]) >= 0).all()  # down the screen, as it falls


def test_thinning_keeps_the_mean_and_the_order() -> None:
    curve = pd.Series(np.random.default_rng(0).normal(size=4000), index=np.arange(4000.0))
    thin = charts.thinned(curve)
    assert len(thin) == 200
    assert thin.to_numpy() == pytest.approx(curve.to_numpy().reshape(200, 20).mean(axis=1))
    assert thin.index.to_numpy() == pytest.approx(np.arange(4000).reshape(200, 20).mean(axis=1))


def test_several_seeds_are_their_mean_with_a_band_around_it() -> None:
    by_seed = [pd.Series([4.0, 2.0], index=[1, 2]), pd.Series([6.0, 4.0], index=[1, 2])]
    svg = charts.curve("P1", by_seed)
    line, band = points(svg, "curve"), points(svg, "band")
    assert band[:2].mean(axis=0)[1] < line.mean(axis=0)[1] < band[2:].mean(axis=0)[1]
    assert line == pytest.approx((band[:2] + band[:1:-1]) / 2, abs=0.06)
    assert "mean of 2 seeds: from 5 at epoch 1 to 3 at epoch 2; lowest 3, highest 5." in svg
    assert 'class="band"' not in charts.curve("P1", by_seed[:1])


def test_values_over_several_powers_of_ten_are_drawn_over_a_logarithmic_axis() -> None:
    values = pd.Series([100.0, 10.0, 1.0], index=[1, 2, 3])
    heights = points(charts.curve("Loss", [values]), "curve")[:, 1]
    assert np.diff(heights)[0] == pytest.approx(np.diff(heights)[1], abs=0.15)
    below_zero = points(charts.curve("Loss", [values - 50]), "curve")[:, 1]
    assert np.diff(below_zero)[0] == pytest.approx(10 * np.diff(below_zero)[1], rel=0.1)


@pytest.mark.parametrize("values", [[3.0], [3.0, 3.0]])
def test_a_single_value_is_drawn_too(values: list[float]) -> None:
    svg = charts.curve("Loss", [pd.Series(values, index=range(1, len(values) + 1))])
    assert np.isfinite(points(svg, "curve")).all()
    assert ('class="dot"' in svg) == (len(values) == 1)


def test_the_bar_of_states_shows_each_in_proportion() -> None:
    svg = charts.bar("GraphMDN", {STATES[0]: 1, STATES[3]: 3, STATES[5]: 6})
    widths = {one.attrib["class"]: float(one.attrib["width"]) for one in ElementTree.fromstring(svg).iter("rect")}
    assert widths == {"state-held": 29.0, "state-contra-indicated": 89.0, "state-not-run": 179.0}
    assert "<desc>Of 10 claims: ✓ 1 held, (✗) 3 contra-indicated, – 6 not run.</desc>" in svg
