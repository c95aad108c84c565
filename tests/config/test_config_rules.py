"""pipeline/config: what does not go together in a variant, and what a detector's model needs; one line each."""

from __future__ import annotations

from pathlib import Path

import pytest
import small_params
from small_params import edit, says

from pipeline import config

TITLE = "    title: SemGCN\n"
HIERARCHICAL = "name: hierarchical_graph_network"
NOISE = """\
keypoints:
  stacked_hourglass:
    source: noise
    spread:
      trunk: 1.0
      head: 1.0
      hip: 1.0
      shoulder: 1.0
      knee: 1.0
      elbow: 1.0
      ankle: 1.0
      wrist: 1.0
    degrees_of_freedom: 3
    swap: 0.01
    miss: 0.01
lifting:
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return small_params.write(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            TITLE,
            f"{TITLE}    weights: {64 * 'a'}\n",
            "semgcn: weights: only of an imported variant; set imported: true",
        ),
        (TITLE, f"{TITLE}    imported: true\n    weights: {63 * 'a'}\n", "semgcn.weights: string should match pattern"),
        (TITLE, f"{TITLE}    imported: true\n    weights: {64 * 'G'}\n", "semgcn.weights: string should match pattern"),
        (
            "      name: mean_pose\n",
            "      name: mean_pose\n    head:\n      name: mixture\n",
            "mean_pose: head.name: a mean_pose has no mixture head; set head: {name: point}",
        ),
        (
            "    head:\n",
            "    model:\n      name: variational_autoencoder\n    head:\n",
            "graphmdn: head.name: a variational_autoencoder has no mixture head",
        ),
        (
            "    head:\n",
            "    model:\n      refinement: pose_grammar\n    head:\n",
            "graphmdn: a mixture takes no refine",
        ),
        (
            "    head:\n",
            "    model:\n      name: fully_connected\n      omit_root: true\n    head:\n",
            "graphmdn: a mixture takes no refinement, no omit_root",
        ),
        ("    head:\n", "    flip:\n      testing: true\n    head:\n", "and no flip.testing; take them out"),
        (
            "      convolution: semantic\n",
            "      name: variational_autoencoder\n    flip:\n      testing: true\n",
            "semgcn: flip.testing: samples of a pose and of its mirror image have nothing to average",
        ),
        (
            "      name: mean_pose\n",
            "      name: mean_pose\n      refinement: pose_grammar\n",
            "model.refinement: a mean_pose has none; take it out",
        ),
        (
            "      convolution: semantic\n",
            "      omit_root: true\n",
            "model.omit_root: only of a fully_connected network, not of a graph_network",
        ),
        (
            "      convolution: semantic\n",
            "      name: fully_connected\n      bias_before_norm: frozen\n",
            "model.bias_before_norm: only of graph networks, not of a fully_connected; take it out",
        ),
        (
            "      name: mean_pose\n",
            "      name: mean_pose\n    flip:\n      training: true\n",
            "flip: a mean_pose is fitted in one go",
        ),
        (
            "      convolution: semantic\n",
            "      name: variational_autoencoder\n    loss: joints_and_meshes\n",
            "loss: a variational_autoencoder has its own",
        ),
        (
            TITLE,
            f"{TITLE}    likelihood:\n      kind: annealed\n",
            "semgcn: likelihood, head.start: a single pose has none",
        ),
        (TITLE, f"{TITLE}    head: {{start: clusters}}\n", "semgcn: likelihood, head.start: a single pose has none"),
        ("    head:\n", "    likelihood: {kind: annealed, until: 0.5}\n    head:\n", "until"),
        ("    head:\n", "    loss: joints_and_meshes\n    head:\n", "loss: a mixture is trained by its likelihood"),
        (
            "      convolution: semantic\n",
            "      samples: 4\n",
            "model.samples: input should be greater than or equal to 5",
        ),
        (
            TITLE,
            f"{TITLE}    input: hourglass\n",
            "semgcn.input: expected 'ground_truth', 'stacked_hourglass', 'casc",
        ),
        (
            TITLE,
            f"{TITLE}    protocol: semgcn2\n",
            "semgcn.protocol: expected 'subjects' or 'semgcn_2', found 'semgcn2'",
        ),
        (
            TITLE,
            f"{TITLE}    targets: meshes\n",
            "semgcn: targets: a graph_network needs `targets: joints`: with the meshes come the graphs",
        ),
        (
            "      convolution: semantic\n",
            f"      {HIERARCHICAL}\n    joints: 17\n",
            "semgcn: targets: a hierarchical_graph_network needs `targets: meshes`",
        ),
        (
            TITLE,
            f"{TITLE}    mesh_weight: 0.01\n",
            "semgcn: loss: a graph_network gives no meshes; take `mesh_weight` out",
        ),
        (TITLE, f"{TITLE}    loss: joints_and_meshes\n", "semgcn: loss: a graph_network gives no meshes"),
        (
            "      convolution: semantic\n",
            f"      {HIERARCHICAL}\n    targets: meshes\n    joints: 17\n    mesh_weight: 0.01\n",
            "semgcn: mesh_weight: set loss: joints_and_meshes, which it weighs",
        ),
        (
            "      convolution: semantic\n",
            f"      {HIERARCHICAL}\n    targets: meshes\n    joints: 17\n    mesh_weight: 0.01\n"
            "    loss: joints_and_meshes_authors\n",
            "semgcn: mesh_weight: the authors' loss has weights of its own; take it out",
        ),
        (
            "      convolution: semantic\n",
            f"      {HIERARCHICAL}\n    targets: meshes\n",
            "semgcn: joints: a hierarchical_graph_network's skeleton graph has 17; set joints: 17",
        ),
        (
            "      convolution: semantic\n",
            f"      {HIERARCHICAL}\n      refinement: pose_grammar\n    targets: meshes\n    joints: 17\n",
            "semgcn: model.refinement: a hierarchical_graph_network has none",
        ),
        (
            "      convolution: semantic\n",
            f"      {HIERARCHICAL}\n    targets: meshes\n    joints: 17\n    protocol: semgcn_2\n",
            "semgcn: protocol: bodies are fitted to the splits as they are",
        ),
    ],
)
def test_a_variant_whose_parts_do_not_go_together(root: Path, old: str, new: str, expected: str) -> None:
    edit(root, "params.yaml", old, new)
    message = says(root)
    assert message.startswith("params.yaml: lifting_variants.") and expected in message, message


def test_what_does_go_together(root: Path) -> None:
    edit(
        root,
        "params.yaml",
        TITLE,
        f"{TITLE}    imported: true\n    weights: {32 * 'a1'}\n    flip:\n      testing: true\n",
    )
    edit(
        root,
        "params.yaml",
        "    head:\n",
        "    model:\n      name: fully_connected\n    flip:\n      training: true\n    head:\n",
    )
    run = config.load(None, root)
    assert (run.variant("semgcn").weights, run.seeds_of("semgcn")) == (32 * "a1", (0,))
    assert run.seeds_of("graphmdn") == (0, 1)
    assert run.variant("graphmdn").head.name == "mixture" and run.variant("graphmdn").flip.training


def test_an_imported_variant_waits_for_weights_whatever_the_preset_lists(root: Path) -> None:
    edit(root, "params.yaml", "    title: GraphMDN\n", "    title: GraphMDN\n    imported: true\n    weights: null\n")
    reason = "no imported weights: `python -m pipeline import_checkpoint --help`"
    assert config.load(None, root).why_not_run("graphmdn") == reason
    edit(root, "params.yaml", "weights: null", f"weights: {64 * 'b'}")
    assert config.load(None, root).why_not_run("graphmdn") is None  # it is no core variant, and takes no training


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("      elbow: 1.0\n", "", "spread.elbow: missing; add it"),
        ("      elbow: 1.0\n", "      elbow: -1.0\n", "spread: a spread is 0 or more"),
        ("      elbow: 1.0\n", "      elbows: 1.0\n", "elbows"),
        ("  stacked_hourglass:", "  stacked_hourglas:", "stacked_hourglas"),
        ("source: noise", "source: noize", "source: unknown word 'noize'; did you mean 'noise'?"),
        ("freedom: 3", "freedom: 0", "degrees_of_freedom: input should be greater than 0, found 0"),
        ("swap: 0.01", "swap: 1.5", "swap: input should be less than or equal to 1, found 1.5"),
        ("miss: 0.01", "miss: -0.1", "miss: input should be greater than or equal to 0, found -0.1"),
        ("    miss: 0.01\n", "", "miss: missing"),
        ("source: noise", "source: file", "unknown key"),
        ("lifting:", "generalization: 3dhp\nlifting:", "generalization: expected 'mpi_inf_3dhp' or 'hdm05'"),
    ],
)
def test_a_mistake_in_detections_is_one_line(root: Path, old: str, new: str, expected: str) -> None:
    edit(root, "params/small.yaml", "lifting:\n", NOISE)
    assert config.load(None, root).preset.keypoints["stacked_hourglass"].source == "noise"
    edit(root, "params/small.yaml", old, new)
    message = says(root)
    assert message.startswith("params/small.yaml: ") and expected in message, message
    if "generalization" not in expected:
        assert "keypoints" in message, message
