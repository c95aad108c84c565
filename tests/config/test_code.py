"""pipeline/config/code.py: a digest follows imports by itself, and changes with what can change a number."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.config.code import Code, read_module

FILES = {
    "pipeline/__init__.py": "'''About.'''\n",
    "pipeline/layout.py": "WHERE = 'data'\n",
    "pipeline/config/__init__.py": "from pipeline import never\n",
    "pipeline/never.py": "VALUE = 1\n",
    "pipeline/stages/__init__.py": "",
    "pipeline/stages/train.py": (
        "from pipeline import layout, params, room\ndef run():\n    import pipeline.room.late\n    import numpy\n"
    ),
    "pipeline/room/__init__.py": "from pipeline.room.first import thing\nfrom .near import other\n",
    "pipeline/room/first.py": "TABLE = 'somewhere/table.csv'\nthing = 1\n",
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


@pytest.fixture
def package(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path / "pipeline"


def test_imports_and_data_files_are_followed(package: Path) -> None:
    """At the top of a module or in a function, absolute or relative; data files by names that f-strings build too."""
    assert Code(package).digests(["pipeline.stages.train"]).keys() == REACHED


def test_an_edit_changes_the_digest_of_its_file_alone(package: Path) -> None:
    before = Code(package).digests(["pipeline.stages.train"])
    for name in ("room/near.py", "room/table.csv"):
        (package / name).write_text((package / name).read_text() + "x = 1\n")
    after = Code(package).digests(["pipeline.stages.train"])
    assert {name for name in before if before[name] != after[name]} == {
        "pipeline/room/near.py",
        "pipeline/room/table.csv",
    }


def test_the_cache_gives_the_same_digests(package: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache.json"
    first = Code(package, cache)
    found = first.digests(["pipeline.stages.train"])
    first.save()
    again = Code(package, cache)
    assert again.digests(["pipeline.stages.train"]) == found
    assert not again._learned
    (package / "room" / "late.py").write_text("thing = 3\n")
    assert Code(package, cache).digests(["pipeline.stages.train"]) != found
    cache.write_text("{}")
    assert Code(package, cache).digests(["pipeline.stages.train"]) == Code(package).digests(["pipeline.stages.train"])


def test_an_unknown_module_is_an_error(package: Path) -> None:
    with pytest.raises(ModuleNotFoundError, match=r"pipeline\.stages\.evaluate"):
        Code(package).digests(["pipeline.stages.evaluate"])


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


def digest(text: str) -> str:
    return read_module(text.encode(), "pipeline/layer.py").digest


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
        ("import warnings", "import warnings as w"),
        ("return 2 * x", "return 2.0 * x"),
        ('print("working on", x)', "x = x + 1"),
    ],
)
def test_what_can_make_a_number_counts(before: str, after: str) -> None:
    assert CODE.count(before) == 1
    assert digest(CODE.replace(before, after)) != digest(CODE)
