"""The default run: the worked example of a 3x3 input under a 2x2 filter, equation by equation, in order."""

import os
import re
from pathlib import Path

import pytest

from symconv import Conv, prove
from symconv.report.document import Document
from symconv.report.notation import WORKED_EXAMPLE

README = Path(__file__).parent.parent / "README.md"

# Each equation as the article states it, with the number of its picture; the list is in the article's order.
EQUATIONS = [
    ("16", "delta^{l-1}_{i,j} = dE_d/dnet^{l-1}_{i,j} = (dE_d/da^{l-1}_{i,j}) * (da^{l-1}_{i,j}/dnet^{l-1}_{i,j})"),
    ("17", "net^l_{1,1} = w_{1,1} a^{l-1}_{1,1} + w_{1,2} a^{l-1}_{1,2} + w_{2,1} a^{l-1}_{2,1} "
           "+ w_{2,2} a^{l-1}_{2,2} + w_b"),
    ("18", "dE_d/da^{l-1}_{1,1} = (dE_d/dnet^l_{1,1}) (dnet^l_{1,1}/da^{l-1}_{1,1}) = delta^l_{1,1} w_{1,1}"),
    ("19", "net^l_{1,1} = w_{1,1} a^{l-1}_{1,1} + w_{1,2} a^{l-1}_{1,2} + w_{2,1} a^{l-1}_{2,1} "
           "+ w_{2,2} a^{l-1}_{2,2} + w_b"),
    ("19", "net^l_{1,2} = w_{1,1} a^{l-1}_{1,2} + w_{1,2} a^{l-1}_{1,3} + w_{2,1} a^{l-1}_{2,2} "
           "+ w_{2,2} a^{l-1}_{2,3} + w_b"),
    ("20", "dE_d/da^{l-1}_{1,2} = (dE_d/dnet^l_{1,1}) (dnet^l_{1,1}/da^{l-1}_{1,2}) "
           "+ (dE_d/dnet^l_{1,2}) (dnet^l_{1,2}/da^{l-1}_{1,2}) = delta^l_{1,1} w_{1,2} + delta^l_{1,2} w_{1,1}"),
    ("21", "net^l_{1,1} = w_{1,1} a^{l-1}_{1,1} + w_{1,2} a^{l-1}_{1,2} + w_{2,1} a^{l-1}_{2,1} "
           "+ w_{2,2} a^{l-1}_{2,2} + w_b"),
    ("21", "net^l_{1,2} = w_{1,1} a^{l-1}_{1,2} + w_{1,2} a^{l-1}_{1,3} + w_{2,1} a^{l-1}_{2,2} "
           "+ w_{2,2} a^{l-1}_{2,3} + w_b"),
    ("21", "net^l_{2,1} = w_{1,1} a^{l-1}_{2,1} + w_{1,2} a^{l-1}_{2,2} + w_{2,1} a^{l-1}_{3,1} "
           "+ w_{2,2} a^{l-1}_{3,2} + w_b"),
    ("21", "net^l_{2,2} = w_{1,1} a^{l-1}_{2,2} + w_{1,2} a^{l-1}_{2,3} + w_{2,1} a^{l-1}_{3,2} "
           "+ w_{2,2} a^{l-1}_{3,3} + w_b"),
    ("22", "dE_d/da^{l-1}_{2,2} = (dE_d/dnet^l_{1,1}) (dnet^l_{1,1}/da^{l-1}_{2,2}) "
           "+ (dE_d/dnet^l_{1,2}) (dnet^l_{1,2}/da^{l-1}_{2,2}) "
           "+ (dE_d/dnet^l_{2,1}) (dnet^l_{2,1}/da^{l-1}_{2,2}) "
           "+ (dE_d/dnet^l_{2,2}) (dnet^l_{2,2}/da^{l-1}_{2,2}) "
           "= delta^l_{1,1} w_{2,2} + delta^l_{1,2} w_{2,1} + delta^l_{2,1} w_{1,2} + delta^l_{2,2} w_{1,1}"),
    ("24", "dE_d/da^{l-1} = delta^l * W^l = corr(pad(delta^l), rot180(W^l))"),
    ("25", "da^{l-1}_{i,j}/dnet^{l-1}_{i,j} = f'(net^{l-1}_{i,j})"),
    ("26", "delta^{l-1} = delta^l * W^l o f'(net^{l-1})"),
    ("30", "dE_d/dw_{1,1} = (dE_d/dnet^l_{1,1}) (dnet^l_{1,1}/dw_{1,1}) + (dE_d/dnet^l_{1,2}) (dnet^l_{1,2}/dw_{1,1}) "
           "+ (dE_d/dnet^l_{2,1}) (dnet^l_{2,1}/dw_{1,1}) + (dE_d/dnet^l_{2,2}) (dnet^l_{2,2}/dw_{1,1}) "
           "= delta^l_{1,1} a^{l-1}_{1,1} + delta^l_{1,2} a^{l-1}_{1,2} + delta^l_{2,1} a^{l-1}_{2,1} "
           "+ delta^l_{2,2} a^{l-1}_{2,2}"),
    ("31", "dE_d/dw_{1,2} = (dE_d/dnet^l_{1,1}) (dnet^l_{1,1}/dw_{1,2}) + (dE_d/dnet^l_{1,2}) (dnet^l_{1,2}/dw_{1,2}) "
           "+ (dE_d/dnet^l_{2,1}) (dnet^l_{2,1}/dw_{1,2}) + (dE_d/dnet^l_{2,2}) (dnet^l_{2,2}/dw_{1,2}) "
           "= delta^l_{1,1} a^{l-1}_{1,2} + delta^l_{1,2} a^{l-1}_{1,3} + delta^l_{2,1} a^{l-1}_{2,2} "
           "+ delta^l_{2,2} a^{l-1}_{2,3}"),
    ("35", "dE_d/dw_b = sum over i, j of delta^l_{i,j}"),
]  # fmt: skip

