"""What one source file says, read from its syntax tree: its top-level definitions, and what each of them uses.

Nothing that cannot change a number counts: comments, formatting, docstrings, imports for type checkers, the message of
an error or an assertion, and what is printed.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

LENGTH = 16  # hexadecimal digits of a digest
AT_IMPORT = ""  # the name of what runs whenever the module is imported
CHOSEN = "pipeline.config.modules"  # says which code settings choose; the plan starts from that code too
LOOKS_UP = {"globals", "vars", "locals", "eval", "exec", "__import__", "sys.modules"}  # any name of the module
PRINTING = ("print", "warn", "warning", "write")  # of `print`, `warnings.warn`, `tqdm.write`


@dataclass(frozen=True)
class Definition:
    """A function, a class or an assigned name at the top level of a module, with what it uses.

    A name is a module with what is taken of it: `pipeline.mixture:GaussianMixture.mean`; nothing after the colon means
    all that is in the module.
    """

    digest: str = ""
    mentions: tuple[str, ...] = ()  # names in the package that it may use
    imports: tuple[str, ...] = ()  # what it imports when it runs; the last part may be a name inside a module
    files: tuple[str, ...] = ()  # data files that its strings may name, with * where an f-string fills something in


@dataclass(frozen=True)
class Source:
    """A module: its definitions by name, and for each imported name what it may stand for."""

    definitions: dict[str, Definition]
    imported: dict[str, tuple[str, ...]]


@dataclass
class _Parts:
    """What the statements of one definition add up to."""

    statements: list[ast.stmt] = field(default_factory=list)
    also: list[str] = field(default_factory=list)  # definitions that count whenever this one does


def read_source(source: bytes, path: str) -> Source:
    """Read a module's definitions. `path` is relative to the package's parent.

    What runs when the module is imported and may have an effect beyond a name counts for every user of the module:
    statements that are neither definitions nor imports, assignments that call something, and definitions under one of
    the package's own decorators. Raises SyntaxError as Python would, and ValueError for an import that the plan cannot
    follow.
    """
    tree = _Stripped().visit(ast.parse(source, path))
    module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    package = module if path.endswith("/__init__.py") else module.rpartition(".")[0]
    top = [node for node in tree.body if not isinstance(node, ast.Import | ast.ImportFrom)]
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    parts: dict[str, _Parts] = defaultdict(_Parts)
    at_import = parts[AT_IMPORT]
    at_import.statements += imports
    imported = _Imports(package, module)
    for node in imports:
        imported.add(node)
    for node in top:
        names = _defines(node)
        if not names:  # it runs when the module is imported
            at_import.statements.append(node)
            parts |= {name: parts[name] for name in _binds(node, imported)}  # names without a definition of their own
        for name in names:
            parts[name].statements.append(node)
    for name, part in parts.items():
        if any(_acts(node, imported, parts) for node in part.statements if name):
            at_import.also.append(name)
    known = parts.keys() - {AT_IMPORT}
    definitions = {name: _read(part, imported, known, path) for name, part in parts.items()}
    return Source(definitions, {name: tuple(targets) for name, targets in imported.names.items()})


class _Imports:
    """What names stand for, by the import statements that bind them."""

    def __init__(self, package: str, module: str) -> None:
        self.package, self.module = package, module
        self.names: dict[str, list[str]] = {}
        self.run: list[str] = []

    def add(self, node: ast.Import | ast.ImportFrom) -> list[str]:
        """Take in a statement; returns the names that it binds."""
        if isinstance(node, ast.Import):
            found = [(alias.asname or alias.name.partition(".")[0], alias.name, alias.asname) for alias in node.names]
            self.run += [name for _, name, _ in found]
            pairs = [(bound, f"{name if renamed else bound}:") for bound, name, renamed in found]
        else:
            origin = importlib.util.resolve_name("." * node.level + (node.module or ""), self.package)
            pairs = [(alias.asname or alias.name, f"{origin}:{alias.name}") for alias in node.names]
            self.run += [target.replace(":", ".") for _, target in pairs]
        for bound, target in pairs:
            if target not in self.names.setdefault(bound, []):
                self.names[bound].append(target)
        return [bound for bound, _ in pairs]

    def copy(self) -> _Imports:
        new = _Imports(self.package, self.module)
        new.names = {name: list(targets) for name, targets in self.names.items()}
        return new


def _defines(node: ast.stmt) -> list[str]:
    """The names that a function, a class or a plain assignment binds; none for any other statement."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign):
        targets = [one for target in node.targets for one in getattr(target, "elts", [target])]
    elif isinstance(node, ast.AnnAssign | ast.AugAssign):
        targets = [node.target]
    else:
        return []
    return [one.id for one in targets if isinstance(one, ast.Name)] if all(map(_is_name, targets)) else []


