"""Settings that no user means: one line that names the file, at once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from small_params import edit, says, write

NINE = ", ".join(["{}"] * 9)
# Each list has the one before it nine times: ten lines stand for three thousand million words.
ENDLESS = "&a0 [x, x, x]" + "".join(f"\n  - &a{n} [{NINE.format(*[f'*a{n - 1}'] * 9)}]" for n in range(1, 10))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("threads: 1\n", f"threads:\n  - {ENDLESS}\n", "threads: input should be a valid integer, found ["),
        ("variants: core\n", f"variants:\n  - {ENDLESS}\n", "variants"),
        ("threads: 1\n", "threads: 1e3\n", "write 1000, 1.0e-3 or true, or quote it if it is text"),
        ("threads: 1\n", 'threads: 1\n"a\\nb": 1\n', "a\\nb: unknown key"),
        (
            "threads: 1\n",
            'threads: 1\nlifting_variants: {"w\\n": {like: semgcn, title: x}}\n',
            "lifting_variants.w\\n: s",
        ),
        (
            "threads: 1\n",
            "threads: 1\nlifting_variants:\n"
            + "".join(f"  v{n}: {{like: v{n + 1}, title: x}}\n" for n in range(1500))
            + "  v1500: {like: semgcn, title: x}\n",
            "lifting_variants: hundreds of variants are each like the next; state some in full",
        ),
    ],
    ids=["endless", "endless list", "1e3", "newline in a key", "newline in a name", "long chain"],
)
def test_it_is_one_short_line(root: Path, old: str, new: str, words: str) -> None:
    edit(root, "params/small.yaml", old, new)
    said = says(root, "small")
    assert said.startswith("params/small.yaml: ") and words in said and "\n" not in said and len(said) < 1000


def test_no_name_is_not_the_name_of_the_usual_preset(root: Path) -> None:
    """As `--preset "$PRESET"` gives it where nothing is set."""
    assert says(root, "").startswith("--preset: no preset '' in params/")


def test_a_pipe_is_not_waited_for(root: Path) -> None:
    os.mkfifo(root / "params" / "pipe.yaml")
    assert says(root, "pipe") == "params/pipe.yaml: a pipe, which is not waited for; write a file"
