"""The commands that import the authors' files as our checkpoints, and export them."""

import argparse
import os
from pathlib import Path

import pytest
import torch
import yaml
from repository import write_demo
from torch import Tensor

from pipeline import artifacts, config
from pipeline.artifacts import InputError
from pipeline.authors import export_checkpoint, import_checkpoint
from pipeline.authors.names import Means, export_weights
from pipeline.geometry.skeleton import HUMAN36M_16
from pipeline.lifting.checkpoints import load_model, save_model
from pipeline.lifting.models import build_model
from pipeline.training.checkpoint import load

SMALL = {"channels": 8, "blocks": 2}
FULLY_CONNECTED = {"name": "fully_connected", "channels": 8, "blocks": 2, "omit_root": True}
MIXTURE = {"name": "mixture"}
VARIANTS = {
    "semgcn_authors": {"paper": "semgcn", "title": "x", "epochs": 30, "imported": True, "model": SMALL},
    "graphmdn_authors": {"paper": "graphmdn", "title": "x", "imported": True, "model": SMALL, "head": MIXTURE},
    "fully_connected_authors": {"paper": "semgcn", "title": "x", "imported": True, "model": FULLY_CONNECTED},
    "with_root": {"paper": "semgcn", "title": "x", "model": {**FULLY_CONNECTED, "omit_root": False}},
    "deeper": {"paper": "semgcn", "title": "x", "model": {**SMALL, "blocks": 3}},
    "wider": {"paper": "semgcn", "title": "x", "model": {**SMALL, "channels": 12}},
    "local": {"paper": "semgcn", "title": "x", "model": {**SMALL, "non_local": "none"}},
    "ungrouped": {"paper": "semgcn", "title": "x", "model": {**SMALL, "non_local": "ungrouped"}},
    "vanilla": {"paper": "semgcn", "title": "x", "model": {**SMALL, "convolution": "vanilla"}},
    "without_softmax": {"paper": "semgcn", "title": "x", "model": {**SMALL, "edge_weights": "raw"}},
    "refined": {"paper": "semgcn", "title": "x", "model": {**SMALL, "refinement": "pose_grammar"}},
    "flipped": {"paper": "semgcn", "title": "x", "model": SMALL, "flip": {"testing": True}},
}
MEANS: dict[str, Means] = {"graphmdn": "tanh"}
AUTHORS = {"semgcn": "semgcn_authors", "graphmdn": "graphmdn_authors", "martinez": "fully_connected_authors"}
PAPERS = pytest.mark.parametrize("paper", list(AUTHORS))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with small variants of the authors' networks."""
    folder = tmp_path / "repository"
    write_demo(folder)
    settings = {"preset": "demo", "seeds": [0, 1, 2], "lifting_variants": VARIANTS}
    (folder / "params.yaml").write_text(yaml.safe_dump(settings))
    return folder


def state_of(root: Path, paper: str, variant: str) -> dict[str, Tensor]:
    """Random weights under the authors' names, for the network of a variant."""
    torch.manual_seed(0)
    model = build_model(config.load(None, root).variant(variant), HUMAN36M_16)
    for name, value in model.state_dict().items():
        if value.is_floating_point():
            value.copy_(torch.rand(value.shape) + 0.5 if "running_var" in name else 0.3 * torch.randn(value.shape))
    return export_weights(model.state_dict(), paper)


def authors_file(root: Path, paper: str, variant: str | None = None, old: bool = True, **extra: object) -> Path:
    """A file as the authors' code writes it: wrapped for several GPUs, in the format of its time."""
    path = root.parent / f"{paper}.pth.tar"
    state = {f"module.{name}": value for name, value in state_of(root, paper, variant or AUTHORS[paper]).items()}
    content = {"epoch": 12, "lr": 1e-3, "error": 40.78, "optimizer": {"state": {}}, "state_dict": state} | extra
    torch.save(content, path, _use_new_zipfile_serialization=not old)
    return path


