"""A LAYER on the command line: its arguments, and the `Conv` that they name.

In: what a person typed.  Out: a layer, or a usage error that says what was given and what was expected.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from symconv.errors import shortened
from symconv.printing import NUMBER, count

if TYPE_CHECKING:
    from symconv.layer import Conv
    from symconv.report.notation import Notation

SPELLINGS = {
    "input_size": "INPUT", "kernel_size": "KERNEL", "preset_name": "--preset", "weighted_input": "--notation",
    "symbols": "--symbol", "explained": "--explain", "finite_only": "--finite-only/--any-value",
}  # fmt: skip


def layer_arguments(command: Callable[..., Any]) -> Callable[..., Any]:
    """Everything that names a LAYER."""
    decorators = (
        click.argument("input_size", metavar="[INPUT]", required=False),
        click.argument("kernel_size", metavar="[KERNEL]", required=False),
        click.option("--preset", "preset_name", metavar="NAME", help="A layer of a published network."),
        click.option("--stride", default="1", metavar="S", show_default=True, help="One number, or one per axis."),
        click.option("--padding", default="0", metavar="P", show_default=True,
                     help="A number, low:high, or valid, full, same, same_lower."),
        click.option("--dilation", default="1", metavar="D", show_default=True),
        click.option("--input-dilation", default="1", metavar="U", show_default=True),
        click.option("--groups", default="1", metavar="G", show_default=True),
        click.option("--channels", default="1:1", metavar="C:M", show_default=True, help="Input and output channels."),
        click.option("--batch", default="1", metavar="N", show_default=True),
        click.option("--flip", is_flag=True, help="A convolution of mathematics: kernel rotated in the forward map."),
        click.option("--no-bias", is_flag=True, help="A layer without b."),
        click.option("--transposed", is_flag=True, help="PyTorch's ConvTranspose."),
        click.option("--output-padding", metavar="R", help="With --transposed.  [default: 0]"),
    )  # fmt: skip
    for decorator in reversed(decorators):
        command = decorator(command)
    return command


def notation_arguments(command: Callable[..., Any]) -> Callable[..., Any]:
    """What tensors are called, and what the first index is."""
    for decorator in (
        click.option("--notation", "weighted_input", type=click.Choice(["z", "net", "loss"]),
                     help="z and E; net and E_d; or z and L, the loss."),
        click.option("--index-base", type=click.Choice(["0", "1"]), help="The first index."),
        click.option("--symbol", "symbols", multiple=True, metavar="NAME=NEW",
                     help="Another name for a, w, b, z, delta, E, eta or f, as in --symbol a=x; may be repeated."),
    ):  # fmt: skip
        command = decorator(command)
    return command


def read_notation(
    weighted_input: str | None, index_base: str | None, symbols: tuple[str, ...], default: bool = False
) -> Notation:
    """The notation that was asked for; that of the worked example (`default`) unless another is."""
    from symconv.report.notation import notation

    renamed: dict[str, str] = {}
    for text in symbols:
        name, sign, new = text.partition("=")
        if not sign or name in renamed:
            wrong = "names a symbol twice" if sign else "is not NAME=NEW"
            raise click.UsageError(f"--symbol {shortened(text)} {wrong}: give each once, as in --symbol a=x")
        renamed[name] = new
    name = weighted_input or ("net" if default else "z")
    return notation(name, None if index_base is None else int(index_base), renamed)


def per_axis(text: str, name: str) -> int | tuple[int, ...]:
    """``3`` for all axes, ``3x2`` for one each."""
    parts = text.split("x")
    if not all(NUMBER.fullmatch(part) for part in parts):
        raise click.UsageError(f"{name}={shortened(text)} is no size: give a number, or one per axis as in 8x8")
    values = tuple(map(int, parts))
    return values[0] if len(values) == 1 else values


def read_padding(text: str) -> Any:
    """``1``, ``1x2``, ``1:0x2:1`` or a name."""
    from symconv.layer import PADDING_NAMES

    if text in PADDING_NAMES:
        return text
    parts = [part.split(":") for part in text.split("x")]
    if any(len(part) > 2 or not all(map(NUMBER.fullmatch, part)) for part in parts):
        names = ", ".join(PADDING_NAMES)
        raise click.UsageError(
            f"--padding {shortened(text)} is none of a number, low:high, one of these per axis, or {names}"
        )
    return [(int(part[0]), int(part[-1])) for part in parts]


def _channels(text: str) -> tuple[int, int]:
    parts = [count(part, "--channels") for part in text.split(":")]
    if len(parts) > 2:
        raise click.UsageError(f"--channels {shortened(text)} is not C:M, input and output channels")
    return parts[0], parts[-1]


def was_given(options: dict[str, Any]) -> list[str]:
    """The layer's options that the command line names."""
    context = click.get_current_context()
    default = click.core.ParameterSource.DEFAULT
    given = [n for n in options if context.get_parameter_source(n) is not default and options[n] is not None]
    return [SPELLINGS.get(n, f"--{n.replace('_', '-')}") for n in given]


