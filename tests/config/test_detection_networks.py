"""pipeline/config: which small networks a preset may have."""

from __future__ import annotations

from pathlib import Path

import pytest
import small_params
from pydantic import ValidationError
from repository import ROOT

from pipeline import config
from pipeline.config import SmallNetworks

PRESET = small_params.SMALL + "detection:\n  networks:\n    widths:\n      - {}\n      - {}\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    small_params.write(tmp_path)
    return tmp_path


@pytest.mark.parametrize("width", [1, 8, 16, 31])
def test_an_hourglass_too_narrow_for_torch_is_one_line_that_says_why(root: Path, width: int) -> None:
    (root / "params" / "small.yaml").write_text(PRESET.format(width, 64))
    assert small_params.says(root) == (
        f"params/small.yaml: detection.networks.widths: the first is {width}, and torch's training on a CPU crashes on "
        "narrow hourglasses; take 32 or more"
    )


def test_only_the_first_width_is_bound(root: Path) -> None:
    (root / "params" / "small.yaml").write_text(PRESET.format(32, 8))
    networks = config.load(None, root).preset.detection.networks
    assert networks is not None and networks.widths == (32, 8)


@pytest.mark.parametrize("widths", [(64, 64), (48, 32, 32, 48)])
def test_widths_may_be_equal(widths: tuple[int, ...]) -> None:
    assert SmallNetworks(widths=widths).widths == widths


@pytest.mark.parametrize("widths", [(), (32,), (32, 0), (32.5, 64), ("32", 64)])
def test_no_other_widths(widths: tuple[int, ...]) -> None:
    with pytest.raises(ValidationError, match="widths"):
        SmallNetworks(widths=widths)


@pytest.mark.parametrize("preset", ["demo", "mini", "paper"])
def test_this_repositorys_presets_have_networks_that_can_be_trained(preset: str) -> None:
    networks = config.load(preset, ROOT).preset.detection.networks
    assert networks is None or networks.widths[0] >= 32