def imported(root: Path) -> list[Path]:
    return sorted((root / "data" / "imported").iterdir())


def keypoints() -> Tensor:
    return 500 + 200 * torch.randn(20, 16, 2, generator=torch.Generator().manual_seed(1))


# --- import -----------------------------------------------------------------------------------------------------------


@PAPERS
@pytest.mark.parametrize("old", [True, False])
def test_a_released_file_becomes_our_checkpoint(root: Path, capsys, paper: str, old: bool):
    file = authors_file(root, paper, old=old)
    before = file.read_bytes()
    assert import_checkpoint.run(root, paper, file, means=MEANS.get(paper)) == 0
    (path,) = imported(root)
    assert path.stem == artifacts.digest(path) and file.read_bytes() == before
    predictor = load_model(path)
    assert (predictor.variant_name, predictor.epoch) == (AUTHORS[paper], 12)
    assert predictor.variant == config.load(None, root).variant(AUTHORS[paper])
    exported, given = export_weights(predictor.model.state_dict(), paper), state_of(root, paper, AUTHORS[paper])
    assert exported.keys() == given.keys() and all(torch.equal(exported[name], given[name]) for name in given)
    told = capsys.readouterr().out
    assert f"    weights: {path.stem}\n" in told and "after 12 epochs" in told
    assert f"dvc exp run -S ++lifting_variants.{AUTHORS[paper]}.weights={path.stem}" in told


def test_a_second_import_changes_nothing(root: Path):
    """Even after the digest was put into params.yaml, where it is a setting of the variant."""
    file = authors_file(root, "semgcn")
    import_checkpoint.run(root, "semgcn", file)
    (path,) = imported(root)
    before = path.stat().st_mtime_ns
    settings = yaml.safe_load((root / "params.yaml").read_text())
    settings["lifting_variants"]["semgcn_authors"]["weights"] = path.stem
    (root / "params.yaml").write_text(yaml.safe_dump(settings))
    import_checkpoint.run(root, "semgcn", file)
    assert imported(root) == [path] and path.stat().st_mtime_ns == before


def test_a_damaged_import_is_written_again(root: Path):
    file = authors_file(root, "semgcn")
    import_checkpoint.run(root, "semgcn", file)
    (path,) = imported(root)
    path.write_bytes(b"half")
    import_checkpoint.run(root, "semgcn", file)
    assert imported(root) == [path] and artifacts.digest(path) == path.stem


@pytest.mark.parametrize("epoch", [None, "7", True, -1, 2.5])
def test_without_a_whole_number_of_epochs_the_variants_is_used(root: Path, capsys, epoch: object):
    import_checkpoint.run(root, "semgcn", authors_file(root, "semgcn", epoch=epoch))
    assert load_model(imported(root)[0]).epoch == 30
    assert "epochs" not in capsys.readouterr().out


@pytest.mark.parametrize("variant", ["local", "wider", "flipped"])
def test_another_variant_takes_its_own_weights(root: Path, capsys, variant: str):
    """With flip testing, the network inside gets them; its weights have no prefix in the authors' file."""
    source = "semgcn_authors" if variant == "flipped" else variant
    import_checkpoint.run(root, "semgcn", authors_file(root, "semgcn", source), variant)
    predictor = load_model(imported(root)[0])
    assert predictor.variant_name == variant and predictor.predict(keypoints()).isfinite().all()
    assert "    imported: true\n    weights: " in capsys.readouterr().out  # these variants are not yet marked so


