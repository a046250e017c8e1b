"""Which texts of loops compute a form with natural coefficients, whatever the numbers are.

In: the text of a kernel.  Out: None, or the first line that is not of the form, with the reason.
Never: what the coefficients are; `symconv.proof.loops` finds that out.

Every value of a kernel is an integer or an entry, and every entry is of one of three kinds: it comes from the first
operand, or from the other, or is a sum of products of the two. An array, or a stretch of one, has entries of one kind.

- An array is made flat, and a stretch of one begins somewhere and goes on to the end. An entry is copied to where its
  kind is held. The constant 0 may stand anywhere.
- An entry of the first operand times one of the other is a product. Products are added, and nothing else is: no entry
  of an operand is added to one.
- Integers are made of constants, shapes, the variables of loops, sums, differences, products, quotients and least
  values. Only they are indices, ends of ranges and parts of conditions.

So the same statements are executed whatever the entries are. Where the workspaces are zeros, what a kernel leaves at a
place of the result is ``sum of c[i, j] * x[i] * w[j]``, and what was there before with a natural number before it. The
c are natural numbers too: there is no minus, and no number but 0. A name keeps its kind for as long as it is in scope,
which ends with the block that it was first assigned in; so no name is read that has no value.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace
from enum import Enum

OF_INTEGERS = ast.Add | ast.Sub | ast.Mult | ast.FloorDiv | ast.Mod
ARRAYS = {4: 3, 10: 5}  # of so many arguments: two operands and the result, and two workspaces where there are any
BUILT_IN = frozenset({"min", "range"})


class Kind(Enum):
    """Where an entry comes from."""

    FIRST = "an entry of the first operand"
    OTHER = "an entry of the other operand"
    PRODUCT = "a sum of products"


@dataclass(frozen=True)
class Whole:
    """An integer."""


@dataclass(frozen=True)
class One:
    """An entry."""

    kind: Kind


@dataclass(frozen=True)
class Many:
    """An array of entries, or a stretch of one; where it is flat, an index is the place of an entry."""

    kind: Kind
    writable: bool
    flat: bool = True


Type = Whole | One | Many


class _No(Exception):
    """Why a line is not of the form."""


def unnatural(source: str, space: Kind) -> str | None:
    """Why a kernel is not of the form; None if it is. `space` is what its second workspace holds.

    Examples
    --------
    >>> text = '''
    ... def kernel(x, other, result, batch):
    ...     result.reshape(-1)[0] = x.reshape(-1)[batch] * other.reshape(-1)[0]
    ... '''
    >>> unnatural(text, Kind.PRODUCT)
    >>> unnatural(text.replace("* other", "- other"), Kind.PRODUCT)
    'line 3, result.reshape(-1)[0] = x.reshape(-1)[batch] - other.reshape(-1)[0]: entries are added and multiplied,
    and nothing else'
    """
    held: tuple[Type, ...] = (
        Many(Kind.FIRST, writable=False, flat=False),
        Many(Kind.OTHER, writable=False, flat=False),
        Many(Kind.PRODUCT, writable=True, flat=False),
        Many(Kind.FIRST, writable=True),
        Many(space, writable=True),
    )
    match ast.parse(source).body:
        case [ast.FunctionDef(args=ast.arguments([], names, None, [], [], None, []), decorator_list=[], body=body)]:
            types = (*held[: ARRAYS.get(len(names), 0)], *[Whole()] * len(names))
            arguments = {name.arg: known for name, known in zip(names, types, strict=False)}
            if taken := sorted(BUILT_IN & set(arguments)):
                return f"{taken[0]} is a function, and no argument"
            return _Reader(arguments).refused(body)
        case _:
            return "the text is not one function of plain arguments"


@dataclass
class _Reader:
    """The types of the names in scope, and the line that is read."""

    names: dict[str, Type]
    line: ast.stmt = field(default_factory=ast.Pass)

    def refused(self, body: list[ast.stmt]) -> str | None:
        """The first line of the body that is not of the form, and the reason."""
        try:
            self.block(body)
        except _No as reason:
            return f"line {self.line.lineno}, {ast.unparse(self.line).splitlines()[0]}: {reason}"
        return None

    def block(self, body: list[ast.stmt]) -> None:
        """Read statements; the names that they are the first to assign end with them."""
        outer = set(self.names)
        for statement in body:
            self.line = statement
            self.statement(statement)
        self.names = {name: known for name, known in self.names.items() if name in outer}

    def statement(self, statement: ast.stmt) -> None:
        match statement:
            case ast.Assign([ast.Name(name)], value):
                self.name(name, self.value(value))
            case ast.Assign([ast.Subscript(array, index)], value):
                self.store(array, index, value)
            case ast.AugAssign(ast.Name() as name, ast.Add(), value):
                self.products(self.value(name), self.value(value))
            case ast.AugAssign(ast.Subscript(array, index) as place, ast.Add(), value):
                self.products(self.value(place), self.value(value))
                self.store(array, index, value)
            case ast.For(ast.Name(name), ast.Call(ast.Name("range"), ends, []), body, []):
                self.integers(*ends)
                self.inside(body, name)
            case ast.If(ast.Compare(left, _, others), body, []):
                self.integers(left, *others)
                self.inside(body)
            case _:
                raise _No("no such statement is known")

    def inside(self, body: list[ast.stmt], variable: str | None = None) -> None:
        """Read the body of a loop or condition."""
        before = dict(self.names)
        if variable is not None:
            self.name(variable, Whole())
        self.block(body)
        self.names = before

    def name(self, name: str, found: Type) -> None:
        """A name is assigned."""
        if name in BUILT_IN:
            raise _No(f"{name} is a function")
        known = self.names.get(name, found)
        if known != found and not (isinstance(known, Many) and replace(known, flat=True) == found):
            raise _No(f"{name} was {_words(known)} and would become {_words(found)}")
        self.names[name] = found

    def store(self, array: ast.expr, index: ast.expr, value: ast.expr) -> None:
        """An entry of an array is assigned."""
        held = self.flat(array)
        self.integers(index)
        if not held.writable:
            raise _No("an operand is never written")
        match value:
            case ast.Constant(0) if type(value.value) is int:
                return
            case _:
                pass
        found = self.value(value)
        if found != One(held.kind):
            raise _No(f"{_words(found)} would stand among {_words(held)}")

    def value(self, value: ast.expr) -> Type:
        """The type of an expression."""
        match value:
            case ast.Name(name):
                if name not in self.names:
                    raise _No(f"{name} may have no value here")
                return self.names[name]
            case ast.Constant(number) if type(number) is int:
                return Whole()
            case ast.UnaryOp(ast.USub(), operand):
                self.integers(operand)
                return Whole()
            case ast.BinOp(left, operator, right):
                return self.combined(self.value(left), operator, self.value(right))
            case ast.Call(ast.Name("min"), [first, second], []):
                self.integers(first, second)
                return Whole()
            case ast.Call(ast.Attribute(array, "reshape"), [ast.UnaryOp(ast.USub(), ast.Constant(1))], []):
                return replace(self.array(array), flat=True)
            case ast.Subscript(ast.Attribute(array, "shape"), ast.Constant(number)) if type(number) is int:
                self.array(array)
                return Whole()
            case ast.Subscript(array, ast.Slice(ast.expr() as start, None, None)):
                self.integers(start)
                return self.flat(array)
            case ast.Subscript(array, index):
                self.integers(index)
                return One(self.flat(array).kind)
            case _:
                raise _No(f"{ast.unparse(value)} is neither an integer nor an entry")

    def combined(self, left: Type, operator: ast.operator, right: Type) -> Type:
        """The type of a sum, a product, and so on."""
        if left == right == Whole() and isinstance(operator, OF_INTEGERS):
            return Whole()
        match operator:
            case ast.Add():
                return self.products(left, right)
            case ast.Mult():
                if {left, right} != {One(Kind.FIRST), One(Kind.OTHER)}:
                    raise _No(f"{_words(left)} is not multiplied by {_words(right)}")
                return One(Kind.PRODUCT)
            case _:
                raise _No("entries are added and multiplied, and nothing else")

    def products(self, left: Type, right: Type) -> Type:
        """Sums of products are added."""
        if not left == right == One(Kind.PRODUCT):
            raise _No(f"{_words(left)} is not added to {_words(right)}")
        return left

    def integers(self, *values: ast.expr) -> None:
        """An index, an end of a range, a part of a condition."""
        for value in values:
            found = self.value(value)
            if found != Whole():
                raise _No(f"{ast.unparse(value)} is {_words(found)}, and an integer is needed")

    def flat(self, value: ast.expr) -> Many:
        """What is read from, or written to."""
        found = self.array(value)
        if not found.flat:
            raise _No(f"{ast.unparse(value)} is not flat")
        return found

    def array(self, value: ast.expr) -> Many:
        """What has a shape."""
        found = self.value(value)
        if not isinstance(found, Many):
            raise _No(f"{ast.unparse(value)} is {_words(found)}, and an array is needed")
        return found


def _words(known: Type) -> str:
    match known:
        case Whole():
            return "an integer"
        case One(kind):
            return kind.value
        case Many(kind):
            return f"an array, each {kind.value}"
