"""Wrong backward functions, written in NumPy as people write them, for an audit to find and to name.

In: nothing.  Out: functions that follow the calling convention of an audit, each with what it claims to support.
Never: a formula of the product, or a claim that a mistake bites: `test_audit_mutants_corpus` shows that it does.

A mutant is a mistake, in one gradient, in one of the styles of `audit_styles`, in an implementation that has learnt
some of strides, padding, dilation and groups.
"""

from dataclasses import dataclass
from functools import partial
from itertools import product

from symconv.auditing.protocol import Backward, Support
from tests.audit_styles import STYLES


@dataclass(frozen=True)
class Mutant:
    """A backward function of which one gradient is wrong.

    `kind` is the class in the table of what people get wrong; of a pair, both classes joined by " + ".
    """

    name: str
    of: str
    kind: str
    mistakes: tuple[str, ...]
    backward: Backward
    support: Support


OF = ("input", "weight", "bias")

# What an implementation has learnt to do: a mistake in what it does not claim to do cannot be held against it.
BARE = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}
MODES = {
    "bare": BARE,
    "strided": BARE | {"stride": 4},
    "exact": {"remainder": False},
    "padded": {"dilation": 1, "groups": 1},
    "symmetric": {"dilation": 1, "groups": 1, "symmetric": True},
    "dilated": {"stride": 1, "groups": 1},
    "spread": {"padding": 0, "groups": 1},
    "grouped": {"padding": 0, "dilation": 1},
    "single": {"batch": 1},
    "square": {
        "ndim": (2,), "dilation": 1, "groups": 1, "symmetric": True, "uniform": True, "square_input": True,
        "square_kernel": True,
    },
    "tile": {"ndim": (2,), "square_kernel": True, "square_input": True},
    "image": {"ndim": (2,), "groups": 1},
    "wide": {"ndim": (2, 3)},
    "everything": {},
    "cropping": {"negative_padding": True},
}  # fmt: skip

