"""Array programs run as they are printed, and changed by one node at a time."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from fractions import Fraction
from itertools import product

import numpy as np

from symconv.lowering.emitter import Emitter
from symconv.polynomial import Polynomial

HEAD = "import numpy as np\nfrom numpy.lib.stride_tricks import as_strided\n"


def printed(node, parameters):
    """The program as a function of these arrays, and its source."""
    emitter = Emitter(parameters)
    emitter.give_back(node)
    tables = "\n".join(line for table in emitter.tables for line in table.lines)
    lines = [HEAD + tables, f"def program({', '.join(parameters)}):", *emitter.lines()]
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


def changes(node):
    """The program with one number or one operand of one node changed, for every such place."""
    for field in fields(node):
        value = getattr(node, field.name)
        for other in _others(value):
            try:
                yield replace(node, **{field.name: other})
            except Exception:  # the node itself refuses
                continue


def _others(value):
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return
    if isinstance(value, Polynomial):
        yield value + 1
        yield value - 1
        for name in sorted(value.names):
            yield value + Polynomial.of(name)
        return
    if isinstance(value, Fraction):
        yield value + 1
        yield -value
        return
    if isinstance(value, int):
        yield value + 1
        yield value - 1
        return
    if isinstance(value, tuple):
        for at, one in enumerate(value):
            for other in _others(one):
                yield (*value[:at], other, *value[at + 1 :])
        for at in range(len(value) - 1):
            if value[at] != value[at + 1]:
                yield (*value[:at], value[at + 1], value[at], *value[at + 2 :])
        return
    if is_dataclass(value):
        yield from changes(value)


def instance(value, numbers):
    """A problem or a program of parameters, with numbers in their places."""
    if isinstance(value, Polynomial):
        put = value.substitute({name: Polynomial.of(n) for name, n in numbers.items()})
        return put.constant if put.is_constant else put
    if isinstance(value, tuple):
        return tuple(instance(one, numbers) for one in value)
    if is_dataclass(value):
        put = {f.name: instance(getattr(value, f.name), numbers) for f in fields(value)}
        if "index" in put:  # places stay polynomials, if only in the axes and loops
            put["index"] = tuple(map(Polynomial.of, put["index"]))
        return replace(value, **put)
    return value