PICTURES = {
    "14": """
        delta_{1,1}  delta_{1,2}  delta_{1,3}         w_{1,1}  w_{1,2}        delta_{1,1}  delta_{1,2}
        delta_{2,1}  delta_{2,2}  delta_{2,3}   (*)   w_{2,1}  w_{2,2}   ->   delta_{2,1}  delta_{2,2}
        delta_{3,1}  delta_{3,2}  delta_{3,3}         w_b (bias)
    """,
    "23": """
        0            0            0            0                    w_{2,2}  w_{2,1}          delta_{1,1}  delta_{1,2}  delta_{1,3}
        0            delta_{1,1}  delta_{1,2}  0                    w_{1,2}  w_{1,1}          delta_{2,1}  delta_{2,2}  delta_{2,3}
        0            delta_{2,1}  delta_{2,2}  0             corr                        ->   delta_{3,1}  delta_{3,2}  delta_{3,3}
        0            0            0            0
    """,  # noqa: E501
}


@pytest.fixture(scope="module")
def text():
    verdict = prove(Conv((3, 3), (2, 2)), entries=True)
    return Document(verdict.derivation, WORKED_EXAMPLE, verdict=verdict, pictures=True).text()


def squeezed(text):
    """One line, single spaces, without the rules in brackets."""
    return " ".join(re.sub(r"\[[a-z ',:A-Z]+\]", "", text).split())


def test_the_equations_stand_in_the_order_of_the_article(text):
    body, at = squeezed(text), 0
    for picture, equation in EQUATIONS:
        wanted = f"({picture}) {equation}"
        found = body.find(wanted, at)
        assert found >= 0, f"{wanted!r} is missing, or out of order"
        at = found + len(wanted)


@pytest.mark.parametrize("picture", PICTURES)
def test_the_pictures_stand_as_grids(text, picture):
    lines = [line[6:].split() for line in text.splitlines()]
    wanted = [line.split() for line in PICTURES[picture].strip().splitlines()]
    assert any(lines[at : at + len(wanted)] == wanted for at in range(len(lines)))
    assert f"({picture})" in text


def test_the_pictures_come_in_order(text):
    numbers = [int(n) for n in re.findall(r"^\((\d+)\)", text, flags=re.MULTILINE)]
    assert numbers == sorted(numbers)
    assert set(numbers) == {14, *range(16, 27), 30, 31, 32, 34, 35}


def test_update_and_verdicts_close_the_run(text):
    body = squeezed(text)
    update = body.index("w <- w - eta dE_d/dw w_b <- w_b - eta dE_d/dw_b")
    verdicts = [body.index(f"{g}: PROVED") for g in ("dE_d/da", "dE_d/dw", "dE_d/dw_b")]
    assert update < verdicts[0] < verdicts[1] < verdicts[2]
    assert body.endswith("PROVED (scope: shape, Conv((3, 3), (2, 2)))")


def test_the_readme_shows_the_default_run_as_it_prints(text):
    readme = README.read_text(encoding="utf-8")
    start, end = "<!-- the default run -->\n\n```text\n", "```\n\n<!-- end of the default run -->"
    before, _, rest = readme.partition(start)
    shown, found, after = rest.partition(end)
    assert found, "the README has no block for the default run"
    if os.environ.get("SYMCONV_UPDATE_GOLDEN") == "1":
        README.write_text(before + start + text + end + after, encoding="utf-8")
        return
    assert shown == text
