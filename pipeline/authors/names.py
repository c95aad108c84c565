"""The names and shapes of the authors' weights, and ours: the same numbers, translated by rules in both directions.

Source: the state dicts that the public code of SemGCN, GraphMDN, HGN and Martinez et al. saves (the last in the PyTorch
version that SemGCN's repository also uses). Blocks are counted, so any depth and width can be imported, with non-local
layers or without. HGN has a fixed number of blocks, and its weights belong to fusions one after the other. Only two
shapes differ: the authors' 1x1 convolutions are [out, in, 1], ours are matrices [out, in]; and the non-local layer's
projection of a concatenated pair is one 1x1 convolution [1, C, 1, 1], ours is [2, C / 2] with one row per partner. Edge
scores (row-major over the adjacency's non-zeros) and the order of GraphMDN's outputs (means, sigma, logits) are the
same on both sides. CenterNet and Mixture Dense Regression: centernet_names.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from pipeline.authors import centernet_names
from pipeline.training.errors import CheckpointError

LIFTING = ("semgcn", "graphmdn", "martinez", "hgn")
DETECTION = ("centernet", "mixture_dense")  # centernet_names.py
PAPERS = LIFTING + DETECTION
Means = Literal["tanh", "linear"]  # what GraphMDN's network applied to its output to give the means
DATA_PARALLEL = "module."  # precedes every name if the network was trained on several GPUs
NON_LOCAL = {"semgcn": "nonlocal", "graphmdn": "non_local"}  # `nonlocal` became a keyword in Python 3
GRAPHS = {1: "joints", 2: "coarse", 3: "fine"}  # the graphs' numbers in HGN's code
# HGN's fusions in the order of its state dict, three digits each: the sending graph, the receiving graph, the stage.
FUSIONS = ("121 122 123 133 124 134 135 125", "212 213 233 214 234 215 235", "314 324 315 325")
COUNTER = "num_batches_tracked"  # of a batch norm; torch saves it since 0.4.1, but nothing uses it


@dataclass(frozen=True)
class Entry:
    """One tensor under both names."""

    theirs: str
    ours: str
    kind: Literal["same", "convolution", "pair", "colours"] = "same"

    def to_ours(self, value: Tensor) -> Tensor:
        """[out, in, 1] -> [out, in]; [1, C, 1, 1] -> [2, C / 2]; [out, 3, k, k] with the order of colours reversed.

        Only the last is a copy.
        """
        if self.kind == "colours":
            return self._reversed(value)
        if self.kind == "convolution":
            self._check(value.dim() == 3 and value.shape[2] == 1, "[out, in, 1]", value)
            return value.squeeze(2)
        if self.kind == "pair":
            fits = value.dim() == 4 and value.shape[0] == value.shape[2] == value.shape[3] == 1
            self._check(fits and value.shape[1] % 2 == 0, "[1, C, 1, 1] with an even C", value)
            return value.reshape(2, value.shape[1] // 2)
        return value

    def to_theirs(self, value: Tensor) -> Tensor:
        """The inverse of `to_ours`."""
        if self.kind == "colours":
            return self._reversed(value)
        if self.kind == "convolution":
            self._check(value.dim() == 2, "[out, in]", value)
            return value.unsqueeze(2)
        if self.kind == "pair":
            self._check(value.dim() == 2 and value.shape[0] == 2, "[2, C / 2]", value)
            return value.reshape(1, -1, 1, 1)
        return value

    def _reversed(self, value: Tensor) -> Tensor:
        self._check(value.dim() == 4 and value.shape[1] == 3, "[out, 3, height, width]", value)
        return value.flip(1)

    def _check(self, fits: bool, expected: str, value: Tensor) -> None:
        if not fits:
            names = f"{self.theirs} (ours: {self.ours})"
            raise CheckpointError(f"{names}: expected the shape {expected}, found {list(value.shape)}")


# --- both directions --------------------------------------------------------------------------------------------------


def import_weights(state_dict: Mapping[str, Tensor], paper: str, means: Means | None = None) -> dict[str, Tensor]:
    """The authors' weights under our names and in our shapes, for `load_state_dict` of `build_model`'s network.

    `paper`: one of PAPERS. `means`: of graphmdn, and of no other paper, what the network applied to its output to give
    the components' means. Weights trained with "tanh" (GraphMDN, Section 3.1, and its authors' code) and without
    ("linear") have the same names and shapes, so the caller must say which these are; our network has the tanh, so
    "linear" is refused. A prefix `module.` of all names is removed. A batch norm without counter (torch before 0.4.1)
    gets 0. The weights are not copied, except those that read colours, which the authors have in reverse order
    (centernet_names.COLOURS). Raises CheckpointError, naming the first name that is unknown or missing.
    """
    _check_paper(paper)
    state = without_prefix(state_dict)
    layout = {entry.theirs: entry for entry in _their_layout(state, paper)}
    translated = _translate(state, layout, paper, inward=True)
    _check_means(paper, means)
    return translated


def export_weights(state_dict: Mapping[str, Tensor], paper: str) -> dict[str, Tensor]:
    """Our weights under the authors' names, in their order and shapes, with the counters that torch saves since 0.4.1.

    The exact inverse of `import_weights`. Raises CheckpointError, naming the first name that is unknown or missing, for
    a network that is not the authors'.
    """
    _check_paper(paper)
    return _translate(state_dict, {entry.ours: entry for entry in _our_layout(state_dict, paper)}, paper, inward=False)


def without_prefix(state_dict: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights without DataParallel's prefix, if all names have it."""
    prefixed = all(name.startswith(DATA_PARALLEL) for name in state_dict)
    return {name.removeprefix(DATA_PARALLEL) if prefixed else name: value for name, value in state_dict.items()}