# kind; gradients; styles; modes; names
ROWS = (
    ("stride", "input weight", "scatter taps gather", "strided spread exact everything", "stride missing"),
    ("stride", "input weight", "closed", "strided padded everything", "delta not dilated; delta dilated by s + 1"),
    ("stride", "weight", "scatter taps gather closed", "spread everything", "stride and dilation swapped"),
    ("stride", "input", "scatter taps gather closed", "spread everything", "stride and dilation swapped"),
    (
        "stride", "input", "gather", "strided padded everything",
        "divisibility not checked; divisibility not checked, rounded towards zero",
    ),
    ("stride", "bias", "closed", "strided everything", "every stride-th position only"),
    (
        "remainder", "input", "scatter closed taps", "strided square everything",
        "output_padding missing; output_padding s - 1",
    ),
    ("remainder", "input", "scatter closed taps", "padded everything", "last rows zero"),
    ("remainder", "input", "scatter closed gather", "strided everything cropping", "output_padding at the low end"),
    ("remainder", "weight", "closed", "strided padded everything", "remainder not cut"),
    ("remainder", "weight", "closed gather", "strided padded everything", "remainder cut at the low end"),
    (
        "axes", "input weight", "scatter closed taps gather", "image wide",
        "stride axes reversed; padding axes reversed; stride of the first axis for all; "
        "padding of the first axis for all",
    ),
    (
        "axes", "input weight", "closed gather", "image wide",
        "dilation axes reversed; dilation of the first axis for all",
    ),
    ("axes", "input", "scatter closed taps gather", "tile", "kernel transposed"),
    ("axes", "input weight", "closed gather", "square tile", "gradient transposed"),
    ("axes", "input", "scatter closed taps gather", "bare padded", "in and out channels swapped"),
    ("axes", "weight", "scatter closed taps gather", "bare everything", "in and out channels swapped"),
    ("axes", "input weight", "closed gather", "bare everything", "channels in reverse order"),
    ("axes", "input weight", "taps gather", "bare everything", "filters in reverse order"),
    ("axes", "bias", "closed taps gather", "bare", "filters in reverse order"),
    (
        "groups", "input weight", "scatter closed taps gather", "grouped everything",
        "groups ignored; groups in reverse order; filters dealt out in turn; channels dealt out in turn",
    ),
    (
        "groups", "input weight", "closed gather", "grouped everything",
        "groups taken for depthwise",
    ),
    ("groups", "input", "scatter taps gather closed", "grouped everything", "the first group's kernels for all"),
    ("groups", "weight", "taps", "grouped everything", "every filter meets every channel"),
    ("groups", "bias", "closed", "grouped everything", "groups summed"),
    (
        "rotation", "input", "scatter closed taps gather", "bare single square everything",
        "kernel not rotated",
    ),
    ("rotation", "input", "scatter closed taps gather", "grouped", "kernel not rotated when grouped"),
    (
        "rotation", "input", "scatter closed taps gather", "wide",
        "kernel rotated along the first axis only; kernel rotated along the last axis only",
    ),
    (
        "rotation", "input", "closed taps", "tile",
        "kernel transposed instead of rotated; kernel turned by 90 degrees",
    ),
    ("rotation", "input", "closed taps gather", "bare everything", "all axes of the kernel reversed"),
    ("rotation", "input weight", "closed taps gather", "bare everything", "gradient reversed; delta rotated"),
    (
        "rotation", "weight", "closed taps", "wide",
        "gradient reversed along the first axis; gradient reversed along the last axis",
    ),
    ("rotation", "weight", "closed gather", "bare everything", "all axes of the gradient reversed"),
    (
        "rotation", "weight", "closed gather", "tile",
        "gradient reversed and transposed; gradient turned by 90 degrees",
    ),
    (
        "padding", "input weight", "scatter closed taps gather", "padded everything",
        "low and high padding swapped; low padding one too large; low padding one too small",
    ),
    (
        "padding", "input weight", "closed gather", "padded everything",
        "high padding at both ends; padding halved between the ends",
    ),
    ("padding", "input weight", "scatter closed taps", "padded everything", "low padding at both ends"),
    (
        "padding", "input", "scatter closed taps", "symmetric everything",
        "result not cropped; cropped at the high end only",
    ),
    ("padding", "input", "gather", "symmetric everything", "cropped at the high end only; half a kernel of padding"),
    ("padding", "input", "scatter taps", "padded square", "cropped by [low:-high]"),
    ("padding", "input", "closed", "padded everything", "padded by K - 1; padded by the layer's padding"),
    ("padding", "input weight", "gather", "padded everything", "lower bound not checked"),
    ("padding", "weight", "scatter closed taps gather", "symmetric everything", "padding ignored"),
    (
        "padding", "weight", "scatter taps gather", "padded",
        "border of edge values",
    ),
    ("padding", "weight", "scatter taps", "padded", "border of ones"),
    ("padding", "weight", "gather", "padded", "half a kernel of padding"),
    ("padding", "bias", "closed", "padded", "border left out"),
    (
        "dilation", "input weight", "scatter closed taps gather", "dilated everything cropping",
        "dilation ignored",
    ),
    ("dilation", "input weight", "closed gather", "dilated everything", "dilation one too large"),
    ("dilation", "input", "closed gather", "dilated everything", "kernel not dilated"),
    ("dilation", "input", "closed", "dilated everything", "dilation forgotten in the pads"),
    ("dilation", "input", "gather", "dilated everything", "dilation forgotten in the low pad"),
    ("dilation", "input", "scatter", "spread", "dilation forgotten in the size of the buffer"),
    ("dilation", "weight", "closed", "dilated everything", "windows not dilated"),
    (
        "scale", "input weight bias", "closed gather", "bare everything",
        "mean over the batch; mean over positions; mean over batch and positions; sign; zero; doubled; halved",
    ),
    (
        "scale", "input weight bias", "taps", "bare",
        "divided by the number of taps; multiplied by the number of taps; multiplied by the batch",
    ),
    ("scale", "input weight bias", "scatter", "strided", "multiplied by the stride; sign"),
    ("scale", "weight bias", "scatter closed", "bare everything", "first sample only"),
    ("scale", "input", "scatter closed taps gather", "bare", "first sample for all; first sample only"),
    ("scale", "weight", "closed taps", "bare everything", "samples mixed"),
    (
        "scale", "bias", "closed", "bare everything",
        "batch not summed; positions not summed; last axis not summed; filters summed too; axes kept; "
        "one number for all filters",
    ),
    ("scale", "bias", "gather", "bare everything", "batch and filters mixed up"),
    (
        "accumulation", "input weight", "scatter", "bare strided everything", "last window survives",
    ),
    ("accumulation", "input", "taps gather", "bare strided everything", "last tap survives"),
    ("accumulation", "weight", "taps", "bare strided everything", "last tap for all"),
    ("accumulation", "weight", "gather", "bare padded everything", "last window inside the input survives"),
    (
        "accumulation", "input weight", "scatter closed gather", "bare everything",
        "last filter survives; last sample survives; last channel survives",
    ),
    ("accumulation", "input weight", "closed gather", "bare", "last channel for all"),
    ("accumulation", "weight bias", "scatter closed", "bare", "last filter for all"),
    ("accumulation", "input weight", "scatter closed taps gather", "grouped", "last group survives"),
    (
        "accumulation", "bias", "scatter", "bare everything",
        "last sample survives; last position survives; last filter survives",
    ),
    ("crash", "input weight", "scatter closed taps", "strided everything", "raises on a remainder"),
    ("crash", "bias", "scatter", "strided", "raises on a remainder"),
    ("crash", "input", "gather", "strided everything", "upper bound rounded up; upper bound not checked"),
    ("crash", "weight", "gather", "padded everything", "upper bound not checked"),
    ("crash", "input weight", "scatter closed", "padded everything", "raises on unequal padding"),
    ("crash", "input weight", "closed taps", "grouped everything", "raises on groups"),
    ("crash", "input weight", "scatter gather", "dilated everything", "raises on dilation"),
    ("crash", "input weight bias", "gather", "bare everything", "raises on a batch"),
    ("crash", "input weight", "taps", "image", "raises on unequal strides; raises on an oblong kernel"),
    ("crash", "input weight", "closed", "bare image", "raises on an oblong input; raises unless channels match"),
    ("crash", "input", "closed", "padded everything", "raises on padding beyond d(K - 1)"),
    ("crash", "weight", "taps", "padded", "raises on padding"),
)  # fmt: skip

