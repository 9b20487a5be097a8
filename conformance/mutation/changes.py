"""What can be changed in a Python source: one operator, constant, statement or argument at a time.

Pure functions over the text of one file. A change is known by its file, its function, the text of
its line and what becomes of it, never by the number of the line: so what somebody wrote about it
stays true when the file grows above it.
Left alone is what no client could notice: annotations, assertions, logs, docstrings, f-strings and
other words for people.
"""

from __future__ import annotations

import ast
import copy
import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

#: The operator that takes the place of another; for comparisons the bound moves by one.
_OTHER: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip
#: Fields of a node in which nothing is changed.
_LEFT_ALONE = {"annotation", "returns", "decorator_list", "type_params", "bases"}
#: Functions that do not care for the order of their arguments, or fail at once if it is wrong.
_UNORDERED = {"min", "max", "isinstance", "issubclass", "getattr", "setattr"}
_LOGS = "log"
_REPEATS = re.compile(r"(?<=[{,])\d+(?=[,}])")


@dataclass(frozen=True)
class Change:
    """One change of a file: `start` to `end`, in octets of its source, become `new`."""

    file: str
    function: str
    line: str
    what: str  # `old -> new`, or `deleted`
    ordinal: int  # among those that read alike
    row: int  # for people
    digest: str  # of the function as it is
    start: int
    end: int
    new: str

    @property
    def key(self) -> str:
        """What it is known by: stays the same while the line and its function do."""
        again = f" #{self.ordinal}" if self.ordinal > 1 else ""
        return f"{self.file} | {self.function} | {self.line} | {self.what}{again}"

    def made_in(self, source: bytes) -> bytes:
        """The source with this change."""
        return source[: self.start] + self.new.encode() + source[self.end :]


@dataclass(frozen=True)
class _Draft:
    node: ast.AST
    what: str
    new: str


def changes_of(file: str, source: bytes) -> list[Change]:
    """All changes of a source, in its order. Raises SyntaxError."""
    text = source.decode()
    lines = text.splitlines(keepends=True)
    offsets = [0]
    for line in lines:
        offsets.append(offsets[-1] + len(line.encode()))
    found: list[Change] = []
    alike: Counter[tuple[str, str, str]] = Counter()
    seen = {source}
    for function, scope, draft in _drafts(ast.parse(text)):
        node = draft.node
        assert isinstance(node, (ast.expr, ast.stmt))
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        line = lines[node.lineno - 1].split("  #")[0].strip()
        alike[function, line, draft.what] += 1
        change = Change(
            file=file,
            function=function,
            line=line,
            what=draft.what,
            ordinal=alike[function, line, draft.what],
            row=node.lineno,
            digest=hashlib.sha256(ast.dump(scope).encode()).hexdigest()[:16],
            start=offsets[node.lineno - 1] + node.col_offset,
            end=offsets[node.end_lineno - 1] + node.end_col_offset,
            new=draft.new,
        )
        result = change.made_in(source)
        if result not in seen:
            seen.add(result)
            found.append(change)
    return found


def _drafts(tree: ast.Module) -> Iterator[tuple[str, ast.AST, _Draft]]:
    """Each draft with the name of its function and the function (else the class, the module)."""

    conditions = {
        each.test for each in ast.walk(tree) if isinstance(each, (ast.If, ast.IfExp, ast.While))
    }

    def walk(node: ast.AST, names: tuple[str, ...], scope: ast.AST) -> Iterator[
        tuple[str, ast.AST, _Draft]
    ]:  # fmt: skip
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names, scope = (*names, node.name), node
        # A condition that is always true, and one that is never, say more than its opposite.
        for draft in () if node in conditions and _is_plain(node) else _of_node(node):
            yield ".".join(names) or "(module)", scope, draft
        for name, value in ast.iter_fields(node):
            if name in _LEFT_ALONE:
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST) and not _is_left_alone(child):
                    yield from walk(child, names, scope)

    yield from walk(tree, (), ast.Pass())


def _is_plain(node: ast.AST) -> bool:
    """Whether all that can become of it is its opposite."""
    if isinstance(node, ast.Compare):
        return not isinstance(node.ops[0], (ast.Lt, ast.LtE, ast.Gt, ast.GtE))
    return isinstance(node, ast.UnaryOp)


