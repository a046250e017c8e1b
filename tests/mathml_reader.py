"""Reads MathML back: entries, derivatives and polynomials as the page shows them.

In: a page.  Out: the sides of its equations, as elements, and their polynomials.
Never: anything of symconv's report; only its polynomials, to compare with.
"""

import re
from xml.etree import ElementTree

from symconv.polynomial import Entry, Partial, Polynomial

EQUATION = re.compile(r'<div class="equation[^"]*">.*?<math.*?</math></div></div>', re.DOTALL)
MATH = re.compile(r"<math.*?</math>", re.DOTALL)
TIMES, MINUS, DOTS, D = (
    "\N{INVISIBLE TIMES}",
    "\N{MINUS SIGN}",
    "\N{MIDLINE HORIZONTAL ELLIPSIS}",
    "\N{PARTIAL DIFFERENTIAL}",
)
LAYER = {"δ": "l", "z": "l", "net": "l", "a": "l−1", "w": "", "b": "", "E": ""}


def equations(page):
    """Each displayed equation: its rows, each a list of cells."""
    return [_rows(ElementTree.fromstring(MATH.search(text)[0])) for text in EQUATION.findall(page)]


def _rows(math):
    return [list(row) for row in math.find("semantics/mtable")]


def sides(rows):
    """The sides of an equation: the left one, then what stands after each sign, over as many rows as it takes."""
    left, first = list(rows[0][0]), rows[0]
    found = [left] if left else []
    for row in rows:
        sign = "".join(row[1].itertext())
        body = list(row[2])
        if sign == "=" or row is first:
            found.append(body)
        else:
            assert not sign
            assert not list(row[0])
            found[-1] = found[-1] + body
    return found


def _row(element):
    """The elements of a row; one alone needs no row around it."""
    return list(element) if element.tag == "mrow" else [element]


class Reader:
    """Reads for one layer, in one notation."""

    def __init__(self, layer, notation):
        self.layer, self.notation, self.base = layer, notation, notation.index_base
        shapes = {"a": layer.input_shape, "z": layer.output_shape, "delta": layer.output_shape, "w": layer.weight_shape}
        self.hidden = {name: {axis for axis in (0, 1) if shape[axis] == 1} for name, shape in shapes.items()}
        self.hidden["b"] = {0} if layer.out_channels == 1 else set()

    def polynomial(self, elements):
        """The polynomial, and how many products it says that there are."""
        total, count, factors, sign = Polynomial(), None, [], 1
        shown = 0
        for element in [*elements, None]:
            text = "" if element is None else "".join(element.itertext())
            if element is not None and element.tag == "mo" and text == TIMES:
                continue
            if element is None or (element.tag == "mo" and text in ("+", MINUS)):
                if factors:
                    total += sign * self._product(factors)
                    shown += 1
                factors, sign = [], -1 if text == MINUS else 1
            elif element.tag == "mo" and text == DOTS:
                count = int(
                    re.search(r"\d+", "".join(e.itertext().__next__() for e in elements if e.tag == "mtext"))[0]
                )
            elif element.tag not in ("mspace", "mtext"):
                factors.append(element)
        return total, shown if count is None else count

    def _product(self, factors):
        coefficient, atoms = 1, []
        for element in factors:
            if element.tag == "mn":
                coefficient *= int(element.text)
            else:
                atoms.append(self.atom(element))
        return coefficient * (Polynomial.product(*atoms) if atoms else Polynomial.of(1))

    def atom(self, element):
        """An entry, or a derivative of one entry by another."""
        if element.tag != "mfrac":
            return self.entry(element)
        top, bottom = (list(part) for part in element)
        assert [e.text for e in (top[0], bottom[0])] == [D, D]
        assert len(top) == len(bottom) == 2
        return Partial(self.entry(top[1]), self.entry(bottom[1]))

    def entry(self, element):
        """An entry: its letter, its indices below, its layer above."""
        tags = {"mi": 1, "msub": 2, "msup": 2, "msubsup": 3}
        assert element.tag in tags, element.tag
        parts = [element] if element.tag == "mi" else list(element)
        letter = parts[0].text
        below = _row(parts[1]) if element.tag in ("msub", "msubsup") else []
        above = "".join(parts[-1].itertext()) if element.tag in ("msup", "msubsup") else ""
        letters = [e.text for e in below if e.tag == "mi"]
        indices = [int(e.text) - self.base for e in below if e.tag == "mn"]
        assert all(e.text == "," for e in below if e.tag == "mo")
        return self._named(letter, letters, indices, above)

    def _named(self, letter, letters, indices, above):
        written = "_".join([{"δ": "delta"}.get(letter, letter), *letters])
        names = {self.notation.weighted_input: "z", self.notation.error: "E", self.notation.bias: "b"}
        tensor = names.get(written, written)
        assert above == LAYER[letter], f"{written} of layer {above!r}"
        if tensor == "E":
            return Entry("E", ())
        rank = 1 if tensor == "b" else 2 + self.layer.ndim
        rest = list(indices)
        full = tuple(0 if axis in self.hidden[tensor] else rest.pop(0) for axis in range(rank))
        assert not rest
        return Entry(tensor, full)
