"""The catalogue of messages: every message in every language, and documents that hold nothing else."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

import symconv
from symconv import Conv, derive, notation, prove
from symconv.arrays import Correlate, Input, Pad
from symconv.errors import InvalidOption
from symconv.figures.moving import MOVING
from symconv.report.document import Document
from symconv.report.general import GeneralDocument
from symconv.report.inline import formula
from symconv.report.markup_latex import Latex
from symconv.report.markup_text import Text
from symconv.report.messages import CATALOGUE, fields_of, say, translated
from symconv.report.notation import SYMBOLS, Names
from symconv.report.sentences.message import LANGUAGES
from symconv.report.writer import Writer
from symconv.steps import Rule

LAYERS = {
    "worked example": Conv((3, 3), (2, 2)),
    "stride and groups": Conv((7, 8), (3, 2), stride=(2, 3), padding=((1, 0), (2, 1)), dilation=(2, 1), groups=2,
                              in_channels=4, out_channels=6),
    "flip": Conv((5, 4), (3, 2), flip=True, dilation=(1, 2), padding=1, bias=False),
    "transposed": Conv.transposed((4, 4), (3, 3), stride=2, padding=1, output_padding=1),
    "crop": Conv((6, 6), (1, 1), padding=-2, in_channels=3, out_channels=2),
    "three axes": Conv((4, 4, 4), (2, 2, 2), stride=2, padding=1, in_channels=2, out_channels=2),
    "large": Conv((224, 224), (7, 7), stride=2, padding=3, in_channels=3, out_channels=64),
    "one axis": Conv(40, 9, input_dilation=3, padding=((-2, 16),)),
}  # fmt: skip
ACTIVATIONS = ("relu", "gelu", "sigmoid", "leaky_relu", "tanh", "softplus", "identity", "f")


def documents(lang):
    """Documents of many kinds in a language, by name."""
    for (name, layer), activation in zip(LAYERS.items(), ACTIVATIONS, strict=True):
        verdict = prove(layer, entries=True, activation=activation)
        yield name, Document(verdict.derivation, verdict=verdict, lang=lang)
    padded = Pad(Input("delta", (1, 1, 2, 2)), ((1, 1), (1, 1)))
    for name, wrong in {
        "refuted": Correlate(padded, Input("w", (1, 1, 2, 2)), (1, 1), (1, 1)),
        "shape": padded,
    }.items():
        verdict = prove(LAYERS["worked example"], closed=wrong, entries=True)
        yield name, Document(verdict.derivation, verdict=verdict, lang=lang)
    for ndim, flip in ((1, True), (2, False)):
        yield f"rank {ndim}", GeneralDocument(prove(Conv.general(ndim, flip=flip), every_shape=True), lang=lang)
    yield "instance", GeneralDocument(prove(LAYERS["stride and groups"], every_shape=True), lang=lang)


# --- the catalogue ---


@pytest.mark.parametrize("key", CATALOGUE)
def test_a_message_has_every_language_and_the_same_fields_in_all_of_them(key):
    message = CATALOGUE[key]
    assert message._fields == LANGUAGES
    assert len({fields_of(text) for text in message}) == 1
    assert not re.search("[\u4e00-\u9fff，。；：]", message.en)
    for text in message:
        assert text.count("$") % 2 == 0
    if re.search(r"[a-z]{3}", re.sub(r"\$[^$]*\$|\{\w+\}", "", message.en)):
        assert re.search("[\u4e00-\u9fff]", message.zh) or key in SAME or message.zh == "", message.zh


SAME = {"sum", "divides"}  # signs in Chinese


def test_a_field_that_is_missing_or_unknown_is_refused():
    for fields in ({}, {"size": 1, "more": 2}, {"sizes": 1}):
        with pytest.raises(KeyError, match=r"grid\.filter has the fields \['size'\]"):
            say("grid.filter", "zh", **fields)


@pytest.mark.parametrize("lang", ["fr", "EN", "", None, ["zh"]])
def test_an_unknown_language_is_refused_with_those_that_exist(lang):
    with pytest.raises(InvalidOption, match="choose of en, zh"):
        derive(Conv(3, 2), lang=lang)


def test_every_message_is_said_somewhere():
    root = Path(symconv.__file__).parent / "report"
    code = "".join(p.read_text(encoding="utf-8") for p in (*root.glob("*.py"), *root.parent.glob("figures/*.py")))
    families = {
        "rule.", "says.", "condition.", "claim.", "name.", "tensor.", "column.", "status.", "entry.", "gradient.",
        "evidence.", "found.", "made.", "option.", "word.", "around.", "picture.", "separator",
        "figure.key.", "figure.shown.", "figure.remainder.", "figure.made.",
    }  # fmt: skip
    for key in CATALOGUE:
        title = key.removeprefix("figure.").removesuffix(".flip") in (*MOVING, "stride", "channels")
        assert (
            title or f'"{key}"' in code or f"'{key}'" in code or any(key.startswith(family) for family in families)
        ), key


def test_the_english_names_of_rules_are_those_of_the_rules():
    for rule in Rule:
        assert say(f"rule.{rule.name}").replace("$", "") == rule.title


def test_a_sentence_of_a_proof_is_translated_with_what_stands_in_it():
    english = "not done: z has up to 5 products, and 6 entries are involved: written out up to 2000 and 20000"
    assert translated(english, "zh").startswith("未做：$z$ 至多有 5 个乘积")
    assert translated(english, "en").replace("$", "") == english
    assert translated("nobody says this", "zh") == "nobody says this"


# --- documents ---

# What is no sentence: names of operations and libraries, the layer as Python writes it, formulas.
CODE = r"Conv(?:\.\w+)?\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)"
OPERATIONS = (
    r"corr|pad|dilate|rot180|swap|reverse|transpose|split|merge|sum|SymPy|low|high|mod|div|tanh|exp|log|sqrt|erf"
)
WORDS = rf"\b(?:{OPERATIONS}|delta|eta|net|dE|Q\.E\.D|[a-zA-Z]{{1,2}})\b"


def english_words(text):
    """The English words that are left of a text without its formulas."""
    text = re.sub(CODE, "", text)
    text = re.sub(r"d?[A-Za-z]+(?:\^(?:\{[^}]*\}|\w))?_(?:\{[^}]*\}|\w)|\w+\^(?:\{[^}]*\}|\w)", "", text)
    return re.findall(r"[A-Za-z]{3,}", re.sub(WORDS, "", text))


def test_a_chinese_document_holds_no_english_and_an_english_one_no_chinese():
    for name, document in documents("zh"):
        text = document.text()
        assert english_words(text) == [], name
        assert len(re.findall("[\u4e00-\u9fff]", text)) > 300
        in_english = replace(document, lang="en").text()
        assert not re.search("[\u3000-\u9fff\uff00-\uffef]", in_english), name
        assert len(english_words(in_english)) > 100
        latex = re.sub(r"^%.*$", "", document.latex(fragment=True), flags=re.MULTILINE)
        prose = re.sub(r"\\begin\{(align\*|center)\}.*?\\end\{\1\}|\$[^$]*\$", "", latex, flags=re.DOTALL)
        prose = re.sub(r"\\texttt\{[^{}]*(?:\{\}[^{}]*)*\}|\\[a-zA-Z]+\*?(?:\{(?:itemize)\})?", "", prose)
        assert english_words(prose) == [], name


def test_english_is_noticed():
    assert english_words("归纳：这些和 with the kernel") == ["with", "the", "kernel"]


def test_a_document_in_chinese_has_the_blocks_of_the_english_one():
    english, chinese = derive(LAYERS["flip"]), derive(LAYERS["flip"], lang="zh")
    assert [type(block) for block in english.blocks] == [type(block) for block in chinese.blocks]


# --- mathematics inside of sentences ---


@pytest.mark.parametrize(
    ("source", "text", "latex"),
    [
        ("dE/da", "dJ/dx", "\\partial J/\\partial x"),
        ("u*x = s*i + d*k - p", "u*h = s*i + d*k - p", "u\\,h = s\\,i + d\\,k - p"),
        ("3x3", "3x3", "3\\times 3"),
        ("w[j]*a[i]", "w_j*x_i", "w_{j}\\,x_{i}"),
        ("t div s >= 0", "t div s >= 0", "t \\mathbin{\\mathrm{div}} s \\ge  0"),
        ("<v, dE/dw>", "<v, dJ/dw>", "\\langle v, \\partial J/\\partial w\\rangle "),
        ("l-1", "l-1", "l-1"),
    ],
)
def test_mathematics_of_a_sentence_carries_the_names_of_the_notation(source, text, latex):
    names = Names(notation("z", 0, {"a": "x", "E": "J"}), Conv(3, 2))
    assert formula(Writer(names, Text()), source) == text
    assert formula(Writer(names, Latex()), source) == latex


# --- names ---


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_a_renamed_symbol_is_renamed_everywhere(symbol):
    new = "Omega"
    document = derive(Conv((4, 3), (2, 2), stride=2, padding=1), notation=notation("z", None, {symbol: new}))
    text, latex = document.text(), document.latex()
    assert new in text
    assert f"\\{new}" in latex
    whole = {"delta": r"\bdelta\b", "eta": r"\beta\b", "f": r"\bf'?\(", "E": r"\bd?E\b(?!\.D)", "b": r"\bb \(bias\)"}
    old = whole.get(symbol, rf"\bd?{symbol}[\^_]")
    assert not re.search(old, re.sub(CODE, "", text))
    assert re.search(old, derive(Conv((4, 3), (2, 2), stride=2, padding=1)).text())


@pytest.mark.parametrize(
    ("symbols", "said"),
    [
        ({"a": "\\input{x}"}, "a letter, a Greek letter"), ({"a": "x y"}, "a letter"), ({"a": ""}, "a letter"),
        ({"a": "a$"}, "a letter"), ({"a": "x1"}, "a letter"), ({"a": "x^2"}, "a letter"), ({"a": "é"}, "a letter"),
        ({"a": "x" * 30}, "a letter"), ({"a": 3}, "a letter"), ({"a": "b"}, "a and b would both"),
        ({"a": "x", "w": "x"}, "would both be called 'x'"), ({"a": "d"}, "derivatives"), ({"w": "corr"}, "array op"),
        ({"a": "l"}, "layer"), ({"q": "x"}, "choose of a, w, b, z, delta, E, eta, f"),
        ({"delta_below": "x"}, "choose of"),
    ],
)  # fmt: skip
def test_names_that_formulas_cannot_carry_are_refused(symbols, said):
    with pytest.raises(InvalidOption, match=re.escape(said)):
        notation("z", None, symbols)


def test_no_index_has_the_letter_of_a_tensor():
    for symbols in (
        {"a": "x"},
        {"a": "i", "w": "k", "z": "x", "b": "y"},
        {"delta": "e", "a": "h"},
        {"E": "L", "z": "s"},
    ):
        written = notation("z", None, symbols)
        used = set(written.letters.values()) | set("ijkmxyngcsuLKpPOrNGCMtqQRDv") - set(written.letters)
        assert not used & set(written.names.values())
        assert len(set(written.letters.values())) == len(written.letters)