def refuse_layer(options: dict[str, Any], beside: str) -> None:
    """Refuse the options of a layer beside an option that goes alone."""
    given = was_given(options)
    if given:
        raise click.UsageError(f"{beside} goes alone: leave out {', '.join(given)}")


def read_layer(options: dict[str, Any]) -> tuple[Conv, bool]:
    """The layer that was named, and whether none was: then it is the worked example."""
    from symconv.layer import Conv
    from symconv.presets import preset

    given = was_given(options)
    if options["preset_name"] is not None:
        refuse_layer({k: v for k, v in options.items() if k != "preset_name"}, "--preset")
        return preset(options["preset_name"]).layer, False
    if options["input_size"] is None:
        if given:
            raise click.UsageError(f"{', '.join(given)} without a LAYER: give INPUT and KERNEL, as in 8x8 3x3")
        return Conv((3, 3), (2, 2)), True
    if options["kernel_size"] is None:
        raise click.UsageError(f"a KERNEL is missing after INPUT {options['input_size']}, as in 8x8 3x3")
    return _named_layer(options), False


def _named_layer(options: dict[str, Any]) -> Conv:
    from symconv.layer import Conv

    size = per_axis(options["input_size"], "INPUT")
    ndim = 1 if isinstance(size, int) else len(size)
    padding = read_padding(options["padding"])
    if isinstance(padding, list) and len(padding) == 1:
        padding = padding * ndim
    ins, outs = _channels(options["channels"])
    common: dict[str, Any] = {
        "stride": per_axis(options["stride"], "--stride"),
        "padding": padding,
        "dilation": per_axis(options["dilation"], "--dilation"),
        "groups": count(options["groups"], "--groups"),
        "in_channels": ins,
        "out_channels": outs,
        "batch": count(options["batch"], "--batch"),
        "bias": not options["no_bias"],
    }
    kernel = per_axis(options["kernel_size"], "KERNEL")
    input_dilation = per_axis(options["input_dilation"], "--input-dilation")
    if not options["transposed"]:
        if options["output_padding"] is not None:
            raise click.UsageError("--output-padding belongs to --transposed")
        return Conv(size, kernel, input_dilation=input_dilation, flip=options["flip"], **common)
    if options["flip"] or input_dilation != 1:
        raise click.UsageError("--transposed sets the flip and the input dilation by itself: leave them out")
    extra = per_axis(options["output_padding"] or "0", "--output-padding")
    return Conv.transposed(size, kernel, output_padding=extra, **common)


def writing_arguments(command: Callable[..., Any]) -> Callable[..., Any]:
    """How formulas are written."""
    names = "f (arbitrary), identity, relu, leaky_relu, sigmoid, tanh, softplus or gelu."
    for decorator in (
        click.option("--activation", default="f", metavar="NAME", show_default=True, help=names),
        notation_arguments,
        click.option("--lang", default="en", metavar="en|zh", show_default=True, help="The language of the sentences."),
    ):
        command = decorator(command)
    return command
