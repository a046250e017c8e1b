"""A tiny layer without loops but the one over the images: every product is written out.

In: a layer's plan.  Out: a `Kernel`.
Never: a workspace; what is padded is left out of the sums.
"""

from __future__ import annotations

from itertools import product
from math import prod

from symconv.lowering.loops.phases import flat
from symconv.lowering.loops.plan import Kernel, Lines, Plan

Places = tuple[int, int, int]  # of x, w and z: the flat places that belong to one product


def tiny(plan: Plan, *, of_weight: bool) -> Kernel:
    """The kernel of a plan: w and z are the operand and the result, or for dE/dw the result and delta."""
    found = products(plan)
    reads, writes = (2, 1) if of_weight else (1, 2)
    sizes = (plan.groups * plan.ins * prod(plan.input_sizes), plan.groups * plan.weights.group,
             plan.groups * plan.outs * prod(plan.output_sizes))  # fmt: skip
    out = Lines()
    others, to = ("image", 0) if of_weight else (0, "image")
    with out.block("def kernel(x, other, result, batch)"), out.block("for image in range(batch)"):
        out.add(f"values = x.reshape(-1)[image * {sizes[0]}:]")
        out.add(f"others = other.reshape(-1)[{others} * {sizes[2]}:]", f"to = result.reshape(-1)[{to} * {sizes[2]}:]")
        out.add(*(f"x{at} = values[{at}]" for at in sorted({places[0] for places in found})))
        out.add(*(f"y{at} = others[{at}]" for at in sorted({places[reads] for places in found})))
        terms: dict[int, list[str]] = {at: [f"to[{at}]"] if of_weight else [] for at in range(sizes[writes])}
        for places in found:
            terms[places[writes]].append(f"x{places[0]} * y{places[reads]}")
        out.add(*(f"to[{at}] = {' + '.join(some) or '0'}" for at, some in terms.items()))
    return Kernel(out.text, 1, 1, 0, 0, 1, adds=of_weight)


def products(plan: Plan) -> list[Places]:
    """What one image's z is made of."""
    ins, outs, taps = plan.input_sizes, plan.output_sizes, [along.kernel_size for along in plan.phases.axes]
    positions = [
        (flat(z, outs), flat(k, taps), flat(x, ins))
        for z, k, x in (zip(*triples, strict=True) for triples in product(*(a.relation for a in plan.phases.axes)))
    ]
    channels = list(product(range(plan.groups), range(plan.outs), range(plan.ins)))
    w = plan.weights
    return [
        ((g * plan.ins + c) * prod(ins) + x, g * w.group + m * w.out + c * w.into + w.tap(k),
         (g * plan.outs + m) * prod(outs) + z)
        for z, k, x in positions
        for g, m, c in channels
    ]  # fmt: skip
