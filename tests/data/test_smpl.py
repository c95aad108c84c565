"""data/smpl.py: SMPL's files as they come, and as smplx takes them, give one body; nothing in them is executed."""

from __future__ import annotations

import pickle
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bodies
import numpy as np
import pytest
import torch
from scipy import sparse

from pipeline.artifacts import InputError
from pipeline.body.model import BodyModel
from pipeline.data import smpl

OFFICIAL = (
    *("SMPL_NEUTRAL.npz", "SMPL_NEUTRAL.pkl"),
    *("basicmodel_neutral_lbs_10_207_0_v1.1.0.pkl", "basicModel_neutral_lbs_10_207_0_v1.0.0.pkl"),
)


def smpl_arrays(body: BodyModel) -> dict[str, Any]:
    """A body as in SMPL's files: float64, always with pose blend shapes, and with unused entries."""
    arrays = {
        key: values.astype(np.float64) if values.dtype.kind == "f" else values
        for key, values in body.to_arrays().items()
    }
    arrays.setdefault("posedirs", np.zeros((body.vertex_count, 3, 207)))
    return arrays | {"bs_style": "lbs", "bs_type": "lrotmin", "J": arrays["J_regressor"] @ arrays["v_template"]}


@pytest.fixture
def chumpy(monkeypatch: pytest.MonkeyPatch) -> Iterator[types.ModuleType]:
    """Modules with chumpy's names, so that pickle writes what chumpy's objects are written as."""
    made = {}
    for module, name in (("ch", "Ch"), ("reordering", "Select")):
        fake = types.ModuleType(f"chumpy.{module}")
        made[name] = type(name, (), {"__module__": f"chumpy.{module}"})
        setattr(fake, name, made[name])
        monkeypatch.setitem(sys.modules, f"chumpy.{module}", fake)
    package = types.ModuleType("chumpy")
    package.__dict__.update(made)
    monkeypatch.setitem(sys.modules, "chumpy", package)
    yield package


def ch(chumpy: Any, values: np.ndarray) -> Any:
    made = chumpy.Ch()
    made.__dict__.update(x=values, _dirty_vars={"x"}, _itr=None, _status="new", _depends_on_deps=[])
    return made


def official(chumpy: Any, arrays: dict[str, Any]) -> dict[str, Any]:
    """The same in the objects of the official pickles."""
    values = dict(arrays)
    for key in ("v_template", "weights", "posedirs", "J"):
        values[key] = ch(chumpy, arrays[key])
    more = np.concatenate([arrays["shapedirs"], np.ones_like(arrays["shapedirs"])], axis=2)
    chosen = np.arange(more.size).reshape(more.shape)[:, :, :10]
    select = chumpy.Select()
    select.__dict__.update(a=ch(chumpy, more), idxs=chosen.ravel(), preferred_shape=chosen.shape)
    values["shapedirs"] = select
    values["J_regressor"] = sparse.csc_matrix(arrays["J_regressor"])
    values["J_regressor_prior"] = values["J_regressor"]
    return values


def write(path: Path, value: Any, protocol: int = 2) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".npz":
        np.savez(path, **value)
    else:
        path.write_bytes(pickle.dumps(value, protocol=protocol))
    return path


def assert_same(read: dict[str, np.ndarray], arrays: dict[str, Any]) -> None:
    assert list(read) == list(smpl.KEYS)
    for key, values in read.items():
        np.testing.assert_array_equal(values, arrays[key], err_msg=key)


@pytest.mark.parametrize("protocol", range(6))
def test_official_pickles_come_out_as_plain_arrays(tmp_path: Path, chumpy: Any, protocol: int) -> None:
    arrays = smpl_arrays(bodies.random_body(posedirs=True))
    read = smpl.read(write(tmp_path / "SMPL_NEUTRAL.pkl", official(chumpy, arrays), protocol))
    assert_same(read, arrays)


@pytest.mark.parametrize("make", [sparse.csc_matrix, sparse.csr_matrix, np.asarray])
@pytest.mark.parametrize("name", ["SMPL_NEUTRAL.npz", "SMPL_NEUTRAL.pkl"])
def test_plain_files_with_300_components_give_the_first_ten(
    tmp_path: Path, name: str, make: Callable[..., Any]
) -> None:
    arrays = smpl_arrays(bodies.random_body(posedirs=True))
    more = np.concatenate([arrays["shapedirs"], np.ones((40, 3, 290))], axis=2)
    values = arrays | {"shapedirs": more, "J_regressor": make(arrays["J_regressor"])}
    assert_same(smpl.read(write(tmp_path / name, values)), arrays)