def _is_name(node: ast.AST) -> bool:
    return isinstance(node, ast.Name)


def _binds(node: ast.stmt, imported: _Imports) -> Iterator[str]:
    """Names that a compound statement at the top level binds, such as `try: import x`."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Import | ast.ImportFrom):
            imported.add(inner)
        elif isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield inner.name
        elif isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
            yield inner.id


def _acts(node: ast.stmt, imported: _Imports, parts: dict[str, _Parts]) -> bool:
    """Whether a definition may do something beyond binding its name when its module is imported."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        words = [_dotted(one.func if isinstance(one, ast.Call) else one) for one in node.decorator_list]
        roots = [(word or "").partition(".")[0] for word in words]
        own = imported.package.partition(".")[0]
        return any(root in parts or any(_within(own, name) for name in imported.names.get(root, [])) for root in roots)
    return any(isinstance(inner, ast.Call) for inner in ast.walk(node))


def _read(part: _Parts, at_top: _Imports, known: set[str], path: str) -> Definition:
    """A definition's digest, and what it uses. Names count wherever they occur: a local of the same name hides none."""
    imported, files = at_top.copy(), list[str]()
    mentions = [f"{at_top.module}:{name}" for name in part.also]
    nodes = [node for statement in part.statements for node in ast.walk(statement)]
    for node in nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            if "*" in imported.add(node):
                mentions += [target.removesuffix("*") for target in imported.names["*"]]
        elif isinstance(node, ast.JoinedStr):
            pieces = (str(one.value) if isinstance(one, ast.Constant) else "*" for one in node.values)
            files += _file_name("".join(pieces))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            files += _file_name(node.value)
    for node in nodes:
        if isinstance(node, ast.Call) and _imports_by_name(node):
            imported.run += _called(node, imported, path)
    words, meanings = list[str](), set[str]()
    for statement in part.statements:
        for chain in _chains(statement):
            found = _meanings(chain, imported, known)
            mentions += found
            meanings |= {f"{chain} = {name}" for name in found}
        if not isinstance(statement, ast.Import | ast.ImportFrom):
            _spell(statement, words)
    words += sorted(meanings)  # what an imported name stands for may change without the statements that use it
    own = at_top.module.partition(".")[0]
    return Definition(
        digest=hashlib.sha256("\n".join(words).encode()).hexdigest()[:LENGTH],
        mentions=tuple(dict.fromkeys(name for name in mentions if _within(own, name))),
        imports=tuple(dict.fromkeys(name for name in imported.run if _within(own, name))),
        files=tuple(dict.fromkeys(files)),
    )


def _meanings(chain: str, imported: _Imports, known: set[str]) -> list[str]:
    """What `a.b.c` in a module may stand for, each as `module:name`."""
    if ":" in chain:
        return [chain]
    root, _, attributes = chain.partition(".")
    found = [f"{imported.module}:{root}"] if root in known else []
    if chain in LOOKS_UP or chain.startswith("sys.modules."):
        found.append(f"{imported.module}:")
    return found + [taken(target, attributes) for target in imported.names.get(root, [])]