def weights_in(content: Mapping[str, Any]) -> dict[str, Tensor]:
    """The weights in an authors' checkpoint: its `state_dict`, or the whole content if it holds only weights.

    The prefix `module.` is removed; everything else in the checkpoint is ignored. Raises CheckpointError if an entry is
    not an ordinary tensor.
    """
    state = content.get("state_dict", content)
    if not isinstance(state, Mapping):
        raise CheckpointError(f"state_dict: expected names with tensors, found {type(state).__name__}")
    for name, value in state.items():
        if not isinstance(value, Tensor) or not isinstance(name, str):
            where = "no state_dict in it, and " if state is content else ""
            raise CheckpointError(f"{where}{name}: expected a tensor, found {type(value).__name__}")
        if value.layout != torch.strided or value.is_quantized or value.device.type != "cpu":
            raise CheckpointError(f"{name}: a tensor without plain values ({value.layout}, {value.device})")
    return {name: value.detach() for name, value in without_prefix(state).items()}


def likely_paper(state: Mapping[str, Tensor]) -> str | None:
    """The paper whose network has exactly these names. (Without non-local layers GraphMDN's names are SemGCN's.)"""
    found = {name for name in state if not name.endswith(COUNTER)}
    for paper in PAPERS:
        if found == {entry.theirs for entry in _their_layout(state, paper) if not entry.theirs.endswith(COUNTER)}:
            return paper
    return None


def _translate(state: Mapping[str, Tensor], layout: dict[str, Entry], paper: str, inward: bool) -> dict[str, Tensor]:
    unknown = next((name for name in state if name not in layout), None)
    missing = next((name for name in layout if name not in state and not name.endswith(COUNTER)), None)
    if unknown is not None or missing is not None:
        whose = f"{paper}'s network as {'its authors save' if inward else 'we build'} it"
        faults = [f"has no {unknown}"] if unknown is not None else []
        faults += [f"needs {missing}, which is missing here"] if missing is not None else []
        other = likely_paper(state) if inward else None
        hint = f"; by its names this is {other}'s" if other else ""
        raise CheckpointError(f"{whose} {' and '.join(faults)}{hint}")
    translated = {}
    for name, entry in layout.items():
        value = state[name] if name in state else torch.zeros((), dtype=torch.int64)
        translated[entry.ours if inward else entry.theirs] = (entry.to_ours if inward else entry.to_theirs)(value)
    return translated


def _check_paper(paper: str) -> None:
    if paper not in PAPERS:
        raise CheckpointError(f"paper {paper!r}: expected one of {', '.join(PAPERS)}")


def _check_means(paper: str, means: str | None) -> None:
    if paper != "graphmdn":
        if means is not None:
            raise CheckpointError(f"means={means!r}: only graphmdn's networks have means; leave it out")
    elif means == "linear":
        raise CheckpointError(
            "means='linear': our GraphMDN applies tanh to its means (Section 3.1), so with weights trained without it "
            "it would predict other poses; import weights trained with tanh"
        )
    elif means != "tanh":
        raise CheckpointError(
            "means: not stated, and weights trained with and without tanh on the means have the same names and shapes; "
            "state means='tanh' (--means tanh) if these were trained with it, as in the authors' code"
        )


# --- the layout: counted blocks, then one rule per layer -------------------------------------------------------------