# gradient; styles; modes; the two mistakes
PAIRS = (
    ("input", "scatter closed taps gather", "strided everything", "kernel not rotated", "stride missing"),
    ("input", "scatter closed taps gather", "everything", "kernel not rotated", "low and high padding swapped"),
    ("input", "closed taps gather", "everything", "kernel not rotated", "dilation ignored"),
    ("input", "scatter closed gather", "bare everything", "kernel not rotated", "mean over the batch"),
    ("input", "scatter closed", "bare", "kernel not rotated", "in and out channels swapped"),
    ("input", "scatter taps", "bare everything", "kernel not rotated", "last filter survives"),
    ("input", "scatter closed taps", "strided everything", "kernel not rotated", "output_padding missing"),
    ("input", "gather", "strided everything", "kernel not rotated", "divisibility not checked"),
    (
        "input", "scatter closed gather", "padded everything",
        "low and high padding swapped", "output_padding at the low end",
    ),
    ("input", "closed gather", "grouped everything", "groups ignored", "kernel not rotated"),
    ("input", "closed gather", "everything", "groups in reverse order", "low padding one too large"),
    ("input", "scatter", "bare everything", "last window survives", "last filter survives"),
    ("input", "taps gather", "everything", "last tap survives", "stride missing"),
    ("input", "closed gather", "bare everything", "sign", "mean over batch and positions"),
    ("input", "closed gather", "image", "stride axes reversed", "padding axes reversed"),
    ("input", "closed", "dilated everything", "padded by K - 1", "kernel not dilated"),
    ("input", "gather", "padded", "lower bound not checked", "low padding one too small"),
    ("weight", "scatter closed taps gather", "strided everything", "gradient reversed", "stride missing"),
    ("weight", "closed taps gather", "everything", "gradient reversed", "low and high padding swapped"),
    ("weight", "closed gather", "bare everything", "gradient reversed", "mean over the batch"),
    ("weight", "closed taps", "bare everything", "gradient reversed", "first sample only"),
    ("weight", "gather taps", "everything", "dilation ignored", "low padding one too large"),
    ("weight", "closed gather", "everything", "low and high padding swapped", "remainder cut at the low end"),
    ("weight", "closed", "strided everything", "remainder not cut", "mean over the batch"),
    ("weight", "closed", "strided everything", "delta not dilated", "remainder not cut"),
    ("weight", "scatter taps", "everything", "groups in reverse order", "gradient reversed"),
    ("weight", "scatter", "bare everything", "last window survives", "last sample survives"),
    ("weight", "taps gather", "grouped everything", "filters dealt out in turn", "sign"),
    ("weight", "taps", "bare", "last tap for all", "last sample survives"),
    ("weight", "gather", "padded", "padding ignored", "stride missing"),
    ("bias", "scatter", "bare everything", "last position survives", "last sample survives"),
    ("bias", "closed", "bare everything", "first sample only", "mean over positions"),
    ("bias", "closed taps", "bare everything", "sign", "mean over the batch"),
    ("bias", "gather", "bare", "batch and filters mixed up", "filters in reverse order"),
)  # fmt: skip


