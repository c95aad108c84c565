"""Every YAML file means the same to DVC (YAML 1.2) and to Snakemake (YAML 1.1)."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from repository import ROOT, files_of_repository
from ruamel.yaml import YAML

FILES = [path for path in files_of_repository() if path.suffix in (".yaml", ".yml")]


def older(text: str) -> object:
    return yaml.safe_load(text)


def newer(text: str) -> object:
    return YAML(typ="safe", pure=True).load(text)


@pytest.mark.parametrize("path", FILES, ids=str)
def test_both_dialects_read_the_same(path: Path) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    assert repr(older(text)) == repr(newer(text))  # repr tells 1 from 1.0 and from "1"


@pytest.mark.parametrize("path", FILES, ids=str)
def test_lists_are_in_block_style(path: Path) -> None:
    tokens = yaml.scan((ROOT / path).read_text(encoding="utf-8"))
    lines = [token.start_mark.line + 1 for token in tokens if isinstance(token, yaml.FlowSequenceStartToken)]
    assert lines == []


def test_the_settings_are_among_the_files() -> None:
    assert {"params.yaml", "params/demo.yaml", "dvc.yaml", "profiles/default/profile.yaml"} <= set(map(str, FILES))


@pytest.mark.parametrize("text", ["1e-3", "yes", "010", "1:30"])
def test_the_dialects_differ_where_the_style_says(text: str) -> None:
    assert repr(older(text)) != repr(newer(text))
