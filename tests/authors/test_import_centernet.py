"""Commands with CenterNet's files: they are imported for the variant whose network they fit."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import yaml
from repository import write_demo
from torch import Tensor

from pipeline import artifacts, config
from pipeline.artifacts import InputError
from pipeline.authors import export_checkpoint, import_checkpoint
from pipeline.authors.names import export_weights
from pipeline.detection.checkpoints import load_model
from pipeline.detection.models import build_model, centernet, dla, hourglass
from pipeline.training.checkpoint import load

COMMON = {"paper": "mdn_offset", "title": "x", "task": "pose"}
VARIANTS = {
    "base": COMMON,
    "base_long": {**COMMON, "epochs": 150},
    "base_authors": {**COMMON, "epochs": 150, "imported": True},
    "mixture": {**COMMON, "head": {"components": 2}, "loss": {"regression": 0.1}},
    "mixture_long": {**COMMON, "head": {"components": 2}, "loss": {"regression": 0.1}, "epochs": 150},
    "two_regressors": {**COMMON, "head": {"components": 1, "regressors": 2}},
    "boxes_dla": {**COMMON, "task": "boxes", "architecture": "dla_34"},
}


@pytest.fixture(autouse=True)
def small_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The papers' networks in a small size."""
    monkeypatch.setattr(hourglass, "WIDTHS", (4, 6))
    monkeypatch.setattr(hourglass, "MODULES", (1, 1))
    monkeypatch.setattr(dla, "WIDTHS", (4, 4, 6, 8, 8, 10))
    monkeypatch.setattr(centernet, "HIDDEN", 5)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    write_demo(folder, "variants", "detection")
    lifting = {"semgcn": {"paper": "semgcn", "title": "x", "model": {"channels": 8, "blocks": 2}}}
    settings = {"preset": "demo", "seeds": [0, 1, 2], "lifting_variants": lifting, "detection_variants": VARIANTS}
    (folder / "params.yaml").write_text(yaml.safe_dump(settings))
    return folder


def state_of(root: Path, name: str, paper: str = "mixture_dense") -> dict[str, Tensor]:
    """Random weights under the authors' names."""
    torch.manual_seed(0)
    variant = config.load(None, root).detection_variant(name)
    model = build_model(variant, 80 if variant.task == "boxes" else 1)
    for key, value in model.state_dict().items():
        if value.is_floating_point():
            value.copy_(torch.rand(value.shape) + 0.5 if "running_var" in key else 0.3 * torch.randn(value.shape))
    return export_weights(model.state_dict(), paper)


def authors_file(root: Path, name: str, **more: Tensor) -> Path:
    path = root.parent / "model_best.pth"
    state = {f"module.{key}": value.contiguous() for key, value in {**state_of(root, name), **more}.items()}
    content = {"epoch": 140, "state_dict": state, "optimizer": {"state": {}, "param_groups": []}}
    torch.save(content, path, _use_new_zipfile_serialization=False)
    return path


def imported(root: Path) -> Path:
    (path,) = (root / "data" / "imported").iterdir()
    return path


@pytest.mark.parametrize(
    ("paper", "given", "variant"),
    [
        ("centernet", "base", "base_authors"),
        ("mixture_dense", "base", "base_authors"),
        ("mixture_dense", "two_regressors", "two_regressors"),
        ("centernet", "boxes_dla", "boxes_dla"),
    ],
)
def test_the_variant_is_the_one_that_the_weights_fit(root: Path, capsys, paper: str, given: str, variant: str):
    assert import_checkpoint.run(root, paper, authors_file(root, given)) == 0
    predictor = load_model(imported(root))
    assert (predictor.variant_name, predictor.epoch) == (variant, 140)
    assert imported(root).stem == artifacts.digest(imported(root))
    exported, expected = export_weights(predictor.model.state_dict(), paper), state_of(root, given)
    assert exported.keys() == expected.keys() and all(torch.equal(exported[key], expected[key]) for key in expected)
    told = capsys.readouterr().out
    assert f"in params.yaml, detection_variants, {variant}, write" in told
    also = "" if variant == "base_authors" else f" -S ++detection_variants.{variant}.imported=true"
    assert f"dvc exp run{also} -S ++detection_variants.{variant}.weights={imported(root).stem}" in told


def test_categories_are_cocos(root: Path):
    import_checkpoint.run(root, "centernet", authors_file(root, "boxes_dla"))
    categories = load_model(imported(root)).categories
    assert len(set(categories)) == 80 and categories[0] == "person" and categories[79] == "toothbrush"


def test_of_several_that_fit_one_must_be_named(root: Path):
    with pytest.raises(InputError, match="it fits mixture, mixture_long; name one with --variant"):
        import_checkpoint.run(root, "mixture_dense", authors_file(root, "mixture"))
    import_checkpoint.run(root, "mixture_dense", authors_file(root, "mixture"), "mixture_long")
    assert load_model(imported(root)).variant_name == "mixture_long"


def test_weights_that_fit_no_variant_report_the_difference_from_the_most_similar(root: Path):
    file = authors_file(root, "base", **{"hps.0.1.bias": torch.zeros(35)})
    with pytest.raises(
        InputError, match=r"fits no variant.*hps\.0\.1\.bias: \[35\] in the file, \[34\].*variant base$"
    ):
        import_checkpoint.run(root, "mixture_dense", file)


def test_the_difference_from_a_named_variant_is_reported(root: Path):
    shapes = r"hps\.0\.1\.weight: \[34, 5, 1, 1\] in the file, \[68, 5, 1, 1\] in the network of variant mixture"
    with pytest.raises(InputError, match=f"{shapes}; by its names it is centernet's"):
        import_checkpoint.run(root, "mixture_dense", authors_file(root, "base"), "mixture")
    with pytest.raises(InputError, match="variant mixture: CenterNet has no mixture"):
        import_checkpoint.run(root, "centernet", authors_file(root, "mixture"), "mixture")


def test_weights_with_nan_are_refused(root: Path):
    file = authors_file(root, "base", **{"hm.0.1.bias": torch.tensor([float("nan")])})
    with pytest.raises(InputError, match=r"hm\.0\.1\.bias: holds NaN"):
        import_checkpoint.run(root, "centernet", file)


def test_mesh_graphs_are_refused(root: Path):
    with pytest.raises(InputError, match="--graphs: only hgn's"):
        import_checkpoint.run(root, "centernet", authors_file(root, "base"), None, root / "graphs.npz")


@pytest.mark.parametrize("prefix", ["", "module."])
def test_import_and_export_change_no_number(root: Path, prefix: str):
    """And ImageNet's classifier, which no CenterNet reads, stays out."""
    classifier = {"base.fc.weight": torch.zeros(1000, 10, 1, 1), "base.fc.bias": torch.zeros(1000)}
    import_checkpoint.run(root, "centernet", authors_file(root, "boxes_dla", **classifier))
    out = root.parent / "out.pth"
    export_checkpoint.run(root, "centernet", imported(root), out, data_parallel=bool(prefix))
    content, expected = load(out), state_of(root, "boxes_dla")
    assert content["epoch"] == 140
    assert list(content["state_dict"]) == [prefix + name for name in expected]
    assert all(torch.equal(content["state_dict"][prefix + name], expected[name]) for name in expected)


def test_the_checkpoint_of_another_kind_is_refused(root: Path):
    import_checkpoint.run(root, "centernet", authors_file(root, "base"))
    with pytest.raises(InputError, match="not a checkpoint of train_lifting"):
        export_checkpoint.run(root, "semgcn", imported(root), root / "out.pth")
