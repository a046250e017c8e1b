"""What an audit may call the mistakes of the corpus, and how a sample of it is judged.

In: names of `audit_mutants`.  Out: the names in the catalogue of the product that are right answers.
Never: an answer that another mistake would share, but where `SAME` says that no audit can tell the two apart.
"""

from itertools import product

from tests.audit_mutants import ALSO_OF_KIND, SAME

NAMES = {
    "stride missing": ("delta not dilated by the stride",),
    "delta not dilated": ("delta not dilated by the stride",),
    "delta dilated by s + 1": ("stride one too large",),
    "stride and dilation swapped": ("stride and dilation swapped",),
    "divisibility not checked": ("divisibility not checked",),
    "divisibility not checked, rounded towards zero": ("divisibility not checked",),
    "every stride-th position only": ("every stride-th position only",),
    "output_padding missing": ("output_padding missing",),
    "output_padding s - 1": ("output_padding s - 1 instead of r",),
    "last rows zero": ("last rows left at zero",),
    "output_padding at the low end": ("remainder at the wrong end",),
    "remainder not cut": ("dE/dw not cropped by the remainder",),
    "remainder cut at the low end": ("remainder at the wrong end",),
    "stride axes reversed": ("strides of the axes swapped",),
    "padding axes reversed": ("paddings of the axes swapped",),
    "dilation axes reversed": ("dilations of the axes swapped",),
    "stride of the first axis for all": ("one axis' stride used for all",),
    "padding of the first axis for all": ("one axis' padding used for all",),
    "dilation of the first axis for all": ("one axis' dilation used for all",),
    "kernel transposed": ("kernel transposed",),
    "gradient transposed": ("spatial axes in reverse order",),
    "in and out channels swapped": ("input and output channels swapped",),
    "channels in reverse order": ("channels in reverse order",),
    "filters in reverse order": ("filters in reverse order",),
    "groups ignored": ("groups ignored",),
    "groups in reverse order": ("groups in reverse order",),
    "filters dealt out in turn": ("output channels interleaved",),
    "channels dealt out in turn": ("input channels interleaved",),
    "groups taken for depthwise": ("groups taken for depthwise",),
    "the first group's kernels for all": ("kernel of one group used for all",),
    "every filter meets every channel": ("every filter meets every channel",),
    "groups summed": ("groups summed",),
    "kernel not rotated": ("kernel not rotated",),
    "kernel not rotated when grouped": ("kernel not rotated where there are groups",),
    "kernel rotated along the first axis only": ("kernel rotated along one axis only",),
    "kernel rotated along the last axis only": ("kernel rotated along one axis only",),
    "kernel transposed instead of rotated": ("kernel transposed instead of rotated",),
    "kernel turned by 90 degrees": ("kernel rotated by 90 degrees",),
    "all axes of the kernel reversed": ("kernel reversed along its channel axes too",),
    "gradient reversed": ("result rotated", "dE/dw reversed"),
    "delta rotated": ("delta rotated",),
    "gradient reversed along the first axis": ("dE/dw reversed along one axis only",),
    "gradient reversed along the last axis": ("dE/dw reversed along one axis only",),
    "all axes of the gradient reversed": ("dE/dw reversed along all its axes",),
    "gradient reversed and transposed": ("dE/dw reversed and transposed",),
    "gradient turned by 90 degrees": ("dE/dw rotated by 90 degrees",),
    "low and high padding swapped": ("low and high padding swapped",),
    "low padding one too large": ("padding off by one",),
    "low padding one too small": ("padding off by one",),
    "high padding at both ends": ("padding made symmetric",),
    "low padding at both ends": ("padding made symmetric",),
    "padding halved between the ends": ("padding made symmetric",),
    "result not cropped": ("padding not cropped from the result",),
    "cropped at the high end only": ("padding ignored",),
    "half a kernel of padding": ("padding of half a kernel",),
    "cropped by [low:-high]": ("cropped by [low:-high]",),
    "padded by K - 1": ("padding K - 1 instead of d*(K-1) - p",),
    "padded by the layer's padding": ("delta padded by p",),
    "lower bound not checked": ("negative windows not left out", "negative indices not left out"),
    "padding ignored": ("padding ignored",),
    "border of edge values": ("border of edge values",),
    "border of ones": ("border of ones",),
    "border left out": ("border of delta left out",),
    "dilation ignored": ("dilation ignored",),
    "dilation one too large": ("dilation one too large",),
    "kernel not dilated": ("dilation ignored",),
    "dilation forgotten in the pads": ("dilation forgotten in the padding",),
    "dilation forgotten in the low pad": ("dilation forgotten in the padding",),
    "dilation forgotten in the size of the buffer": ("output_padding missing",),  # all that it does without raising
    "windows not dilated": ("dilation ignored",),
    "mean over the batch": ("divided by the batch size",),
    "mean over positions": ("divided by the number of positions",),
    "mean over batch and positions": ("mean instead of sum",),
    "sign": ("wrong sign",),
    "zero": ("zero",),
    "doubled": ("multiplied by a constant",),
    "halved": ("multiplied by a constant",),
    "divided by the number of taps": ("divided by the number of taps",),
    "multiplied by the number of taps": ("multiplied by the number of taps",),
    "multiplied by the batch": ("multiplied by the batch size",),
    "multiplied by the stride": ("multiplied by the stride",),
    "first sample only": ("only the last sample survives",),
    "first sample for all": ("first sample used for all",),
    "samples mixed": ("batch summed before the product",),
    "batch not summed": ("batch not summed",),
    "positions not summed": ("positions not summed",),
    "last axis not summed": ("one axis not summed",),
    "filters summed too": ("filters summed too",),
    "axes kept": ("summed axes kept",),
    "one number for all filters": ("one number for all filters",),
    "batch and filters mixed up": ("batch and filters mixed up",),
    "last window survives": ("only the last window survives",),
    "last window inside the input survives": ("only the last window survives",),
    "last tap survives": ("only the last tap survives",),
    "last tap for all": ("one tap for all",),
    "last filter survives": ("only the last filter survives",),
    "last sample survives": ("only the last sample survives",),
    "last channel survives": ("only the last input channel survives",),
    "last channel for all": ("one input channel for all",),
    "last filter for all": ("one filter for all",),
    "last group survives": ("only one group computed",),
    "last position survives": ("only the last position survives",),
}

