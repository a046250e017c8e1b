"""The mistakes that people make in the backward of a convolution, each a transformation of the form of the layer.

In: the form T(delta, w, a) of the theorem.  Out: the form that a wrong implementation computes, with a name, the reason
and the mend.  The classes are those of public issue threads about convolution gradients.
Never: code of an implementation, or a decision which mistake it makes.

A mistake may have variants: the same slip, which comes out differently where the code scatters windows and where it
correlates a padded delta.  The low padding of that correlation is ``d*(K-1) - p``, so a slip in it is one in p.
The order is that in which mistakes are reported where several explain what was seen.
"""

from __future__ import annotations

from functools import lru_cache

from symconv.auditing.catalogue import accumulation, axes, groups, padding, rotation, scale, stride
from symconv.auditing.catalogue.mistake import Kind, Mistake

__all__ = ["CATALOGUE", "Kind", "Mistake", "mistakes"]

CATALOGUE: tuple[Mistake, ...] = (
    *rotation.TABLE, *scale.TABLE, *stride.TABLE, *padding.TABLE, *axes.TABLE, *groups.TABLE, *accumulation.TABLE,
)  # fmt: skip


@lru_cache
def mistakes(slot: str) -> tuple[Mistake, ...]:
    """The mistakes that are made in one gradient, or in the forward map."""
    return tuple(mistake for mistake in CATALOGUE if slot in mistake.of)
