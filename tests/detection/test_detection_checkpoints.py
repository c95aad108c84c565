"""Checkpoints of train_detection: loading returns what was saved, and other files are refused in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from detection_variants import ARCHITECTURES, SMALL, detection_variant

from pipeline.config import DetectionVariant, SmallNetworks
from pipeline.detection.checkpoints import load_model, save_model, seeded_model
from pipeline.training import checkpoint
from pipeline.training.checkpoint import CheckpointError

NAMES = ("person", "cup", "cat")


def saved(path: Path, variant: DetectionVariant, networks: SmallNetworks | None = SMALL, **settings: Any) -> Path:
    model = seeded_model(variant, len(NAMES), SMALL, 0.0, 3)
    save_model(path, "some_variant", variant, NAMES, 3, 17, model.state_dict(), networks, **settings)
    return path


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize(("task", "components"), [("pose", 0), ("pose", 2), ("boxes", 3)])
def test_a_saved_network_finds_what_it_found_before(
    tmp_path: Path, architecture: str, task: str, components: int
) -> None:
    variant = detection_variant(task, architecture, components)
    model = seeded_model(variant, len(NAMES), SMALL, 10.0, 3)
    path = tmp_path / "model.pt"
    save_model(path, "some_variant", variant, NAMES, 3, 17, model.state_dict(), SMALL, 192, 0.3)
    loaded = load_model(path)
    assert (loaded.variant_name, loaded.variant, loaded.categories) == ("some_variant", variant, NAMES)
    assert (loaded.input_size, loaded.sigma_factor, loaded.epoch) == (192, 0.3, 17)
    images = torch.randn(2, 3, model.divisor, model.divisor)
    model.eval()
    with torch.no_grad():
        expected, found = model(images), loaded.model(images)
    assert expected.keys() == found.keys() and all(torch.equal(expected[name], found[name]) for name in expected)
    assert not loaded.model.training


def test_the_file_has_the_same_bytes_and_names_no_device(tmp_path: Path) -> None:
    one, other = (saved(tmp_path / name, detection_variant()) for name in ("one.pt", "other.pt"))
    assert one.read_bytes() == other.read_bytes()
    loaded = load_model(one)
    assert (
        loaded.input_size == detection_variant().input_size and loaded.sigma_factor == 1.0
    )  # where nothing else is said


def test_the_seed_makes_the_weights_and_the_generators_start() -> None:
    variant = detection_variant(components=2)
    first, draws = [], []
    for seed in (0, 0, 1):
        torch.rand(3)
        first.append(seeded_model(variant, 1, SMALL, 0.0, seed).state_dict())
        draws.append(torch.rand(4).tolist())
    assert all(torch.equal(first[0][name], first[1][name]) for name in first[0]) and draws[0] == draws[1]
    assert any(not torch.equal(first[0][name], first[2][name]) for name in first[0]) and draws[0] != draws[2]


def test_the_raw_sigma_starts_at_the_stated_value() -> None:
    variant = detection_variant(components=2)
    plain, started = (seeded_model(variant, 1, SMALL, start, 0).state_dict() for start in (0.0, 10.0))
    differ = {name for name in plain if not torch.equal(plain[name], started[name])}
    assert differ and all("sigma" in name and name.endswith("bias") for name in differ)
    assert all(started[name].eq(10).all() for name in differ)


def test_weights_that_do_not_fit_are_refused_in_one_line(tmp_path: Path) -> None:
    wide = SMALL.model_copy(update={"map_width": 9})
    path = saved(tmp_path / "model.pt", detection_variant(), wide)
    with pytest.raises(CheckpointError, match=r"model\.pt: its weights do not fit the variant it names") as caught:
        load_model(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        {"format": "lifting 1"},
        {"format": None},
        {"settings": {"paper": "mdn_offset"}},
        {"settings": 3},
        {"networks": {"stacks": "two"}},
        {"categories": None},
        {"model": [1]},
    ],
)
def test_another_kind_of_file_is_refused_in_one_line(tmp_path: Path, change: dict[str, Any]) -> None:
    path = saved(tmp_path / "model.pt", detection_variant())
    checkpoint.save(path, checkpoint.load(path) | change)
    with pytest.raises(CheckpointError, match=r"model\.pt: ") as caught:
        load_model(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "key", ["settings", "networks", "categories", "variant", "input_size", "sigma_factor", "model"]
)
def test_a_missing_part_is_named(tmp_path: Path, key: str) -> None:
    path = saved(tmp_path / "model.pt", detection_variant())
    content = checkpoint.load(path)
    del content[key]
    checkpoint.save(path, content)
    with pytest.raises(CheckpointError, match=rf"model\.pt: .*'{key}'"):
        load_model(path)


def test_a_file_that_is_missing_or_damaged(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="missing; train the variant first"):
        load_model(tmp_path / "none.pt")
    path = saved(tmp_path / "model.pt", detection_variant())
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(CheckpointError, match=r"model\.pt: not a readable checkpoint"):
        load_model(path)
