"""config.code and config.syntax: a job's digest covers the definitions that it reaches, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.config.code import Code
from pipeline.config.syntax import read_source

FILES = {
    "pipeline/__init__.py": "'''About.'''\n",
    "pipeline/layout.py": "WHERE = 'data'\n",
    "pipeline/config/__init__.py": "from pipeline import never\n",
    "pipeline/config/modules.py": "LAYERS = {}\n",
    "pipeline/never.py": "VALUE = 1\n",
    "pipeline/stages/__init__.py": "",
    "pipeline/stages/train.py": (
        "from pipeline import layout, params, room\n"
        "def run():\n    import pipeline.room.late\n    import numpy\n    return room.thing + room.other('it')\n"
    ),
    "pipeline/room/__init__.py": (
        "from pipeline.room.first import thing\nfrom pipeline.room import settings\nfrom .near import other\n"
    ),
    "pipeline/room/settings.py": "from pipeline import never\n",
    "pipeline/room/first.py": "TABLE = 'somewhere/table.csv'\nthing = [TABLE]\n",
    "pipeline/room/near.py": "def other(name):\n    return f'rows_{name}_more.yaml'\n",
    "pipeline/room/late.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pipeline.never\n",
    "pipeline/room/table.csv": "1\n",
    "pipeline/room/other.csv": "2\n",
    "pipeline/room/rows_of_it_more.yaml": "3\n",
    "pipeline/room/rows.yaml": "4\n",
}
REACHED = {
    *("pipeline/__init__.py", "pipeline/stages/__init__.py", "pipeline/stages/train.py"),
    *("pipeline/room/__init__.py", "pipeline/room/first.py", "pipeline/room/near.py", "pipeline/room/late.py"),
    *("pipeline/room/table.csv", "pipeline/room/rows_of_it_more.yaml"),
}
RUN = "pipeline.stages.train:run"


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder / "pipeline"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return write(tmp_path, FILES)


def test_imports_and_data_files_are_followed(package: Path) -> None:
    """At the top of a module or in a function, absolute or relative; data files by names that f-strings build too.

    Settings are left out, as the layout and config are, because the plan has their values.
    """
    assert Code(package).digests([RUN]).keys() == REACHED


def test_packages_around_settings_run_in_every_job(package: Path) -> None:
    write(package.parent, {"pipeline/data/__init__.py": "", "pipeline/data/settings.py": "SEED = 1\n"})
    assert Code(package).digests([RUN]).keys() == REACHED | {"pipeline/data/__init__.py"}


def test_an_edit_changes_the_digest_of_its_file_alone(package: Path) -> None:
    before = Code(package).digests([RUN])
    (package / "room/near.py").write_text(FILES["pipeline/room/near.py"].replace("_more", "_some"))
    (package / "room/table.csv").write_text("5\n")
    after = Code(package).digests([RUN])
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert changed == {"pipeline/room/near.py", "pipeline/room/table.csv", "pipeline/room/rows_of_it_more.yaml"}


def test_the_cache_gives_the_same_digests(package: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache.json"
    first = Code(package, cache)
    found = first.digests([RUN])
    first.save()
    again = Code(package, cache)
    assert again.digests([RUN]) == found
    assert not again._learned
    (package / "room" / "first.py").write_text("TABLE = 'table.csv'\nthing = [TABLE]\n")
    assert Code(package, cache).digests([RUN]) != found
    cache.write_text("{}")
    assert Code(package, cache).digests([RUN]) == Code(package).digests([RUN])


def test_an_unknown_start_is_an_error(package: Path) -> None:
    with pytest.raises(ModuleNotFoundError, match=r"pipeline\.stages\.evaluate"):
        Code(package).digests(["pipeline.stages.evaluate:run"])
    with pytest.raises(AttributeError, match=r"pipeline/stages/train\.py defines no such name"):
        Code(package).digests(["pipeline.stages.train:walk"])


# --- which definitions a job reaches ----------------------------------------------------------------------------------

LAYERS = """
from pipeline import helpers
from pipeline.helpers import scale as scaled

WIDTH = 3

def plain(x, width=WIDTH):
    return helpers.double(x)

class Base:
    pass

class Layer(Base):
    def forward(self, x: helpers.Size):
        return scaled(x)

def outer(x):
    def inner():
        return plain(x)
    return inner()

def dynamic(name):
    return getattr(helpers, name)

def by_name(name):
    return globals()[name]

def late():
    from pipeline.helpers import triple
    return triple

def written():
    import importlib
    return importlib.import_module("pipeline.helpers").triple

@helpers.mark
def marked(x):
    return x
"""
HELPERS = """
import math
FACTOR = 2

def double(x):
    return FACTOR * x

def triple(x):
    return 3 * x

def scale(x):
    return math.sqrt(x)

def mark(f):
    return f

class Size:
    pass
