"""What connects ivrd's parts, found in the text of ivrd/daemon; see connections.py.

A connection is
- an argument of a call of our own code that passes an object or a function, not just settings;
- an entry of a list, tuple or dictionary that does so: one of several who receive something;
- a statement that does so: it registers, subscribes, or forwards.
Each is removed.  An argument that is a function is also replaced by one that does nothing: mypy
cannot see that, so a test has to.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DAEMON = ROOT / "ivrd/daemon"
PARTS = (*sorted(DAEMON.glob("*wiring.py")), DAEMON / "service.py", DAEMON / "connection.py")
FILES = {path.stem: path for path in PARTS}
NOTHING = """

def _nothing(*_args: object, **_named: object) -> None: ...


async def _nothing_async(*_args: object, **_named: object) -> None: ...
"""
# What is passed here is a value, although it is an attribute of ours or looks like a function.
VALUES = {"settings", "days", "ami", "name", "secret", "query", "zone", "who", "successor"}
# Methods that are passed as functions: those that are awaited, and the others.
ASYNC = {"wait", "flush", "answer", "_hand_over"}
FUNCTIONS = {
    *("set", "time", "store", "agi", "decision", "gauges", "identify", "connection_report"),
    *("stepped_down", "_stepped_down", "scrape", "ready", "_destinations"),
    *("person_with", "credit", "reading", "rung", "variables"),
}
# The same, of what a part is given.
GIVEN = {"stepped_down", "hand_over", "expected_wait", "snapshot"}
SEVERAL, STATEMENT = "one of several is removed", "statement is removed"
HOW = {SEVERAL: "", STATEMENT: "pass"}
REGISTER = {"append", "add_signal_handler", "add_done_callback", "publish"}


@dataclass(frozen=True)
class Connection:
    """One connection, and its file without it."""

    file: str
    line: int
    text: str
    how: str  # removed, does nothing, ...
    source: str

    @property
    def by_types(self) -> bool:
        """Whether mypy sees it: an argument is missing.  A unit test has to see the others."""
        return self.how == "removed"


def connections() -> list[Connection]:
    """All of them, in the order of their files."""
    return [found for name, path in FILES.items() for found in _of(name, path.read_text("utf-8"))]


class _Source:
    """A file's text, cut by the places of its syntax tree."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tree = ast.parse(text)
        self._starts = [0]
        for line in text.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line.encode()))
        self._bytes = text.encode()

    def _at(self, line: int, column: int) -> int:
        return self._starts[line - 1] + column

    def span(self, node: ast.expr | ast.stmt | ast.keyword) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self._at(node.lineno, node.col_offset), self._at(
            node.end_lineno, node.end_col_offset
        )

    def show(self, node: ast.expr | ast.stmt | ast.keyword) -> str:
        begin, end = self.span(node)
        return " ".join(self._bytes[begin:end].decode().split()).replace("( ", "(")

    def without(self, begin: int, end: int, by: str = "") -> str:
        """The text with something else in a place; what is removed goes with its comma."""
        rest = self._bytes[end:]
        if not by:
            rest = re.sub(rb"^\s*,", b"", rest, count=1)
        return (self._bytes[:begin] + by.encode() + rest).decode() + NOTHING


def _of(name: str, text: str) -> Iterator[Connection]:
    source = _Source(text)
    names = _Names(source.tree)
    several = _several(source.tree)
    for node in ast.walk(source.tree):
        places: Iterable[_Place] = ()
        if isinstance(node, ast.Expr) and _registers(node, name, names):
            places = [(node, "", source.span(node), STATEMENT)]
        elif isinstance(node, ast.Call) and names.ours(node.func):
            places = _arguments(node, source, names)
        elif isinstance(node, (ast.Tuple, ast.List)) and id(node) in several:
            entries = filter(names.passes, node.elts)
            places = [(value, "", source.span(value), SEVERAL) for value in entries]
        elif isinstance(node, ast.Dict):
            places = _entries(node, source, names)
        for what, within, at, by in places:
            how = by if by in HOW else "does nothing" if by else "removed"
            shown = f"{within}{source.show(what)}"
            yield Connection(name, what.lineno, shown, how, source.without(*at, HOW.get(by, by)))


# What is passed, to whom, where in the file, and what takes its place (or how it is removed).
_Place = tuple[ast.expr | ast.stmt, str, tuple[int, int], str]


