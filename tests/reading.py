"""Reads printed formulas back: entries, polynomials and indexed sums, from text and from LaTeX, in both languages.

Nothing here knows how a formula was written; a text that is not understood is a ValueError.
"""

import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from symconv.polynomial import Entry, Partial, Polynomial
from symconv.report.notation import GREEK, Notation

ERROR = Entry("E", ())
LAYER = {"delta": "l", "z": "l", "a": "l-1", "w": None, "b": None}
STEMS = {1: ("i", "k", "x"), 2: ("ij", "km", "xy")}


def split(text, separators, opening="{(", closing="})"):
    """The parts of a text between separators that stand outside of braces and parentheses, and those separators."""
    parts, found, depth, start, at = [], [], 0, 0, 0
    while at < len(text):
        depth += (text[at] in opening) - (text[at] in closing)
        here = next((s for s in separators if depth == 0 and text.startswith(s, at)), None)
        if here is None:
            at += 1
            continue
        parts.append(text[start:at])
        found.append(here)
        at = start = at + len(here)
    return [*parts, text[start:]], found


def in_english(text):
    """A formula of a Chinese text as the English text has it."""
    text = text.replace("  其中 ", "  where ").replace(" | ", " divides ")
    text = re.sub(r"sum_\{([^{}]*)\} ", r"sum over \1 of ", text)
    return re.sub(r"（共 (\d+) 项）", r"(\1 terms)", text)


# --- LaTeX ---


def group_at(text, start):
    """What stands in the braces that open at `start`, and where they end."""
    depth = 0
    for at in range(start, len(text)):
        depth += (text[at] == "{") - (text[at] == "}")
        if depth == 0:
            return text[start + 1 : at], at + 1
    raise ValueError(f"unbalanced: {text}")


def replaced(text, command, write, groups=1):
    """A text with each use of a command written anew from what stands in its braces."""
    while (at := text.find(f"{command}{{")) >= 0:
        end, found = at + len(command), []
        for _ in range(groups):
            body, end = group_at(text, end)
            found.append(body)
        text = text[:at] + write(*found) + text[end:]
    return text


def derivative(top, bottom):
    if not (top.startswith("\\partial ") and bottom.startswith("\\partial ")):
        raise ValueError(f"{top} over {bottom} is no derivative")
    return f"({top}/{bottom})".replace("\\partial ", "d")


def as_text(latex):
    """The text of a formula that is given as LaTeX."""
    text = replaced(latex, "\\substack", lambda body: re.sub(r",? \\\\ ", ",", body))
    text = replaced(text, "\\frac", derivative, groups=2)
    text = re.sub(r" ?\\cdots *\\quad\\text\{\D*(\d+)\D*\}", r" ... (\1 terms)", text)
    text = re.sub(r" ?(?:\\quad )?\\text\{(?:where|其中)\}\\ ", "  where ", text)
    text = re.sub(r"\\sum_\{([^{}]*)\} ", lambda m: f"sum over {', '.join(re.split(', ?', m[1]))} of ", text)
    text = replaced(text, "\\operatorname", str)
    text = replaced(text, "\\mathrm", str)
    for command, sign in {", \\; ": ", ", "\\,": "", "\\le ": "<= ", "\\mid": "divides", "\\circ": "o",
                          "\\varepsilon": "epsilon"}.items():  # fmt: skip
        text = text.replace(command, sign)
    text = re.sub(r"\\text\{(\w+)\}\\ ", r"\1 ", text)
    text = re.sub(r" \\times ", "x", text).replace("{:}", ":")
    return re.sub(r"\\(" + "|".join(GREEK) + r")(?![a-zA-Z])", r"\1", text)


def latex_equations(document):
    """The equations of a document as (left side, right sides): chains of `=`, and the lists of derivatives."""
    found = []
    for body in re.findall(r"\\begin\{align\*\}\n(.*?)\n\\end\{align\*\}", document, re.DOTALL):
        for row in body.split(" \\\\\n"):
            row = replaced(row, " \\tag*", lambda _: "")
            row = replaced(row, "\\scalebox", lambda _, body: body.strip("$").removeprefix("\\displaystyle "), groups=2)
            left, _, right = row.partition("&")
            if right.startswith("\\qquad "):
                found[-1][-1].append(right.removeprefix("\\qquad "))
            elif re.match(r"(\\quad )?= ", right):
                if left.strip():
                    found.append([[left.strip()]])
                found[-1].append([right.partition("= ")[2]])
            else:
                found += [[[part] for part in equation.split(" = ")] for equation in re.split(r", \\quad ", right)]
    return [tuple(as_text(" ".join(rows).strip(" ,")) for rows in equation) for equation in found]