# Two mistakes that are a third: without a stride there is no remainder, and nothing to crop.
ONE = {("weight", "delta not dilated", "remainder not cut"): "stride missing"}


def accepted(of: str, name: str) -> set[str]:
    """The names in the catalogue for one mistake, and for those that no audit can tell from it."""
    alike = {name}
    for gradients, names, _ in SAME:
        if of in gradients.split() and name in names.split("; "):
            alike |= set(names.split("; "))
    return {found for each in alike for found in NAMES.get(each, ())}


def named(mutant, diagnoses) -> bool:
    """Whether the mistake is the first diagnosis; or, of two mistakes, whether the pair is among the first three."""
    sets = [set(diagnosis.mistakes) for diagnosis in diagnoses]
    if len(mutant.mistakes) == 1:
        return bool(sets) and len(sets[0]) == 1 and sets[0] <= accepted(mutant.of, mutant.mistakes[0])
    right = [set(names) for names in product(*(accepted(mutant.of, name) for name in mutant.mistakes))]
    together = ONE.get((mutant.of, *mutant.mistakes))
    right += [{name} for name in accepted(mutant.of, together)] if together else []
    return any(found in right for found in sets[:3])


def of_right_kind(mutant, diagnosis) -> bool:
    """Whether a diagnosis of a mutant that only fails is of its class, or of another that is not wrong."""
    names = mutant.mistakes
    kinds = {*mutant.kind.split(" + "), *(kind for name in names for kind in ALSO_OF_KIND.get(name, ()))}
    alike = {name for _, together, _ in SAME for name in together.split("; ") if set(names) & set(together.split("; "))}
    kinds |= {kind for name in alike for kind in ALSO_OF_KIND.get(name, ())}
    return diagnosis.kind.value in kinds
