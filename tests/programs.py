"""Array programs run as they are printed, and changed by one node at a time."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from fractions import Fraction
from functools import lru_cache
from itertools import product

import numpy as np

from symconv.lowering.emitter import Emitter
from symconv.lowering.waves import definition
from symconv.polynomial import Polynomial

HEAD = "import numpy as np\nfrom numpy.lib.stride_tricks import as_strided\n"


def printed(node, parameters):
    """The program as a function of these arrays, and its source."""
    emitter = Emitter(parameters)
    emitter.give_back(node)
    constants = emitter.constants
    tables = "\n".join(line for table in constants.tables for line in table.lines)
    matrices = ["Array = np.ndarray", definition(constants.circles)] if constants.circles else []
    lines = [HEAD + tables, *matrices, f"def program({', '.join(parameters)}):", *emitter.lines()]
    source = "\n".join(lines)
    names = {}
    exec(compile(source, "<program>", "exec"), names)
    return names["program"], source


def by_hand(problem, x, kernel):
    """The convolution of a problem, summed over its axis relation one product at a time."""
    if not problem.grouped:
        x, kernel = x[:, None], kernel[None]
    z = np.zeros((*x.shape[:2], kernel.shape[1], *problem.output_size), x.dtype)
    for i in product(*map(range, problem.output_size)):
        for k in product(*map(range, problem.kernel_size)):
            places = [
                divmod(line.stride * p + line.dilation * tap - line.low, line.input_dilation)
                for line, p, tap in zip(problem.lines, i, k, strict=True)
            ]
            if all(r == 0 and 0 <= q < size for (q, r), size in zip(places, problem.input_size, strict=True)):
                at = tuple(q for q, _ in places)
                z[(..., *i)] += np.einsum("ngc,gmc->ngm", x[(..., *at)], kernel[(..., *k)])
    return z if problem.grouped else z[:, 0]


def drawn_changes(node, draw, count):
    """So many changes of one number or one operand of one node, drawn from all of those that keep the shape."""
    found = []
    for at in draw.sample(range(_count(node)), min(_count(node), 40 * count)):
        try:
            other = _change(node, at)
            kept = other.shape == node.shape
        except Exception:  # the node itself refuses
            continue
        if kept:
            found.append(other)
        if len(found) == count:
            break
    return found


def _count(value):
    """How many changes there are."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return 0
    if isinstance(value, Polynomial):
        return 2 + len(value.names)
    if isinstance(value, Fraction | int):
        return 2
    if isinstance(value, tuple):
        return sum(map(_count, value)) + len(_swaps(value))
    return _count_of_fields(value) if is_dataclass(value) else 0


@lru_cache(maxsize=4096)
def _count_of_fields(node):
    return sum(_count(getattr(node, field.name)) for field in fields(node))


def _swaps(value):
    return [at for at in range(len(value) - 1) if value[at] != value[at + 1]]


def _change(value, at):
    """The change number `at`: programs share nodes, and there are too many to make them all."""
    if isinstance(value, Polynomial):
        return value + (1, -1, *map(Polynomial.of, sorted(value.names)))[at]
    if isinstance(value, Fraction):
        return (value + 1, -value)[at]
    if isinstance(value, int):
        return value + (1, -1)[at]
    if isinstance(value, tuple):
        for place, one in enumerate(value):
            if at < _count(one):
                return (*value[:place], _change(one, at), *value[place + 1 :])
            at -= _count(one)
        place = _swaps(value)[at]
        return (*value[:place], value[place + 1], value[place], *value[place + 2 :])
    for field in fields(value):
        one = getattr(value, field.name)
        if at < _count(one):
            return replace(value, **{field.name: _change(one, at)})
        at -= _count(one)
    raise IndexError(at)


def instance(value, numbers, known=None):
    """A problem or a program of parameters, with numbers in their places; what is shared stays shared."""
    known = {} if known is None else known
    if isinstance(value, Polynomial):
        put = value.substitute({name: Polynomial.of(n) for name, n in numbers.items()})
        return put.constant if put.is_constant else put
    if isinstance(value, tuple):
        return tuple(instance(one, numbers, known) for one in value)
    if is_dataclass(value):
        if value not in known:
            put = {f.name: instance(getattr(value, f.name), numbers, known) for f in fields(value)}
            if "index" in put:  # places stay polynomials, if only in the axes and loops
                put["index"] = tuple(map(Polynomial.of, put["index"]))
            known[value] = replace(value, **put)
        return known[value]
    return value
