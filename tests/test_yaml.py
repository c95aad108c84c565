"""Every YAML file means the same to DVC (YAML 1.2) and to Snakemake (YAML 1.1)."""

from __future__ import annotations

import difflib
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from dvc.utils.hydra import apply_overrides
from repository import ROOT, files_of_repository
from ruamel.yaml import YAML

from pipeline.artifacts import InputError
from pipeline.config import read_yaml

FILES = [path for path in files_of_repository() if path.suffix in (".yaml", ".yml")]


def older(text: str) -> object:
    return yaml.safe_load(text)


def newer(text: str) -> object:
    return YAML(typ="safe", pure=True).load(text)


@pytest.mark.parametrize("path", FILES, ids=str)
def test_both_dialects_read_the_same(path: Path) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    assert repr(older(text)) == repr(newer(text))  # repr tells 1 from 1.0 and from "1"


@pytest.mark.parametrize("path", [path for path in FILES if not path.match("params/*/dvc.yaml")], ids=str)
def test_lists_are_in_block_style(path: Path) -> None:
    tokens = yaml.scan((ROOT / path).read_text(encoding="utf-8"))
    lines = [token.start_mark.line + 1 for token in tokens if isinstance(token, yaml.FlowSequenceStartToken)]
    assert lines == []


def test_the_settings_are_among_the_files() -> None:
    assert {"params.yaml", "params/demo.yaml", "dvc.yaml", "profiles/default/profile.yaml"} <= set(map(str, FILES))


@pytest.mark.parametrize("text", ["1e-3", "yes", "010", "1:30"])
def test_the_dialects_differ_where_the_style_says(text: str) -> None:
    assert repr(older(text)) != repr(newer(text))


# --- the form in which DVC writes -------------------------------------------------------------------------------------

PRESETS = [str(path) for path in FILES if path.parent == Path("params")]


@pytest.mark.parametrize(
    ("file", "setting", "expected"),
    [
        ("params.yaml", "preset=mini", ["-preset: demo", "+preset: mini"]),
        (
            "params.yaml",
            "lifting_variants.graphmdn.optimizer.batch_size=7",
            ["-    optimizer: {batch_size: 256}", "+    optimizer: {batch_size: 7}"],
        ),
        *((preset, "threads=1357", ["-threads: 1", "+threads: 1357"]) for preset in PRESETS),
    ],
)
def test_dvc_exp_run_changes_one_line(file: str, setting: str, expected: list[str], tmp_path: Path) -> None:
    before = (ROOT / file).read_text(encoding="utf-8")
    copy = tmp_path / "params.yaml"
    copy.write_text(before, encoding="utf-8")
    apply_overrides(copy, [setting])  # what `dvc exp run -S` does
    lines = difflib.unified_diff(before.splitlines(), copy.read_text(encoding="utf-8").splitlines(), n=0, lineterm="")
    assert [line for line in lines if not line.startswith(("---", "+++", "@@"))] == expected


# --- the quick check of the dialects ----------------------------------------------------------------------------------

# Every scalar that a dialect takes for more than text, or nearly so.
SCALARS = [
    *("yes", "no", "on", "off", "Yes", "NO", "y", "n", "true", "TRUE", "True", "tRUE", "False"),
    *("~", "null", "Null", "NULL", "nULL", "", "=", "<<", "<"),
    *(
        "0",
        "-0",
        "1",
        "+1",
        "-1",
        "010",
        "-010",
        "08",
        "0o10",
        "0x1F",
        "0X1F",
        "0b11",
        "1_000",
        "_1",
        "1:30",
        "190:20:30",
    ),
    *("1.", ".5", "-.5", "+.5", "._5", "1.0", "01.5", "1e3", "1e-3", "1.0e3", "1.0e-3", "1.0E+3", ".5e3", "1:30.5"),
    *(".inf", "-.INF", ".nan", "nan", "inf", ".", "-", "+", "1.2.3", "1GB", "100 - a", "3 words", "!!int 010"),
    *("2001-01-01", "2001-1-1", "2001-13-01", "2001-01-01 10:00:00", "2001-01-01T10:00:00Z", "2001-01-01 10:00:00 +2"),
    *("!!str word", "!!float 1", "!!int '010'", "'yes'", '"1e-3"', "word", "a b", "noon", "falsehood"),
]


def read_by(reader: object, text: str) -> str | None:
    """The content's repr, which tells 1 from 1.0 and from "1"; None where it cannot be read."""
    try:
        return repr(reader(text))  # type: ignore[operator]
    except Exception:  # the libraries have no common error
        return None


@pytest.mark.parametrize("form", ["key: {}\n", "{}: 1\n", "- 0\n- {}\n", "a:\n  b: {{x: {} }}\n"])
@pytest.mark.parametrize("scalar", SCALARS)
def test_the_quick_check_agrees_with_reading_twice(scalar: str, form: str, tmp_path: Path) -> None:
    file = tmp_path / "file.yaml"
    file.write_text(form.format(scalar), encoding="utf-8")
    one, other = (read_by(reader, file.read_text(encoding="utf-8")) for reader in (older, newer))
    try:
        found: str | None = repr(read_yaml(file))
    except InputError:
        found = None
    assert found == (one if one == other else None)


@pytest.mark.parametrize("path", FILES, ids=str)
def test_the_quick_check_clears_the_repository_s_files(path: Path) -> None:
    assert repr(read_yaml(ROOT / path)) == repr(older((ROOT / path).read_text(encoding="utf-8")))


MERGED = """base: &base
  one: 1
  nested: &nested
    two: 2
    three: 3
same:
  <<: *base
other:
  one: 11
  <<: *base
  nested:
    <<: *nested
    two: 22
both:
  <<:
    - *nested
    - *base
alias: *nested
"""


def test_merge_keys_and_aliases_are_read_as_both_libraries_do(tmp_path: Path) -> None:
    (tmp_path / "file.yaml").write_text(MERGED)
    content = read_yaml(tmp_path / "file.yaml")
    assert content == older(MERGED) == newer(MERGED)
    assert content["other"] == {"one": 11, "nested": {"two": 22, "three": 3}}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("    three: 3", "    two: 3", 'line 5: not YAML: found duplicate key "two"'),
        ("    two: 22", "    two: 22\n    two: 23", 'line 14: not YAML: found duplicate key "two"'),
        ("alias:", "both:", 'line 18: not YAML: found duplicate key "both"'),
        ("    two: 22", "    <<: *base", 'line 13: not YAML: found duplicate key "<<"'),
        ("three: 3", "three: 1e-3", "base.nested.three: Snakemake (YAML 1.1) and DVC (1.2) read it differently"),
        ("two: 22", "two: 010", "other.nested.two: Snakemake (YAML 1.1) and DVC (1.2) read it differently"),
        ("two: 22", "on: 22", "other.nested: Snakemake (YAML 1.1) and DVC (1.2) read it differently"),
        ("two: 22", "two: 2001-13-01", "not YAML: month must be in 1..12"),
        ("alias: *nested", "alias: *nowhere", "line 18: not YAML: found undefined alias"),
    ],
)
def test_mistakes_among_merge_keys_are_one_line(old: str, new: str, expected: str, tmp_path: Path) -> None:
    assert MERGED.count(old) == 1
    (tmp_path / "file.yaml").write_text(MERGED.replace(old, new))
    with pytest.raises(InputError) as caught:
        read_yaml(tmp_path / "file.yaml")
    assert expected in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_reading_the_settings_imports_no_second_reader() -> None:
    code = "import sys; from pipeline import config; config.load(); sys.exit('ruamel.yaml' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