def _arguments(call: ast.Call, source: _Source, names: "_Names") -> Iterator[_Place]:
    called = f"{source.show(call.func)}: "
    for given in [*call.args, *call.keywords]:
        value = given.value if isinstance(given, ast.keyword) else given
        if names.passes(value):
            yield value, called, source.span(given), ""
            if nothing := _nothing_like(value):
                yield value, called, source.span(value), nothing


def _entries(node: ast.Dict, source: _Source, names: "_Names") -> Iterator[_Place]:
    for key, value in zip(node.keys, node.values, strict=True):
        if names.passes(value):
            begin, end = source.span(value)
            begin = source.span(key)[0] if key is not None else begin - len("**")
            yield value, "", (begin, end), SEVERAL


def _several(tree: ast.Module) -> set[int]:
    """The lists and tuples that are passed on, or kept as lists."""
    found: list[ast.AST] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            found += [*node.args, *(keyword.value for keyword in node.keywords)]
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.List):
            found.append(node.value)
    return {id(node) for node in found}


class _Names:
    """Which names of a file stand for our code, and which for objects of ours."""

    def __init__(self, tree: ast.Module) -> None:
        self._code = {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
        for statement in tree.body:
            module = statement.module or "" if isinstance(statement, ast.ImportFrom) else ""
            if isinstance(statement, ast.ImportFrom) and module.partition(".")[0] == "ivrd":
                self._code |= {alias.asname or alias.name for alias in statement.names}
        self._code -= {"log", "claim"}
        self._objects = {"self", "hand_over", "stepped_down", *_received(tree, self._code)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and self.passes(node.value):
                for target in node.targets:
                    self._objects |= {n.id for n in ast.walk(target) if isinstance(n, ast.Name)}
        self._objects -= VALUES

    def ours(self, node: ast.expr) -> bool:
        """Whether what is called is a class, a function or a method of ours."""
        root, _attributes = _root(node)
        return isinstance(root, ast.Name) and root.id in self._code | self._objects

    def passes(self, node: ast.expr) -> bool:
        """Whether an expression gives an object or a function of ours, or the clock."""
        if isinstance(node, (ast.Tuple, ast.List)):
            return any(map(self.passes, node.elts))
        if isinstance(node, ast.Await):
            return self.passes(node.value)
        if isinstance(node, ast.Call):
            made = ast.unparse(node.func) == "asyncio.create_task"
            return any(map(self.passes, node.args)) if made else self.ours(node.func)
        root, attributes = _root(node)
        if not isinstance(root, ast.Name):
            return isinstance(root, ast.Call) and bool(attributes) and self.passes(root)
        if VALUES & {root.id, *attributes}:
            return False
        function = root.id in self._code and root.id.islower() and bool(attributes)
        return function or root.id in self._objects or ast.unparse(node) == "time.time"


def _received(tree: ast.Module, code: set[str]) -> set[str]:
    """What the parts of a file are given when they are built, and objects of ours afterwards."""
    builds = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    return {
        arg.arg
        for node in builds
        for arg in node.args.args
        if node.name == "__init__" or (arg.annotation and ast.unparse(arg.annotation) in code)
    }


def _root(node: ast.expr) -> tuple[ast.expr, list[str]]:
    """What an attribute of an attribute ... is taken of, and the attributes."""
    attributes = []
    while isinstance(node, ast.Attribute):
        attributes.append(node.attr)
        node = node.value
    return node, attributes


def _nothing_like(node: ast.expr) -> str:
    """The function that does nothing, if what is passed is a function; else empty."""
    last = node.attr if isinstance(node, ast.Attribute) else ast.unparse(node)
    if last in ASYNC:
        return "_nothing_async"
    functions = FUNCTIONS if isinstance(node, ast.Attribute) else GIVEN
    return "_nothing" if last in functions else ""


def _registers(node: ast.Expr, name: str, names: _Names) -> bool:
    """Whether a statement connects something: by being there, not by a value that it gives."""
    call = node.value.value if isinstance(node.value, ast.Await) else node.value
    if not isinstance(call, ast.Call):
        return False
    called = ast.unparse(call.func)
    if name == "connection":
        return not called.startswith("log.")
    registers = called[0].isupper() or called.rpartition(".")[2] in REGISTER
    return registers and any(map(names.passes, call.args))