# --- what does not fit ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("paper", "given", "wanted", "message"),
    [
        ("semgcn", "wider", None, r"gconv_input\.0\.gconv\.W: \[2, 2, 12\] in the file, \[2, 2, 8\] in the network of"),
        (
            "semgcn",
            None,
            "deeper",
            r"gconv_layers\.4\.gconv1\.gconv\.W \[2, 8, 8\], which variant deeper needs, is not",
        ),
        ("semgcn", "deeper", None, r"gconv_layers\.4\.gconv1\.gconv\.W \[2, 8, 8\] in the file has no place"),
        ("semgcn", "local", None, r"g\.0\.weight \[4, 8, 1\], which .* needs, is not in the file, but gconv_layers\.1"),
        (
            "martinez",
            "with_root",
            None,
            r"w2\.weight: \[48, 8\] in the file, \[45, 8\] in the network of variant fully_",
        ),
    ],
)
def test_the_first_difference_is_reported_with_shapes(root: Path, paper: str, given, wanted, message: str):
    file = authors_file(root, paper, given)
    with pytest.raises(InputError, match=rf"{paper}\.pth\.tar: .*{message}") as caught:
        import_checkpoint.run(root, paper, file, wanted)
    assert "\n" not in str(caught.value) and not (root / "data").exists()


def test_weights_of_another_paper_are_recognised(root: Path):
    with pytest.raises(InputError, match=r"by its names it is semgcn's"):
        import_checkpoint.run(root, "graphmdn", authors_file(root, "semgcn"), means="tanh")


def test_graphmdns_weights_need_their_tanh_stated(root: Path):
    file = authors_file(root, "graphmdn")
    with pytest.raises(InputError, match=r"graphmdn\.pth\.tar: means: not stated, .*\(--means tanh\)"):
        import_checkpoint.run(root, "graphmdn", file)
    with pytest.raises(InputError, match=r"graphmdn\.pth\.tar: means='linear': our GraphMDN applies tanh"):
        import_checkpoint.run(root, "graphmdn", file, means="linear")
    with pytest.raises(InputError, match=r"^--means: only graphmdn's network has means; leave it out"):
        import_checkpoint.run(root, "semgcn", file, means="tanh")
    assert not (root / "data").exists()


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_weights_with_nan_or_infinity_are_refused(root: Path, bad: float):
    state = state_of(root, "semgcn", "semgcn_authors")
    state["gconv_layers.2.gconv1.bn.running_mean"][3] = bad
    with pytest.raises(InputError, match=r"gconv_layers\.2\.gconv1\.bn\.running_mean: holds NaN or infinity"):
        import_checkpoint.run(root, "semgcn", authors_file(root, "semgcn", state_dict=state))


def test_weights_of_another_precision_are_refused(root: Path):
    """They are not rounded silently."""
    state = state_of(root, "semgcn", "semgcn_authors")
    state["gconv_output.bias"] = state["gconv_output.bias"].double()
    with pytest.raises(InputError, match=r"gconv_output\.bias: torch\.float64 in the file, torch\.float32 in the"):
        import_checkpoint.run(root, "semgcn", authors_file(root, "semgcn", state_dict=state))


def test_a_malicious_file_is_refused_and_not_executed(root: Path):
    marker = root.parent / "executed"

    class Malicious:
        def __reduce__(self):
            return os.system, (f"touch '{marker}'",)

    with pytest.raises(InputError, match=r"semgcn\.pth\.tar: refused: it names posix\.system"):
        import_checkpoint.run(root, "semgcn", authors_file(root, "semgcn", optimizer=Malicious()))
    assert not marker.exists() and not (root / "data").exists()


def test_an_unknown_variant_is_reported(root: Path):
    with pytest.raises(InputError, match=r"no 'semgcn_author'; did you mean 'semgcn_authors'\?"):
        import_checkpoint.run(root, "semgcn", root / "none.pt", "semgcn_author")