# Names of one function, in the words of more than one mistake: gradient; names; why. On the layers named in the reason,
# no audit can tell them apart, so that any of the names is a right answer, with its kind.
SAME = (
    (
        "input weight", "high padding at both ends; low and high padding swapped",
        "where the result has the size that it should, only the low end enters: x = s*i + d*k - p_lo",
    ),
    (
        "input", "padded by K - 1; result not cropped",
        "without dilation K - 1 zeros are d*(K - 1): the gradient of the padded input, border included",
    ),
    (
        "input", "raises on a remainder; upper bound rounded up",
        "one output too many is asked for exactly where the division leaves a remainder",
    ),
    (
        "input", "raises on dilation; dilation forgotten in the size of the buffer",
        "the last window leaves the buffer and cannot be added",
    ),
    (
        "weight", "padding ignored; raises on padding",
        "in a loop the last window leaves the bare input and cannot be multiplied (not in closed and gather)",
    ),
    (
        "weight", "dilation ignored; windows not dilated",
        "without a stride there is no remainder, which is all that else depends on the dilation",
    ),
    (
        "weight", "last window survives; last window inside the input survives",
        "without padding every window is inside the input",
    ),
)  # fmt: skip

# What some would file elsewhere, and not be wrong: an axis is taken for another in an option, or a loop over groups or
# samples keeps one of them, so that both the thing and what was done to it give a class.
ALSO_OF_KIND = {
    "stride axes reversed": ("stride",),
    "stride of the first axis for all": ("stride",),
    "padding axes reversed": ("padding",),
    "padding of the first axis for all": ("padding",),
    "dilation axes reversed": ("dilation",),
    "dilation of the first axis for all": ("dilation",),
    "kernel transposed": ("rotation",),
    "gradient transposed": ("rotation",),
    "kernel transposed instead of rotated": ("axes",),
    "kernel turned by 90 degrees": ("axes",),
    "gradient reversed and transposed": ("axes",),
    "gradient turned by 90 degrees": ("axes",),
    "all axes of the kernel reversed": ("axes",),
    "all axes of the gradient reversed": ("axes",),
    "kernel not rotated when grouped": ("groups",),
    "last group survives": ("groups",),
    "every stride-th position only": ("scale",),
    "border left out": ("scale",),
    "groups summed": ("scale",),
    "first sample only": ("accumulation",),
    "first sample for all": ("accumulation",),
    "last sample survives": ("scale",),
    "last position survives": ("scale",),
    "result not cropped": ("remainder",),
    "dilation forgotten in the size of the buffer": ("crash",),
    "upper bound rounded up": ("remainder",),
    "upper bound not checked": ("remainder", "padding"),
    "raises on a remainder": ("remainder",),
    "raises on unequal padding": ("padding",),
    "raises on padding": ("padding",),
    "raises on padding beyond d(K - 1)": ("padding",),
    "raises on groups": ("groups",),
    "raises on dilation": ("dilation",),
    "raises on unequal strides": ("stride", "axes"),
    "raises on an oblong kernel": ("axes",),
    "raises on an oblong input": ("axes",),
    "raises unless channels match": ("axes",),
}


def mutants() -> list[Mutant]:
    """Every mistake, in each style and for each kind of implementation where it makes sense."""
    return [
        _mutant(style, mode, of, kind, (mistake,))
        for kind, gradients, styles, modes, names in ROWS
        for mistake in names.split("; ")
        for of, style, mode in product(gradients.split(), styles.split(), modes.split())
    ]


def pairs() -> list[Mutant]:
    """Two mistakes in one gradient."""
    kinds = {(of, name): kind for kind, gradients, *_, names in ROWS for of in OF for name in names.split("; ")}
    return [
        _mutant(style, mode, of, f"{kinds[of, first]} + {kinds[of, second]}", (first, second))
        for of, styles, modes, first, second in PAIRS
        for style, mode in product(styles.split(), modes.split())
    ]


def correct() -> list[tuple[str, Backward, Support]]:
    """The styles without a mistake."""
    return [
        (f"{style} {mode}", _backward(style), Support(**options))
        for style, (mode, options) in product(STYLES, MODES.items())
    ]


def _mutant(style, mode, of, kind, mistakes):
    name = f"{style} {mode}: {of}: {' + '.join(mistakes)}"
    return Mutant(name, of, kind, mistakes, _backward(style, of, mistakes), Support(**MODES[mode]))


def _backward(style, of=None, mistakes=()):
    return partial(_gradients, STYLES[style], {name: frozenset(mistakes if name == of else ()) for name in OF})


def _gradients(functions, bugs, delta, a, w, *, stride, padding, dilation, groups):
    options = (stride, padding, dilation, groups)
    return tuple(find(delta, a, w, *options, bugs[of]) for of, find in zip(OF, functions, strict=True))