# --- text, or LaTeX as text ---


@dataclass(frozen=True)
class Reader:
    """Reads the formulas about a layer in a notation."""

    layer: object
    notation: Notation = Notation()  # noqa: RUF009  frozen

    @cached_property
    def base(self):
        return self.notation.index_base

    @cached_property
    def written(self):
        """Which tensor a name stands for: the name, and the letter that its indices begin with, if any."""
        return {tuple(name.partition("_")[::2]): symbol for symbol, name in self.notation.names.items()}

    @cached_property
    def atom_pattern(self):
        names = sorted({re.escape(base) for base, _ in self.written}, key=len, reverse=True)
        return re.compile(
            rf"(?P<name>{'|'.join(names)})(?:\^(?:\{{(?P<layer>[^{{}}]*)\}}|(?P<letter>\w)))?"
            r"(?:_(?:\{(?P<indices>[^{}]*)\}|(?P<index>\w)))?"
        )

    def named(self, text):
        """The tensor and its written indices: ``w_{b,1}`` is b at 1; (None, ()) where it is no entry."""
        match = self.atom_pattern.fullmatch(text)
        if match is None:
            return None, ()
        written = match["indices"] if match["indices"] is not None else match["index"]
        indices = split(written, (",",))[0] if written else []
        first = indices[0] if indices else ""
        if first and (match["name"], first) in self.written:
            name, indices = self.written[match["name"], first], indices[1:]
        elif (match["name"], "") in self.written:
            name = self.written[match["name"], ""]
        else:
            return None, ()
        if name in ("E", "eta", "f"):
            return name, ()
        if (match["layer"] or match["letter"]) != LAYER[name]:
            raise ValueError(f"{text!r} is not marked with its layer")
        return name, tuple(indices)

    def by(self, text):
        """What the error is differentiated by, and its written indices; (None, ()) where it is not."""
        name = re.sub("_(.)", r"_\\{?\1\\}?", self.notation.error)
        match = re.fullmatch(rf"\(?d{name}/d(.*?)\)?", text)
        return self.named(match[1]) if match else (None, ())

    def hidden_axes(self, tensor):
        """The axes that are not written: batch and channels of which there is one."""
        layer = self.layer
        shapes = {"a": layer.input_shape, "z": layer.output_shape, "delta": layer.output_shape, "w": layer.weight_shape}
        if tensor == "b":
            return {0} if layer.out_channels == 1 else set()
        return {axis for axis in (0, 1) if shapes[tensor][axis] == 1}

    def full(self, tensor, indices, nothing):
        """The written indices with those of hidden axes put back."""
        rest, hidden = list(indices), self.hidden_axes(tensor)
        rank = 1 if tensor == "b" else 2 + self.layer.ndim
        if len(rest) != rank - len(hidden):
            raise ValueError(f"{tensor} is written with {len(rest)} indices: {indices}")
        return tuple(nothing if axis in hidden else rest.pop(0) for axis in range(rank))

    def entry(self, text):
        tensor, indices = self.named(text)
        if tensor == "E":
            return ERROR
        if tensor in (None, "eta", "f") or not all(i.isdigit() for i in indices):
            raise ValueError(f"{text!r} is no entry")
        return Entry(tensor, self.full(tensor, [int(i) - self.base for i in indices], 0))

    def atom(self, text):
        """``dX/dY``, in parentheses or not, or an entry."""
        text = text[1:-1] if text.startswith("(") and text.endswith(")") else text
        if "/" in text:
            top, bottom = text.split("/")
            if not (top.startswith("d") and bottom.startswith("d")):
                raise ValueError(f"{text!r} is no derivative")
            return Partial(self.entry(top[1:]), self.entry(bottom[1:]))
        return self.entry(text)

    def polynomial(self, text):
        """Its polynomial, and how many products there are where only the first are written."""
        said = re.search(r" \+ \.\.\. \((\d+) terms\)$", text)
        products, signs = split(text[: said.start()] if said else text, (" + ", " - "))
        total = Polynomial()
        for sign, product in zip((" + ", *signs), products, strict=True):
            negative = product.startswith("-")
            factors = split(product.removeprefix("-"), (" ",))[0]
            coefficient = int(factors.pop(0)) if factors[0].isdigit() else 1
            value = Polynomial.product(*(self.atom(f) for f in factors))
            total += (-1 if negative != (sign == " - ") else 1) * coefficient * value
        return total, int(said[1]) if said else len(total)

    def whole_polynomial(self, text):
        return Polynomial() if text == "0" else self.polynomial(text)[0]

    def reads_as(self, text, expected):
        """Whether a text is a polynomial, or its first products and their number."""
        written, count = self.polynomial(text)
        if len(written) == count:
            return written == expected
        return count == len(expected) and written.coefficients.items() <= expected.coefficients.items()

    def left_side(self, text):
        """The entry or derivative that an equation of entries is about; None for any other equation."""
        try:
            return self.polynomial(text)[0]
        except ValueError:
            return None

    # --- general formulas: evaluated at every index ---

    @cached_property
    def ranges(self):
        """How far each index name runs, by its spelling."""
        layer = self.layer
        sizes = (layer.output_size, layer.kernel_size, layer.input_size)
        if layer.ndim > 2:
            spatial = {f"{s}_{axis}": n for s, each in zip("ikx", sizes, strict=True) for axis, n in enumerate(each)}
        else:
            names = STEMS[layer.ndim]
            spatial = {n: size for s, each in zip(names, sizes, strict=True) for n, size in zip(s, each, strict=True)}
        groups = {"g": layer.groups, "o": layer.out_channels_per_group, "c": layer.in_channels_per_group}
        moved = self.notation.letters
        return {moved.get(n[0], n[0]) + n[1:]: size for n, size in {"n": layer.batch, **groups, **spatial}.items()}

    def evaluated(self, left, text):
        """The polynomials that a general formula gives, for each index of its left side: as tests/oracle.py has them.

        A sum is read as it is written: over the named indices, each through its whole range, where all conditions hold.
        """
        match = re.fullmatch(r"(?:sum over (?P<bound>.*?) of )?(?P<body>.*?)(?:  where (?P<conditions>.*))?", text)
        conditions = split(match["conditions"], (", ",))[0] if match["conditions"] else []
        factors = split(match["body"], (" ",))[0]
        tensor, free = self.by(left)
        bound = match["bound"].split(", ") if match["bound"] else []
        used = {n for part in (*conditions, *(i for f in factors for i in self.named(f)[1])) for n in index_names(part)}
        names = sorted({n for part in free for n in index_names(part)} | set(bound))
        if not used <= set(names):
            raise ValueError(f"{text} leaves {used - set(names)} unbound")
        shape = [self.ranges[name.rstrip("'")] for name in names]
        grid = dict(zip(names, np.indices(shape) + self.base, strict=True))
        holds = np.ones(shape, dtype=bool)
        for condition in conditions:
            holds &= condition_holds(condition, grid)
        found = {}
        places = [(tensor, free), *map(self.named, factors)]
        columns = [(name, self.placed(name, indices, grid, holds)) for name, indices in places]
        for row in zip(*(rows for _, rows in columns), strict=True):
            here = found.setdefault(row[0], {})
            monomial = tuple(sorted((name, at) for (name, _), at in zip(columns[1:], row[1:], strict=True)))
            here[monomial] = here.get(monomial, 0) + 1
        return found

    def placed(self, tensor, indices, grid, holds):
        """The index tuples of a factor, one for each point where the conditions hold."""
        values = [np.broadcast_to(index_value(i, grid) - self.base, holds.shape)[holds] for i in indices]
        whole = self.full(tensor, values, np.zeros(int(holds.sum()), dtype=int))
        return list(zip(*(column.tolist() for column in whole), strict=True))


