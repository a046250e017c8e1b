"""What the commands about every shape share: the theorem that was asked for.

In: the options of a command.  Out: a `GeneralVerdict`.
Never: a line of output.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from symconv.layer_options import per_axis, read_layer, read_padding, was_given
from symconv.printing import count

if TYPE_CHECKING:
    from symconv.steps import GeneralVerdict

GENERAL_OPTIONS = ("--stride", "--padding", "--dilation", "--input-dilation", "--flip", "--no-bias")


def general_verdict(options: dict[str, Any], ndim: str | None) -> GeneralVerdict:
    """The theorem for the rank that was asked for, or for the rank of a layer."""
    from symconv.api import prove as prove_layer
    from symconv.layer import Conv

    given = was_given(options)
    if options["input_size"] is not None or options["preset_name"] is not None:
        if ndim is not None:
            raise click.UsageError(f"--ndim goes without a LAYER: leave out {', '.join(given)}")
        return prove_layer(read_layer(options)[0], every_shape=True)
    others = [name for name in given if name not in GENERAL_OPTIONS]
    if others:
        raise click.UsageError(f"{', '.join(others)} without a LAYER: the theorem is about all of them")
    numbers: dict[str, Any] = {
        option[2:].replace("-", "_"): per_axis(options[option[2:].replace("-", "_")], option)
        for option in ("--stride", "--dilation", "--input-dilation")
        if option in given
    }
    rank = count(ndim or "2", "--ndim")
    if "--padding" in given:
        padding = read_padding(options["padding"])
        numbers["padding"] = padding * rank if isinstance(padding, list) and len(padding) == 1 else padding
    general = Conv.general(rank, flip=options["flip"], bias=not options["no_bias"], **numbers)
    return prove_layer(general, every_shape=True)
