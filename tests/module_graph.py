"""Who imports whom inside pipeline/, read off the source without running it."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path


def modules(root: Path) -> list[Path]:
    return sorted((root / "pipeline").rglob("*.py"))


@functools.cache
def imports(path: Path, typing: bool = False) -> frozenset[str]:
    """Dotted names that a module imports, at its top or in a function; with `typing` those for type checkers too."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(name for node in _nodes(tree, typing) for name in _imported(node))


def _nodes(tree: ast.AST, typing: bool) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if not typing and isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            continue
        yield node
        yield from _nodes(node, typing)


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, "this project imports by full names"
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def files_imported(path: Path, root: Path) -> set[Path]:
    """The files of pipeline/ that a module imports, the packages around them included."""
    found = set()
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "pipeline":
            for end in range(1, len(parts) + 1):
                place = root.joinpath(*parts[:end])
                found |= {file for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file()}
    return found


def named_modules(path: Path, root: Path) -> set[Path]:
    """The files of pipeline/ that a module's imports name, for type checkers too; packages around them are left out."""
    found = set()
    for name in imports(path, typing=True):
        place = root.joinpath(*name.split("."))
        candidates = (place.with_suffix(".py"), place / "__init__.py", place.parent.with_suffix(".py"))
        found |= {next((file for file in (*candidates, place.parent / "__init__.py") if file.is_file()), path)}
    return found - {path}