def test_scipys_old_names_are_known(tmp_path: Path) -> None:
    """Files of 2015 name scipy.sparse.csc, which scipy has moved since."""
    arrays = smpl_arrays(bodies.random_body(posedirs=True))
    path = write(tmp_path / "body.pkl", arrays | {"J_regressor": sparse.csc_matrix(arrays["J_regressor"])}, protocol=0)
    old = path.read_bytes().replace(b"scipy.sparse._csc\n", b"scipy.sparse.csc\n")
    assert old != path.read_bytes()
    path.write_bytes(old)
    assert_same(smpl.read(path), arrays)


@pytest.mark.parametrize("factor", [100.0, 1000.0, 0.0254])
def test_a_body_in_another_unit_is_named(tmp_path: Path, factor: float) -> None:
    arrays = smpl_arrays(bodies.random_body(posedirs=True))
    arrays["v_template"] = arrays["v_template"] * factor
    write(tmp_path / "smpl" / OFFICIAL[0], arrays)
    with pytest.raises(InputError, match=r"v_template: a person of .* mm from feet to head.*must be in metres, y up"):
        smpl.load(tmp_path)


@pytest.mark.parametrize("name", OFFICIAL)
def test_every_official_name_is_found(tmp_path: Path, name: str) -> None:
    body = bodies.random_body(posedirs=True)
    write(tmp_path / "smpl" / name, smpl_arrays(body))
    assert torch.equal(smpl.load(tmp_path).v_template, body.v_template)


# --- smplx ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["official", "npz", "open"])
def test_skinning_agrees_with_smplx(tmp_path: Path, chumpy: Any, kind: str) -> None:
    """Both kinds of SMPL's file with pose blend shapes, and the open body without, to 1e-5 m."""
    smplx = pytest.importorskip("smplx")
    body = bodies.made().body
    arrays = smpl_arrays(body)
    if kind != "open":
        arrays["posedirs"] = np.random.default_rng(0).normal(0, 0.005, (body.vertex_count, 3, 207))
    theirs = smplx.SMPL(str(write(tmp_path / "SMPL_NEUTRAL.pkl", arrays)), batch_size=3)
    value = official(chumpy, arrays) if kind == "official" else arrays
    ours = smpl.load(
        write(tmp_path / "smpl" / f"SMPL_NEUTRAL.{'pkl' if kind == 'official' else 'npz'}", value).parents[1]
    )
    assert (ours.posedirs is None) == (kind == "open")

    vectors, betas, translation = bodies.random_vectors(3), torch.randn(3, 10), torch.randn(3, 3)
    with torch.no_grad():
        answer = theirs(
            global_orient=vectors[:, 0], body_pose=vectors[:, 1:].reshape(3, -1), betas=betas, transl=translation
        )
    vertices, joints = ours.skin(betas, bodies.matrices(vectors), translation)
    torch.testing.assert_close(vertices, answer.vertices, atol=1e-5, rtol=0)
    torch.testing.assert_close(joints, answer.joints[:, :24], atol=1e-5, rtol=0)


# --- hostile and damaged files ----------------------------------------------------------------------------------------


