"""A named pipe in the place of a file is refused by every command; names of any letters are shown."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from pipeline.__main__ import main
from pipeline.tools import where

COMMANDS = {
    "fit_body": ("fit_body", "--joints", "{pipe}", "--output", "{folder}/bodies.npz"),
    "import_checkpoint": ("import_checkpoint", "--paper", "semgcn", "{pipe}"),
    "import_checkpoint, graphs": ("import_checkpoint", "--paper", "hgn", "--graphs", "{pipe}", "{folder}/none.pth"),
    "export_checkpoint": ("export_checkpoint", "--paper", "semgcn", "{pipe}", "{folder}/weights.pth"),
    "fetch_detector": ("fetch_detector", "{pipe}"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_pipe_is_one_line(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert main([word.format(pipe=pipe, folder=tmp_path) for word in COMMANDS[name]]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"error: {pipe}: a pipe or a device; save what comes from it as a file; ")
    assert said.count("\n") == 1 and list(tmp_path.iterdir()) == [pipe]


def test_a_name_that_the_terminal_cannot_show_is_no_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(shown, encoding="ascii"))
    monkeypatch.setattr(where, "run", lambda *_, **__: print("café \udce9.npz") or 0)
    assert main(["where"]) == 0
    assert shown.getvalue() == b"caf\\xe9 \\udce9.npz\n"