@pytest.mark.parametrize(
    ("paper", "variant"),
    [
        *(("semgcn", name) for name in ("ungrouped", "vanilla", "without_softmax", "refined", "graphmdn_authors")),
        ("semgcn", "fully_connected_authors"),
        ("graphmdn", "semgcn_authors"),
        ("martinez", "semgcn_authors"),
    ],
)
def test_a_network_that_computes_something_else_is_refused(root: Path, paper: str, variant: str):
    """Ungrouped or without softmax, even the names and shapes fit, but the outputs would be wrong."""
    message = rf"variant {variant}: its network is not that of --paper {paper}; take {AUTHORS[paper]}"
    with pytest.raises(InputError, match=message):
        import_checkpoint.run(root, paper, root / "none.pt", variant)
    settings = config.load(None, root).variant(variant)
    model = build_model(settings, HUMAN36M_16)
    save_model(root / "ours.pt", variant, settings, 0, 1, model.state_dict())
    with pytest.raises(InputError, match=message):
        export_checkpoint.run(root, paper, root / "ours.pt", root / "theirs.pt")
    assert not (root / "theirs.pt").exists()


# --- export -----------------------------------------------------------------------------------------------------------


@PAPERS
@pytest.mark.parametrize("data_parallel", [False, True])
def test_export_and_import_change_no_bit(root: Path, paper: str, data_parallel: bool):
    import_checkpoint.run(root, paper, authors_file(root, paper), means=MEANS.get(paper))
    (ours,) = imported(root)
    theirs = root / "exported" / "theirs.pth.tar"
    assert export_checkpoint.run(root, paper, ours, theirs, data_parallel) == 0
    content = load(theirs)
    assert content["epoch"] == 12
    assert all(name.startswith("module.") == data_parallel for name in content["state_dict"])
    before = load_model(ours).output(keypoints())
    content_before = ours.read_bytes()
    ours.unlink()
    import_checkpoint.run(root, paper, theirs, means=MEANS.get(paper))
    assert imported(root) == [ours] and ours.read_bytes() == content_before
    after = load_model(ours).output(keypoints())
    for field in ("means", "scales", "logits") if paper == "graphmdn" else (None,):
        pair = (before, after) if field is None else (getattr(before, field), getattr(after, field))
        assert (pair[0] - pair[1]).abs().max() == 0 and pair[0].std() > 0


def test_a_checkpoint_is_not_exported_onto_itself(root: Path):
    import_checkpoint.run(root, "semgcn", authors_file(root, "semgcn"))
    (ours,) = imported(root)
    with pytest.raises(InputError, match="is the input, which would be lost"):
        export_checkpoint.run(root, "semgcn", ours, ours)
    assert artifacts.digest(ours) == ours.stem


def test_what_cannot_be_exported_is_one_line(root: Path):
    with pytest.raises(InputError, match=r"none\.pt: missing; train the variant first"):
        export_checkpoint.run(root, "semgcn", root / "none.pt", root / "theirs.pt")
    with pytest.raises(InputError, match=r"semgcn\.pth\.tar: not a checkpoint of train_lifting"):
        export_checkpoint.run(root, "semgcn", authors_file(root, "semgcn"), root / "theirs.pt")


def test_a_file_that_cannot_be_written_is_one_line(root: Path):
    import_checkpoint.run(root, "semgcn", authors_file(root, "semgcn"))
    (root / "taken").write_text("a file, not a folder")
    with pytest.raises(InputError, match=r"theirs\.pt: .*/taken is a file, not a folder; name another place"):
        export_checkpoint.run(root, "semgcn", imported(root)[0], root / "taken" / "theirs.pt")


# --- options ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tool", [import_checkpoint, export_checkpoint])
def test_options_are_what_run_takes_and_help_teaches(tool, capsys):
    parser = argparse.ArgumentParser()
    tool.arguments(parser)
    files = ["ours.pt", "theirs.pt"] if tool is export_checkpoint else ["theirs.pt"]
    options = vars(parser.parse_args(["--paper", "semgcn", *files]))
    taken = set(tool.run.__code__.co_varnames[: tool.run.__code__.co_argcount])
    assert set(options) == taken - {"root"} and options["file"] == Path("theirs.pt")
    with pytest.raises(SystemExit):
        parser.parse_args(["--help"])
    assert f"python -m pipeline {tool.__name__.split('.')[-1]} --paper semgcn" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        parser.parse_args(["--paper", "mdn_offset", *files])