def _is_left_alone(node: ast.AST) -> bool:
    """Whether nothing below this node is changed: no client could notice it."""
    if isinstance(node, (ast.Assert, ast.JoinedStr, ast.Import, ast.ImportFrom)):
        return True
    if isinstance(node, ast.Expr):
        value = node.value
        return isinstance(value, ast.Constant) or (
            isinstance(value, ast.Call) and ast.unparse(value).startswith(f"{_LOGS}.")
        )
    if isinstance(node, ast.If):
        return ast.unparse(node.test) == "TYPE_CHECKING"
    if isinstance(node, ast.Assign):
        names = [each.id for each in node.targets if isinstance(each, ast.Name)]
        # A subscript by itself is the alias of a type: `Verb = Callable[...]`.
        return bool(names) and (
            names[0] in ("__slots__", "__all__", _LOGS) or isinstance(node.value, ast.Subscript)
        )
    return False


def _of_node(node: ast.AST) -> Iterator[_Draft]:
    """The changes of one node itself, not of what is in it."""
    if isinstance(node, ast.stmt):
        yield from _of_statement(node)
    if isinstance(node, (ast.If, ast.IfExp, ast.While)):
        for constant in ("True", "False"):
            if not isinstance(node.test, ast.Constant):
                yield _changed(node.test, constant)
    elif isinstance(node, ast.comprehension):
        yield from (_changed(test, "True") for test in node.ifs)
    elif isinstance(node, ast.Compare):
        yield from _of_comparison(node)
    elif isinstance(node, (ast.BinOp, ast.BoolOp)):
        if other := _OTHER.get(type(node.op)):
            twin = copy.copy(node)
            twin.op = other()  # type: ignore[assignment]  # of the same family
            yield _changed(node, ast.unparse(twin))
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield _changed(node, ast.unparse(node.operand))
    elif isinstance(node, ast.Constant):
        yield from (_changed(node, new) for new in _other_constants(node.value))
    elif isinstance(node, ast.Call) and not ast.unparse(node).startswith("Refusal("):
        yield from _of_call(node)


def _of_statement(node: ast.stmt) -> Iterator[_Draft]:
    """Deleted, or another jump in its place."""
    if isinstance(node, ast.Return):
        if node.value and ast.unparse(node.value) != "None":
            yield _Draft(node, "return None", "return None")
        elif node.value is None:
            yield _Draft(node, "deleted", "pass")
    elif isinstance(node, ast.Break):
        yield _Draft(node, "break -> continue", "continue")
    elif isinstance(node, ast.Continue):
        yield _Draft(node, "continue -> break", "break")
    elif isinstance(node, (ast.Raise, ast.Delete)) or (
        isinstance(node, ast.Expr) and isinstance(node.value, (ast.Call, ast.Await))
    ):
        yield _Draft(node, "deleted", "pass")
    elif isinstance(node, (ast.Assign, ast.AugAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if all(isinstance(each, (ast.Attribute, ast.Subscript)) for each in targets):
            yield _Draft(node, "deleted", "pass")
        if isinstance(node, ast.AugAssign) and (other := _OTHER.get(type(node.op))):
            twin = copy.copy(node)
            twin.op = other()  # type: ignore[assignment]
            yield _Draft(node, ast.unparse(twin), ast.unparse(twin))


def _of_comparison(node: ast.Compare) -> Iterator[_Draft]:
    for index, operator in enumerate(node.ops):
        if other := _OTHER.get(type(operator)):
            twin = copy.copy(node)
            twin.ops = [*node.ops[:index], other(), *node.ops[index + 1 :]]  # type: ignore[list-item]
            yield _changed(node, ast.unparse(twin))


def _of_call(node: ast.Call) -> Iterator[_Draft]:
    """Its first two arguments change places."""
    first = node.args[:2]
    if len(first) < 2 or any(isinstance(each, ast.Starred) for each in first):
        return
    if ast.unparse(node.func) in _UNORDERED or ast.dump(first[0]) == ast.dump(first[1]):
        return
    twin = copy.copy(node)
    twin.args = [first[1], first[0], *node.args[2:]]
    yield _changed(node, ast.unparse(twin))


def _other_constants(value: object) -> Iterator[str]:
    if isinstance(value, bool):
        yield repr(not value)
    elif isinstance(value, int):
        yield repr(value + 1)
        if value > 0:
            yield repr(value - 1)
    elif isinstance(value, float):
        yield repr(value + 1)
    elif isinstance(value, bytes):
        yield repr(value + b"x")
    elif isinstance(value, str):
        repeats = list(_REPEATS.finditer(value))
        for each in repeats:  # of a regular expression: one more, and one less
            for number in {int(each[0]) + 1, max(0, int(each[0]) - 1)} - {int(each[0])}:
                yield repr(f"{value[: each.start()]}{number}{value[each.end() :]}")
        if not repeats and " " not in value.strip():  # several words are for people
            yield repr(value + "x")


def _changed(node: ast.expr, new: str) -> _Draft:
    old = ast.unparse(node)
    simple = isinstance(node, ast.Constant) or new.isidentifier()
    return _Draft(node, f"{old} -> {new}", new if simple else f"({new})")
