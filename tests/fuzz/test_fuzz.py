"""Some wrong inputs for every parser, the same in every run; `make fuzz` tries ten thousand, guided by the code.

The tests also try the inputs that once did harm (kept/), and settings and arrays of every kind.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import fuzzed_parsers
import numpy as np
import pytest
import small_params
import yaml
from fuzzed_parsers import KEPT, PARSERS, CodeRan, check
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as of_numpy
from repository import ROOT

from pipeline import config
from pipeline.artifacts import InputError
from pipeline.predict import keypoints

few = settings(
    max_examples=60,
    derandomize=True,  # the same in every run
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
INTERESTING = (
    b"0",
    b"-1",
    b"1e999",
    b"nan",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"#",
    b",",
    b"\n",
    b"\0" * 8,
    b"",
)
changes = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 9), st.sampled_from(INTERESTING) | st.binary(max_size=8)), max_size=4
)


def changed(data: bytes, edits: list[tuple[float, int, bytes]], end: float) -> bytes:
    """The input with some places replaced, and cut at a share of its length."""
    for place, gone, new in edits:
        at = int(place * len(data))
        data = data[:at] + new + data[at + gone :]
    return data[: int(end * len(data)) + 1]


@pytest.mark.parametrize("name", PARSERS)
def test_good_inputs_are_taken(name: str, tmp_path: Path) -> None:
    """Or the fuzzing begins nowhere. SMPL's body and the archive of all takes are more than a small input is."""
    taken = [check(PARSERS[name], data, tmp_path) for data in PARSERS[name].seeds()]
    assert any(taken) or name in ("weights", "checkpoint")


@pytest.mark.parametrize("name", PARSERS)
def test_an_input_gives_data_or_one_clear_error(name: str, tmp_path: Path) -> None:
    parser = PARSERS[name]
    seeds = parser.seeds()

    @settings(few, max_examples=8 if name in ("cdf", "hdf5") else 60)  # what does harm costs a process
    @given(st.sampled_from(seeds), changes, st.just(1.0) | st.floats(0, 1))
    def every(seed: bytes, edits: list[tuple[float, int, bytes]], end: float) -> None:
        check(parser, changed(seed, edits, end), tmp_path)

    every()


@pytest.mark.parametrize("path", sorted(KEPT.glob("*/*")), ids=lambda path: f"{path.parent.name}-{path.name[:14]}")
def test_what_once_did_harm(path: Path, tmp_path: Path) -> None:
    check(PARSERS[path.parent.name], path.read_bytes(), tmp_path)


def test_make_fuzz_tries_every_parser() -> None:
    (line,) = (line for line in (ROOT / "Makefile").read_text().splitlines() if line.startswith("PARSERS = "))
    assert line.split()[2:] == list(PARSERS)


def test_code_that_runs_would_be_noticed(tmp_path: Path) -> None:
    import os

    runs = fuzzed_parsers.Parser("evil", list, lambda path: os.system("true"))
    with pytest.raises(CodeRan, match=r"os\.system"):
        check(runs, b"", tmp_path)


# --- settings and arrays ----------------------------------------------------------------------------------------------

values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["all", "core", "semgcn"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def places(value: Any, where: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in settings."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [where, *(place for key, one in inner for place in places(one, (*where, key)))]


def with_value(content: Any, place: tuple[Any, ...], value: Any) -> Any:
    if not place:
        return value
    copy = content.copy()
    copy[place[0]] = with_value(copy[place[0]], place[1:], value)
    return copy


@pytest.mark.parametrize("file", ["params.yaml", "params/small.yaml"])
def test_settings_are_taken_or_refused_in_one_line(file: str, tmp_path: Path) -> None:
    root = small_params.write(tmp_path)
    good = yaml.safe_load((root / file).read_text())

    @few
    @given(st.sampled_from(places(good)), values)
    def every(place: tuple[Any, ...], value: Any) -> None:
        (root / file).write_text(yaml.safe_dump(with_value(good, place, value), allow_unicode=True), encoding="utf-8")
        try:
            config.load(None, root)
        except InputError as error:
            assert "\n" not in str(error) and ("yaml" in str(error) or "--preset" in str(error))

    every()


arrays = of_numpy.arrays(
    of_numpy.scalar_dtypes(), of_numpy.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=4)
) | of_numpy.arrays(
    st.sampled_from([np.float64, np.float32, np.int16, np.bool_, "U3"]),
    st.sampled_from([(2, 17, 2), (2, 17, 3), (3, 2, 17, 3), (0, 17, 2), (17, 2)]),
)


@few
@given(st.dictionaries(st.sampled_from(["keypoints", "scores", "image_size", "width", "other"]), arrays, max_size=3))
def test_arrays_are_keypoints_or_refused_in_one_line(tmp_path_factory: pytest.TempPathFactory, content: Any) -> None:
    path = tmp_path_factory.getbasetemp() / "arrays.npz"
    buffer = io.BytesIO()
    np.savez(buffer, **content)
    path.write_bytes(buffer.getvalue())
    try:
        found = keypoints.read(path)
    except InputError as error:
        assert "\n" not in str(error) and str(error).startswith(str(path))
    else:
        assert np.isfinite(found.table.values).all() and found.absent.shape == found.confidence.shape