def taken(name: str, attributes: str) -> str:
    """`module:name` with attributes of it: `module:name.attributes`."""
    return f"{name}.{attributes}" if attributes and not name.endswith(":") else f"{name}{attributes}"


def _within(package: str, name: str) -> bool:
    return name == package or name.startswith((f"{package}.", f"{package}:"))


def _called(node: ast.Call, imported: _Imports, path: str) -> list[str]:
    """What importlib.import_module imports; ValueError where that follows neither from its text nor from settings."""
    argument = node.args[0]
    if isinstance(argument, ast.Constant):
        return [str(argument.value)]
    roots = {chain.partition(".")[0] for chain in _chains(argument)}
    names = (target.replace(":", ".").rstrip(".") for root in roots for target in imported.names.get(root, []))
    if "settings" in roots or any(_within(CHOSEN, name) for name in names):
        return []
    raise ValueError(
        f"{path}, line {node.lineno}: the plan cannot follow import_module({ast.unparse(argument)}): write the name of "
        f"the module out, or take it from settings or from {CHOSEN.replace('.', '/')}.py"
    )


def _imports_by_name(node: ast.Call) -> bool:
    return bool(node.args) and (_dotted(node.func) or "").rpartition(".")[2] == "import_module"


def _dotted(node: ast.AST) -> str | None:
    """`a.b.c` of names and attributes, `module:b.c` of a module imported by its name; None for the rest."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Call) and _imports_by_name(node) and isinstance(node.args[0], ast.Constant):
        return f"{node.args[0].value!s}:"
    if isinstance(node, ast.Attribute):
        owner = _dotted(node.value)
        return None if owner is None else taken(owner, node.attr)
    return None


def _chains(node: ast.AST) -> Iterator[str]:
    """The names that a tree mentions, each with the attributes that follow it."""
    chain = _dotted(node)
    if chain is not None:
        yield chain
        return
    for child in ast.iter_child_nodes(node):
        yield from _chains(child)


def _file_name(text: str) -> list[str]:
    """The last part of what looks like the name of a data file. `*.json` could be any: it names none."""
    name = text.rpartition("/")[2]
    stem, _, suffix = name.rpartition(".")
    looks = bool(stem.strip("*")) and suffix.isalnum() and len(suffix) <= 4 and not any(map(str.isspace, name))
    return [name] if looks else []


class _Stripped(ast.NodeTransformer):
    """Takes out of a tree what cannot change a number."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        value = node.value
        if isinstance(value, ast.Constant):
            return None
        if isinstance(value, ast.Call):
            owner, _, name = (_dotted(value.func) or "").rpartition(".")
            if (name == "print" and not owner) or (name in PRINTING and owner in ("warnings", "tqdm", "log", "logger")):
                return None
        return self.generic_visit(node)

    def visit_If(self, node: ast.If) -> ast.AST | None:
        only_types = not node.orelse and ast.unparse(node.test).endswith("TYPE_CHECKING")
        return None if only_types else self.generic_visit(node)

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        return self.generic_visit(ast.copy_location(ast.Assert(node.test), node))

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        """Which error it is counts, what it says does not."""
        error = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        return self.generic_visit(ast.copy_location(ast.Raise(error), node))


def _spell(node: ast.AST, words: list[str]) -> None:
    """Write a tree as words that are the same in every version of Python: empty fields are not named."""
    words.append(type(node).__name__)
    for name in node._fields:
        value = getattr(node, name, None)
        if value is None or value == [] or name in ("ctx", "kind", "type_comment"):
            continue
        words.append(name)
        if isinstance(value, ast.AST):
            _spell(value, words)
        elif isinstance(value, list):
            words.append("[")
            for item in value:
                if isinstance(item, ast.AST):
                    _spell(item, words)
                else:
                    words.append(repr(item))
            words.append("]")
        else:
            words.append(repr(value))
