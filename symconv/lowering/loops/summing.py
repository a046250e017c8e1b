"""dE/dw as loops: every weight sums over the positions and the images.

In: a layer's plan.  Out: a `Kernel`.
Never: a copied column. delta is laid out with rows as long as those of the padded images, zeros at their ends: then
the places that a weight multiplies are two contiguous stretches, through several images, and the innermost loop runs
along these with the sums of a few weights in registers.
"""

from __future__ import annotations

from math import prod

from symconv.lowering.loops.phases import Phase, flat
from symconv.lowering.loops.plan import LANES, Box, Kernel, Lines, Plan, blocks, copy, fill, terms, units

BODY = 20  # sums in the body of the innermost loop
TOGETHER = 4096  # positions that are summed over at once


def summing(plan: Plan) -> Kernel:
    """The kernel of a plan."""
    phases, images = plan.phases, max(1, TOGETHER // plan.phases.plane)
    outs = min(blocks(plan, max(1, len(phase.reaches)), BODY, stores=False)[0] for phase in phases.phases)
    space = plan.outs * plan.pitch(images)
    padded = plan.ins * plan.channel(images)
    out = Lines()
    with units(out, plan, "x, delta, dw, padded, spread"):
        with out.block("if images < together"):
            _clear(out, "padded", padded)
            if len(phases.phases) == 1:
                _clear(out, "spread", space)
        fill(out, plan, images)
        for phase in phases.phases:
            if len(phases.phases) > 1:
                with out.loops(("channel", plan.outs), ("j", f"images * {phases.plane} + {LANES}")):
                    out.add(f"spread[channel * {plan.pitch(images)} + j] = 0")
            _spread(out, plan, phase, images)
            _sum(out, plan, phase, images, outs)
    return Kernel(out.text, plan.groups, images, padded, space, plan.outs // outs, adds=True)


def _clear(out: Lines, name: str, size: int) -> None:
    with out.loops(("j", size)):
        out.add(f"{name}[j] = 0")


def _spread(out: Lines, plan: Plan, phase: Phase, images: int) -> None:
    """The phase's part of delta, laid out as the padded images are."""
    ones, zeros = [1] * len(phase.counts), [0] * len(phase.counts)
    with out.loops(("channel", plan.outs), ("i", "images")):
        image = f"((image + i) * {plan.groups} + group) * {plan.outs} + channel"
        out.add(f"values = delta[({image}) * {prod(plan.output_sizes)}:]")
        out.add(f"to = spread[channel * {plan.pitch(images)} + i * {plan.phases.plane}:]")
        source = Box("values", plan.output_sizes, plan.strides, phase.start)
        target = Box("to", plan.phases.places, ones, zeros)
        copy(out, plan, source, target, phase.counts, ("positions", plan.output_sizes[plan.ndim - 1]))


def _sum(out: Lines, plan: Plan, phase: Phase, images: int, outs: int) -> None:
    last = flat([count - 1 for count in phase.counts], plan.phases.places)
    pitch, channel, w = plan.pitch(images), plan.channel(images), plan.weights
    ins, parts = terms(plan, phase.reaches, BODY // outs)
    out.add(f"count = ((images - 1) * {plan.phases.plane} + {last + LANES}) // {LANES} * {LANES}")
    with out.block(f"for block in range(part, {plan.outs // outs}, parts)"):
        for o in range(outs):
            out.add(f"delta{o} = spread[(block * {outs} + {o}) * {pitch}:]")
        with out.loops(("some", plan.ins // ins)):
            out.add(f"values = padded[some * {ins * channel}:]")
            out.add(f"sums = dw[group * {w.group} + block * {outs * w.out} + some * {ins * w.into}:]")
            for reaches in parts:
                places = [(c, reach) for c in range(ins) for reach in reaches]
                sums = {
                    f"s{o}_{at}": o * w.out + c * w.into + w.tap(reach.tap)
                    for o in range(outs)
                    for at, (c, reach) in enumerate(places)
                }
                out.add(*(f"{name} = sums[{place}]" for name, place in sums.items()))
                with out.block("for j in range(count)"):
                    out.add(*(f"d{o} = delta{o}[j]" for o in range(outs)))
                    for at, (c, reach) in enumerate(places):
                        out.add(f"value = values[j + {c * channel + reach.phase * pitch + reach.place}]")
                        out.add(*(f"s{o}_{at} += d{o} * value" for o in range(outs)))
                out.add(*(f"sums[{place}] = {name}" for name, place in sums.items()))