class Reduced:
    """Pickles as a call of anything."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


def touch(path: str) -> str:
    """What a hostile pickle would call: it leaves a file behind."""
    Path(path).touch()
    return path


def state_for(chumpy: Any, value: Any) -> Any:
    made = chumpy.Ch()
    made.__dict__.update(x=np.zeros((40, 3)), _cache_info=value)
    return made


@pytest.mark.parametrize("where", ["itself", "an array", "a chumpy array's state", "a set in it"])
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_hostile_pickle_is_refused_and_not_executed(tmp_path: Path, chumpy: Any, where: str, protocol: int) -> None:
    mark = tmp_path / "executed"
    call = Reduced(touch, str(mark))
    arrays = smpl_arrays(bodies.random_body(posedirs=True))
    value = {
        "itself": call,
        "an array": arrays | {"v_template": call},
        "a chumpy array's state": arrays | {"v_template": state_for(chumpy, call)},
        "a set in it": arrays | {"v_template": state_for(chumpy, {1, call})},
    }[where]
    path = write(tmp_path / "smpl" / "SMPL_NEUTRAL.pkl", value, protocol)
    with pytest.raises(InputError, match=r"names .*test_smpl\.touch, which is not data, and was not executed") as error:
        smpl.load(tmp_path)
    assert str(path) in str(error.value) and "\n" not in str(error.value)
    assert not mark.exists()


@pytest.mark.parametrize(
    "pickled",
    [
        b"\x80\x02cchumpy.ch\nCh\n}X\x01\x00\x00\x00xK\x01sb.",  # a state for the class itself
        b"\x80\x02cchumpy.ch\nCh\nK\x01\x85\x81.",  # made with an argument
        b"\x80\x02cchumpy.ch\nCh\nK\x01\x85R.",  # called with one
        b"\x80\x02c__builtin__\nset\n)\x81.",  # a stand-in in place of a class
        b"\x80\x02ccopy_reg\n_reconstructor\nc__builtin__\nset\nc__builtin__\nobject\nN\x87R.",
        b"\x80\x02c__builtin__\nobject\n)R.",
        b"\x80\x02cchumpy.ch\nCh\n.",
        b"\x80\x02cos\nsystem\n.",
        b"(ios\nsystem\n.",
    ],
)
def test_the_machinery_for_objects_takes_nothing_else(tmp_path: Path, pickled: bytes) -> None:
    path = tmp_path / "SMPL_NEUTRAL.pkl"
    path.write_bytes(pickled)
    with pytest.raises(InputError) as error:
        smpl.read(path)
    assert str(error.value).startswith(f"{path}: ") and "\n" not in str(error.value)


def test_an_object_that_holds_itself_is_refused(tmp_path: Path, chumpy: Any) -> None:
    made = chumpy.Ch()
    made.x = made
    arrays = smpl_arrays(bodies.random_body()) | {"v_template": made}
    with pytest.raises(InputError, match="nests more than 32 containers"):
        smpl.read(write(tmp_path / "SMPL_NEUTRAL.pkl", arrays))


def damaged(chumpy: Any, name: str) -> Any:
    arrays = smpl_arrays(bodies.random_body(posedirs=True))
    huge = sparse.csc_matrix((24, 40))
    huge.__dict__["_shape"] = (1 << 20, 1 << 20)
    wild = sparse.csc_matrix(arrays["J_regressor"])
    wild.indices[0] = 1 << 20
    missing = chumpy.Ch()
    missing.__dict__.update(y=1)
    changes: dict[str, Any] = {
        "a list": [arrays],
        "SMPL-X": arrays | {"weights": np.ones((40, 55)) / 55},
        "no regressor": {key: value for key, value in arrays.items() if key != "J_regressor"},
        "text": arrays | {"weights": "heavy"},
        "objects": arrays | {"weights": np.array([None, {}], dtype=object)},
        "a huge matrix": arrays | {"J_regressor": huge},
        "a wild matrix": arrays | {"J_regressor": wild},
        "an empty chumpy array": arrays | {"weights": missing},
    }
    return changes[name]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a list", "holds a list in place of a body's arrays"),
        ("SMPL-X", r"weights: expected numbers, 40 x 24, got float64 \(40, 55\)"),
        ("no regressor", "J_regressor: missing, the file is not SMPL's"),
        ("text", "weights: is a str in place of an array"),
        ("objects", "weights: holds objects in place of numbers"),
        ("a huge matrix", "J_regressor: is a sparse matrix of 1048576 x 1048576"),
        ("a wild matrix", "J_regressor: "),
        ("an empty chumpy array", "weights: 'x'"),
    ],
)
def test_a_wrong_file_says_what_to_get_and_from_whom(tmp_path: Path, chumpy: Any, name: str, said: str) -> None:
    path = write(tmp_path / "smpl" / "SMPL_NEUTRAL.pkl", damaged(chumpy, name))
    with pytest.raises(InputError, match=said) as error:
        smpl.load(tmp_path)
    message = str(error.value)
    assert message.startswith(f"{path}: ") and "\n" not in message
    assert 'wanted is the neutral body of "SMPL for Python"' in message and "https://smpl.is.tue.mpg.de" in message


@pytest.mark.parametrize("name", ["SMPL_NEUTRAL.npz", "SMPL_NEUTRAL.pkl"])
@pytest.mark.parametrize("keep", [0.5, 0.99])
def test_a_truncated_file_is_one_line(tmp_path: Path, name: str, keep: float) -> None:
    path = write(tmp_path / "smpl" / name, smpl_arrays(bodies.random_body(posedirs=True)))
    path.write_bytes(path.read_bytes()[: int(keep * path.stat().st_size)])
    with pytest.raises(InputError, match="truncated") as error:
        smpl.load(tmp_path)
    assert "\n" not in str(error.value)


def test_a_missing_file_says_where_to_put_it(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        smpl.load(tmp_path)
    message = str(error.value)
    assert "\n" not in message and "https://smpl.is.tue.mpg.de" in message
    assert all(str(tmp_path / "smpl" / name) in message for name in OFFICIAL)