def index_names(text):
    return set(re.findall(r"[a-z](?:_\{?\d\}?)?'*", text.replace("divides", "")))


def index_value(text, grid):
    """An index expression such as ``(2 x + k - 3)/2``, at every point of a grid."""
    source = re.sub(r"(?<=\d) (?=[a-z(])", "*", text).replace("/", "//").replace("'", "_prime")
    return eval(source, {}, {name.replace("'", "_prime"): values for name, values in grid.items()})


def condition_holds(text, grid):
    if match := re.fullmatch(r"(\d+) divides (.*)", text):
        return index_value(match[2], grid) % int(match[1]) == 0
    if match := re.fullmatch(r"(-?\d+) <= (.*) <= (-?\d+)", text):
        return (int(match[1]) <= index_value(match[2], grid)) & (index_value(match[2], grid) <= int(match[3]))
    left, right = text.split(" = ")
    return index_value(left, grid) == index_value(right, grid)


def written_entries(derivation):
    """What each left side may stand for: the lines of its derivation, in order."""
    lines = {}
    for gradient in derivation.gradients:
        for e in gradient.entries:
            lines[Polynomial.of(Partial(ERROR, e.entry))] = [step.after for step in e.steps]
            lines |= {Polynomial.of(z): [value] for z, value in e.weighted_inputs}
            lines |= {Polynomial.of(partial): [value] for partial, value in e.derivatives}
    return lines