def _their_layout(state: Mapping[str, Tensor], paper: str) -> Iterator[Entry]:
    if paper in DETECTION:
        return _centernet(state, paper, ours=False)
    if paper == "martinez":
        return _fully_connected(_count(r"linear_stages\.(\d+)\.", state))
    if paper == "hgn":
        return _hierarchical_graph_network()
    non_local = any(f".{NON_LOCAL[paper]}." in name for name in state)
    layers = _count(r"gconv_layers\.(\d+)\.", state)
    return _graph_network(paper, (layers + 1) // 2 if non_local else layers, non_local)


def _our_layout(state: Mapping[str, Tensor], paper: str) -> Iterator[Entry]:
    if paper in DETECTION:
        return _centernet(state, paper, ours=True)
    if paper == "martinez":
        return _fully_connected(_count(r"blocks\.(\d+)\.", state))
    if paper == "hgn":
        return _hierarchical_graph_network()
    non_local = any(name.startswith(("input_non_local.", "non_locals.")) for name in state)
    return _graph_network(paper, _count(r"residuals\.(\d+)\.", state), non_local)


def _count(pattern: str, state: Mapping[str, Tensor]) -> int:
    """How many different numbers occur. The numbers themselves are not trusted, since a file may name any number."""
    return len({match[1] for match in map(re.compile(pattern).match, state) if match})


def _centernet(state: Mapping[str, Tensor], paper: str, ours: bool) -> Iterator[Entry]:
    for pair in centernet_names.pairs(state, ours, mixture=paper == "mixture_dense"):
        yield Entry(*pair, kind="colours" if pair[0] in centernet_names.COLOURS else "same")


def _graph_network(paper: str, blocks: int, non_local: bool) -> Iterator[Entry]:
    """SemGCN and GraphMDN. Non-local layers, if any, alternate with the residual blocks in `gconv_layers`."""
    yield from _graph_block("gconv_input.0", "input")
    if non_local:
        yield from _non_local(f"gconv_input.1.{NON_LOCAL[paper]}", "input_non_local")
    for block in range(blocks):
        place = 2 * block if non_local else block
        yield from _graph_block(f"gconv_layers.{place}.gconv1", f"residuals.{block}.first")
        yield from _graph_block(f"gconv_layers.{place}.gconv2", f"residuals.{block}.second")
        if non_local:
            yield from _non_local(f"gconv_layers.{place + 1}.{NON_LOCAL[paper]}", f"non_locals.{block}")
    yield from _graph_convolution("gconv_output", "output")


def _hierarchical_graph_network() -> Iterator[Entry]:
    """HGN with both meshes. Graph 3 starts at stage 3."""
    for sending, receiving, stage in (map(int, digits) for group in FUSIONS for digits in group.split()):
        ours = f"fusions.{stage - 1}.maps.{GRAPHS[sending]}_to_{GRAPHS[receiving]}"
        yield from _linear(f"fc_{sending}_{receiving}_{stage}.conv", ours, "convolution")
    yield from _graph_block("gconv_input.0", "input")
    for number, graph in GRAPHS.items():
        first = 3 if number == 3 else 1
        for stage in range(first, 5):
            theirs, place = f"gconv_layers_{number}_{stage}", f"{graph}.{stage - first}"
            yield from _graph_block(f"{theirs}.0.gconv1", f"residuals.{place}.first")
            yield from _graph_block(f"{theirs}.0.gconv2", f"residuals.{place}.second")
            yield from _non_local(f"{theirs}.1.nonlocal1", f"non_locals.{place}", pooled=False)
    for theirs, graph in (("gconv_output", "joints"), ("gconv_output_48", "coarse"), ("gconv_output_96", "fine")):
        yield from _graph_convolution(theirs, f"outputs.{graph}")


def _graph_block(theirs: str, ours: str) -> Iterator[Entry]:
    yield from _graph_convolution(f"{theirs}.gconv", f"{ours}.convolution")
    yield from _normalisation(f"{theirs}.bn", f"{ours}.normalisation")


def _graph_convolution(theirs: str, ours: str) -> Iterator[Entry]:
    for their_name, our_name in (("W", "weight"), ("e", "edge_scores"), ("bias", "bias")):
        yield Entry(f"{theirs}.{their_name}", f"{ours}.{our_name}")


def _non_local(theirs: str, ours: str, pooled: bool = True) -> Iterator[Entry]:
    """The names of g and phi have a `.0` where joints are pooled; HGN pools none."""
    first = ".0" if pooled else ""
    yield from _linear(f"{theirs}.g{first}", f"{ours}.g", "convolution")
    yield from _linear(f"{theirs}.theta", f"{ours}.theta", "convolution")
    yield from _linear(f"{theirs}.phi{first}", f"{ours}.phi", "convolution")
    yield Entry(f"{theirs}.concat_project.0.weight", f"{ours}.affinity", "pair")
    yield from _linear(f"{theirs}.W.0", f"{ours}.output", "convolution")
    yield from _normalisation(f"{theirs}.W.1", f"{ours}.normalisation")


def _fully_connected(blocks: int) -> Iterator[Entry]:
    """Martinez et al.: linear layers with batch norm; the output, `w2` like a block's second layer, has none."""
    yield from _linear("w1", "input")
    yield from _normalisation("batch_norm1", "input_normalisation")
    for block in range(blocks):
        for number, word in (("1", "first"), ("2", "second")):
            yield from _linear(f"linear_stages.{block}.w{number}", f"blocks.{block}.{word}")
            theirs, ours = f"linear_stages.{block}.batch_norm{number}", f"blocks.{block}.{word}_normalisation"
            yield from _normalisation(theirs, ours)
    yield from _linear("w2", "output")


def _linear(theirs: str, ours: str, kind: Literal["same", "convolution"] = "same") -> Iterator[Entry]:
    yield Entry(f"{theirs}.weight", f"{ours}.weight", kind)
    yield Entry(f"{theirs}.bias", f"{ours}.bias")


def _normalisation(theirs: str, ours: str) -> Iterator[Entry]:
    for name in ("weight", "bias", "running_mean", "running_var", COUNTER):
        yield Entry(f"{theirs}.{name}", f"{ours}.{name}")
