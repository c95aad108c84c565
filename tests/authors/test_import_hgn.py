"""Commands with HGN's weights, which need the mesh graphs that they were trained on."""

from __future__ import annotations

from pathlib import Path

import hgn_graphs
import mesh_files
import pytest
import torch
import yaml
from repository import write_demo
from torch import Tensor

from pipeline import artifacts, config
from pipeline.artifacts import InputError
from pipeline.authors import export_checkpoint, import_checkpoint
from pipeline.authors.names import export_weights
from pipeline.geometry.coarsening import MeshGraphs
from pipeline.geometry.skeleton import HUMAN36M_17
from pipeline.lifting.checkpoints import load_model
from pipeline.lifting.models import build_model
from pipeline.training.checkpoint import load

MODEL = {"name": "hierarchical_graph_network", "non_local": "ungrouped", "channels": 8}
COMMON = {"paper": "hgn", "title": "x", "joints": 17, "targets": "meshes", "imported": True}
VARIANTS = {
    "hgn_authors": {**COMMON, "model": {**MODEL, "fusion": "sequential"}},
    "parallel": {**COMMON, "model": MODEL},
    "one_mesh": {**COMMON, "model": {**MODEL, "fusion": "sequential", "meshes": "fine"}},
    "vanilla": {**COMMON, "model": {**MODEL, "fusion": "sequential", "convolution": "vanilla"}},
    "mixture": {**COMMON, "model": {**MODEL, "fusion": "sequential"}, "head": {"name": "mixture"}},
    "semgcn_authors": {"paper": "semgcn", "title": "x", "imported": True, "model": {"channels": 8, "blocks": 2}},
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with small variants, after fit_body."""
    folder = tmp_path / "repository"
    write_demo(folder)
    settings = {"preset": "demo", "seeds": [0, 1, 2], "lifting_variants": VARIANTS}
    (folder / "params.yaml").write_text(yaml.safe_dump(settings))
    path = graphs_of(folder)
    path.parent.mkdir(parents=True)
    artifacts.write_arrays(path, hgn_graphs.authors_sized().to_arrays())
    return folder


def graphs_of(root: Path) -> Path:
    return root / "data" / "demo" / "targets" / "meshes" / "graphs.npz"


def state_of(root: Path, graphs: MeshGraphs) -> dict[str, Tensor]:
    torch.manual_seed(0)
    model = build_model(config.load(None, root).variant("hgn_authors"), HUMAN36M_17, graphs)
    for name, value in model.state_dict().items():
        if value.is_floating_point():
            value.copy_(torch.rand(value.shape) + 0.5 if "running_var" in name else 0.1 * torch.randn(value.shape))
    return export_weights(model.state_dict(), "hgn")


def authors_file(root: Path, graphs: MeshGraphs | None = None) -> Path:
    path = root.parent / "hgn.pth.tar"
    state = state_of(root, graphs or hgn_graphs.authors_sized())
    state = {f"module.{name}": value for name, value in state.items()}
    torch.save({"epoch": 12, "state_dict": state}, path, _use_new_zipfile_serialization=False)
    return path


def imported(root: Path) -> list[Path]:
    return sorted((root / "data" / "imported").iterdir())


def test_a_released_file_becomes_a_checkpoint_with_its_graphs(root: Path, capsys: pytest.CaptureFixture[str]):
    assert import_checkpoint.run(root, "hgn", authors_file(root)) == 0
    (path,) = imported(root)
    predictor = load_model(path)
    assert (predictor.variant_name, predictor.epoch) == ("hgn_authors", 12)
    assert predictor.skeleton == HUMAN36M_17 and predictor.graphs.fine.real.sum() == hgn_graphs.REAL["fine"]
    exported, given = export_weights(predictor.model.state_dict(), "hgn"), state_of(root, predictor.graphs)
    assert exported.keys() == given.keys() and all(torch.equal(exported[name], given[name]) for name in given)
    assert predictor.predict(500 + 100 * torch.randn(3, 17, 2)).shape == (3, 17, 3)
    assert f"    weights: {path.stem}\n" in capsys.readouterr().out


def test_export_and_import_change_no_bit(root: Path):
    import_checkpoint.run(root, "hgn", authors_file(root))
    (ours,) = imported(root)
    content = ours.read_bytes()
    theirs = root / "theirs.pth.tar"
    assert export_checkpoint.run(root, "hgn", ours, theirs) == 0
    assert list(load(theirs)["state_dict"])[:2] == ["fc_1_2_1.conv.weight", "fc_1_2_1.conv.bias"]
    ours.unlink()
    import_checkpoint.run(root, "hgn", theirs)
    assert imported(root) == [ours] and ours.read_bytes() == content


def test_graphs_with_other_edges_are_reported_with_both_counts(root: Path):
    artifacts.write_arrays(graphs_of(root), mesh_files.graphs().to_arrays())
    message = (
        r"hgn\.pth\.tar: trained on graphs with other edges: joints 49, coarse 340, fine 581 entries in the weights, "
        r"joints 49, coarse 15, fine 27 in .*graphs\.npz; name their own graphs with --graphs"
    )
    with pytest.raises(InputError, match=message) as caught:
        import_checkpoint.run(root, "hgn", authors_file(root))
    assert "\n" not in str(caught.value) and not (root / "data" / "imported").exists()


def test_other_graphs_can_be_named(root: Path):
    graphs_of(root).unlink()
    named = root / "theirs.npz"
    artifacts.write_arrays(named, hgn_graphs.authors_sized().to_arrays())
    assert import_checkpoint.run(root, "hgn", authors_file(root), graphs=named) == 0
    with pytest.raises(InputError, match="--graphs: only hgn's network has mesh graphs"):
        import_checkpoint.run(root, "semgcn", root / "none.pt", graphs=named)


def test_graphs_that_are_missing_or_broken_are_one_line(root: Path):
    file, arrays = authors_file(root), hgn_graphs.authors_sized().to_arrays()
    del arrays["fine_real"]
    artifacts.write_arrays(graphs_of(root), arrays)
    with pytest.raises(InputError, match=r"graphs\.npz: fine_real: missing from the file"):
        import_checkpoint.run(root, "hgn", file)
    graphs_of(root).unlink()
    with pytest.raises(InputError, match=r"graphs\.npz: "):
        import_checkpoint.run(root, "hgn", file)


@pytest.mark.parametrize("variant", [name for name in VARIANTS if name != "hgn_authors"])
def test_a_network_that_computes_something_else_is_refused(root: Path, variant: str):
    """With Eq. 3's fusions even the names and shapes fit, but the outputs would be wrong."""
    with pytest.raises(
        InputError, match=rf"variant {variant}: its network is not that of --paper hgn; take hgn_authors"
    ):
        import_checkpoint.run(root, "hgn", root / "none.pt", variant)
    with pytest.raises(InputError, match=r"variant hgn_authors: its network is not that of --paper semgcn"):
        import_checkpoint.run(root, "semgcn", root / "none.pt", "hgn_authors")