"""
USES = {  # of a definition in LAYERS: what its file's digest must change with, beside what runs when it is imported
    "plain": {"plain", "WIDTH", "double", "FACTOR"},
    "Layer": {"Layer", "Base", "scale", "Size"},
    "outer": {"outer", "plain", "WIDTH", "double", "FACTOR"},
    "late": {"late", "triple"},
    "written": {"written", "triple"},
    "dynamic": {"dynamic", "double", "FACTOR", "triple", "scale", "Size"},
}
EDITS = {
    "WIDTH": ("WIDTH = 3", "WIDTH = 4"),
    "FACTOR": ("FACTOR = 2", "FACTOR = 3"),
    "plain": ("return helpers.double(x)", "return helpers.double(2 * x)"),
    "Base": ("class Base:\n    pass", "class Base:\n    size = 1"),
    "Layer": ("return scaled(x)", "return 1 + scaled(x)"),
    "outer": ("return inner()", "return 1 + inner()"),
    "late": ("    return triple\n", "    return -triple\n"),
    "written": ('"pipeline.helpers").triple', '"pipeline.helpers").triple.x'),
    "dynamic": ("getattr(helpers, name)", "getattr(helpers, name + 's')"),
    "double": ("return FACTOR * x", "return FACTOR + x"),
    "triple": ("return 3 * x", "return 4 * x"),
    "scale": ("return math.sqrt(x)", "return math.cbrt(x)"),
    "Size": ("class Size:\n    pass", "class Size:\n    size = 1"),
}
ALWAYS = {
    "marked": ("def marked(x):\n    return x", "def marked(x):\n    return -x"),
    "mark": ("return f", "return 2 * f"),
}


def digest_of(folder: Path, name: str, layers: str = LAYERS, helpers: str = HELPERS) -> dict[str, str]:
    files = {"pipeline/__init__.py": "", "pipeline/layers.py": layers, "pipeline/helpers.py": helpers}
    return Code(write(folder, files)).digests([f"pipeline.layers:{name}"])


@pytest.mark.parametrize("name", USES)
def test_a_definition_counts_for_those_who_use_it_and_for_no_other(name: str, tmp_path: Path) -> None:
    """A mention counts as a use: in a body, a default, a base class, an annotation, a nested function."""
    before = digest_of(tmp_path, name)
    edits = EDITS | ALWAYS
    found = {
        edited
        for edited, (old, new) in edits.items()
        if digest_of(tmp_path, name, LAYERS.replace(old, new), HELPERS.replace(old, new)) != before
    }
    assert found == USES[name] | ALWAYS.keys()  # a decorator of the package's own runs


@pytest.mark.parametrize("edited", EDITS)
def test_a_look_up_by_a_computed_name_counts_the_whole_module(edited: str, tmp_path: Path) -> None:
    before = digest_of(tmp_path, "by_name")
    old, new = EDITS[edited]
    assert (LAYERS + HELPERS).count(old) <= 1
    assert digest_of(tmp_path, "by_name", LAYERS.replace(old, new), HELPERS.replace(old, new)) != before


@pytest.mark.parametrize(
    "statement",
    [
        "helpers.double(1)",
        "if WIDTH > 2:\n    SIZE = 1",
        "try:\n    import numpy\nexcept ImportError:\n    numpy = None",
        "helpers.FACTOR = 3",
        "TABLE = helpers.double(2)",
        "for i in range(3):\n    pass",
    ],
)
def test_what_runs_at_import_counts_for_every_user_of_the_module(statement: str, tmp_path: Path) -> None:
    before = digest_of(tmp_path, "plain")
    assert digest_of(tmp_path, "plain", f"{LAYERS}\n{statement}\n") != before
    here = digest_of(tmp_path, "plain", helpers=f"{HELPERS}\nPLACE = 1\nif PLACE:\n    print('x')\n")
    assert here != before, "and for who imports it"


@pytest.mark.parametrize(
    "text", ["NEW = 3", "def new():\n    return 1", "import decimal", "# a comment", "NEW = (1, 'a')"]
)
def test_a_new_definition_counts_for_nobody(text: str, tmp_path: Path) -> None:
    before = digest_of(tmp_path, "plain")
    assert digest_of(tmp_path, "plain", f"{LAYERS}\n{text}\n", f"{HELPERS}\n{text}\n") == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("import math", "import cmath as math"),
        ("from pipeline.helpers import scale as scaled", "from pipeline.helpers import double as scaled"),
    ],
)
def test_what_an_imported_name_stands_for_counts(old: str, new: str, tmp_path: Path) -> None:
    before = digest_of(tmp_path, "Layer")
    assert digest_of(tmp_path, "Layer", LAYERS.replace(old, new), HELPERS.replace(old, new)) != before


def test_a_star_import_counts_the_whole_module(tmp_path: Path) -> None:
    star = "from pipeline.helpers import *\ndef use(x):\n    return triple(x)\n"
    before = digest_of(tmp_path, "use", star)
    assert digest_of(tmp_path, "use", star, HELPERS.replace("3 * x", "4 * x")) != before


def test_a_package_gives_names_of_its_modules(tmp_path: Path) -> None:
    """Through a re-export, also of a name that a module of the package has too."""
    files = {
        "pipeline/__init__.py": "",
        "pipeline/room/__init__.py": "from pipeline.room.thing import thing\n",
        "pipeline/room/thing.py": "def thing():\n    return 1\ndef other():\n    return 2\n",
        "pipeline/user.py": "from pipeline.room import thing\ndef use():\n    return thing()\n",
    }
    package = write(tmp_path, files)
    before = Code(package).digests(["pipeline.user:use"])
    (package / "room/thing.py").write_text(files["pipeline/room/thing.py"].replace("return 1", "return 3"))
    assert Code(package).digests(["pipeline.user:use"]) != before


@pytest.mark.parametrize("use", ["from pipeline.plain import near", "from pipeline import plain as near"])
def test_a_folder_without_init_is_a_package_too(use: str, tmp_path: Path) -> None:
    files = {
        "pipeline/__init__.py": "",
        "pipeline/plain/near.py": "def other():\n    return 2\n",
        "pipeline/user.py": f"{use}\ndef use():\n    return near.near.other() or near.other()\n",
    }
    package = write(tmp_path, files)
    before = Code(package).digests(["pipeline.user:use"])
    (package / "plain/near.py").write_text("def other():\n    return 3\n")
    assert Code(package).digests(["pipeline.user:use"]) != before


@pytest.mark.parametrize("call", ["import_module(name)", "import_module(f'pipeline.{name}')"])
def test_an_import_that_cannot_be_followed_is_refused(call: str) -> None:
    text = f"import importlib\nfrom pipeline.config import modules\ndef load(name):\n    return importlib.{call}\n"
    with pytest.raises(ValueError, match=r"pipeline/x\.py, line 4: the plan cannot follow import_module"):
        read_source(text.encode(), "pipeline/x.py")
    read_source(text.replace(call, "import_module(modules.LAYERS[name])").encode(), "pipeline/x.py")


def test_no_class_of_the_package_acts_when_it_is_derived_from() -> None:
    """The digest takes a class for something that does nothing until it is mentioned."""
    package = Path(__file__).parents[2] / "pipeline"
    files = [path for path in package.rglob("*.py") if "config" not in path.parts]
    texts = {path: path.read_text(encoding="utf-8") for path in files}
    words = ("__init_subclass__", "__subclasses__", "metaclass=")
    assert [path for path, text in texts.items() if any(word in text for word in words)] == []


# --- what of a definition counts --------------------------------------------------------------------------------------

CODE = '''
"""A module."""
from __future__ import annotations
import warnings
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from pathlib import Path
LIMIT = 3

class Layer:
    """A layer."""

    def forward(self, x: float) -> float:
        """Twice as much."""
        assert x > 0, "x is negative"
        if x > LIMIT:
            raise ValueError(f"{x} is more than {LIMIT}")
        print("working on", x)
        return 2 * x  # not three times
'''


def digest(text: str) -> list[str]:
    return sorted(f"{name} {one.digest}" for name, one in read_source(text.encode(), "p/layer.py").definitions.items())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("# not three times", "# two times"),
        ('"""Twice as much."""', '"""The double.\n\n        Of a number.\n        """'),
        ('"""A module."""', ""),
        ('        """Twice as much."""\n', ""),
        ("return 2 * x", "return (2\n            * x)"),
        ('f"{x} is more than {LIMIT}"', 'f"{x} is too much; take {LIMIT} or less"'),
        ('"x is negative"', '"negative"'),
        ('print("working on", x)', 'print(f"{x}", flush=True)'),
        ('        print("working on", x)\n', ""),
        ("    from pathlib import Path", "    from os import PathLike"),
        ("import warnings", "import warnings as w"),
    ],
)
def test_what_makes_no_number_does_not_count(before: str, after: str) -> None:
    assert CODE.count(before) == 1
    assert digest(CODE.replace(before, after)) == digest(CODE)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("return 2 * x", "return 3 * x"),
        ("LIMIT = 3", "LIMIT = 4"),
        ("x > LIMIT", "x >= LIMIT"),
        ("raise ValueError(", "raise TypeError("),
        ("assert x > 0", "assert x >= 0"),
        ("def forward", "def backward"),
        ("return 2 * x", "return 2.0 * x"),
        ('print("working on", x)', "x = x + 1"),
    ],
)
def test_what_can_make_a_number_counts(before: str, after: str) -> None:
    assert CODE.count(before) == 1
    assert digest(CODE.replace(before, after)) != digest(CODE)
