"""What the command lines of the tools have in common."""

from __future__ import annotations

import argparse


def describe(command: argparse.ArgumentParser, description: str) -> None:
    """Show a description in `--help` with its own lines, because it has examples."""
    command.description = description
    command.formatter_class = argparse.RawDescriptionHelpFormatter


def preset(command: argparse.ArgumentParser) -> None:
    """Declare `--preset` of a command that works on one preset."""
    command.add_argument("--preset", help="a file of params/ without .yaml (default: the preset in params.yaml)")
