"""Pictures: what is marked in them, how they are written, and what is refused.

That the boards are right is shown in `test_geometry.py`; here, that the picture shows the boards.
"""

import os
import re
import subprocess
import sys
from hashlib import sha256
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

import symconv as sc
from symconv import Conv, figure_command
from symconv.cli import main
from symconv.errors import InvalidLayer, InvalidOption, MissingLibrary
from symconv.figures.boards import boards
from symconv.figures.figure import KINDS, SAME
from symconv.figures.labels import entry
from symconv.figures.layout import TEXT, plain
from symconv.figures.palette import INK, PAINTS, PAPER, QUIET, contrast
from symconv.figures.scene import Group, Label, Rect
from symconv.geometry import sliding
from symconv.polynomial import Entry
from symconv.report.notation import STANDARD, Names
from tests import oracle

GOLDEN = Path(__file__).parent / "golden"
DRAWN = Path(__file__).parent.parent / "docs" / "pictures"
UPDATE = os.environ.get("SYMCONV_UPDATE_GOLDEN") == "1"
SVG = "{http://www.w3.org/2000/svg}"
WORKED = Conv((3, 3), (2, 2))
MOVING = ("forward", "input", "weight")
LAYERS = [
    WORKED,
    Conv((6, 6), (3, 3), stride=2, padding=1),
    Conv.transposed((3, 3), (3, 3), stride=2, padding=1, output_padding=1),
    Conv((7, 5), (3, 2), dilation=(2, 1), padding=((1, 0), (0, 2))),
    Conv((5, 5), (3, 3), padding=((-1, 2), (1, 0)), flip=True),
    Conv((4, 4), (3, 3), in_channels=3, out_channels=2),
    Conv(7, 3, stride=2, padding=1),
    Conv((3, 4, 4), (3, 3, 3), padding=1),
    Conv((224, 224), (7, 7), stride=2, padding=3, in_channels=3, out_channels=64, bias=False),
]


def parsed(text):
    return ElementTree.fromstring(text)


def labels(shapes):
    """All labels of a scene, groups opened."""
    for shape in shapes:
        if isinstance(shape, Group):
            yield from labels(shape.shapes)
        elif isinstance(shape, Label):
            yield shape


def groups(shapes, name):
    for shape in shapes:
        if isinstance(shape, Group):
            if shape.name == name:
                yield shape
            yield from groups(shape.shapes, name)


# --- what a picture shows ---


@pytest.mark.parametrize("kind", MOVING)
@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_the_marked_cells_of_every_frame_are_its_window_its_taps_and_its_result(layer, kind):
    picture = sc.figure(layer, kind)
    drawn = boards(sliding(layer, kind))
    names = Names(STANDARD, layer)
    assert picture.frames == len(drawn.frames)
    for shapes, frame in zip(picture.scene.frames, drawn.frames, strict=True):
        window = [drawn.operand.at(there).place for there, _ in frame.window]
        taps = [drawn.kernel.at(tap).place for there, tap in frame.window
                if isinstance(drawn.operand.at(there).place, Entry)]  # fmt: skip
        wanted = [*window, *taps, drawn.result.at(frame.result).place]
        marked = [plain(next(labels([group])).runs) for group in groups(shapes, "window")]
        assert marked == [plain(entry(names, one)) if isinstance(one, Entry) else "0" for one in wanted]


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_marked_cells_stand_over_the_same_cells_of_the_board(layer):
    """A frame draws a cell again where the board has it: the same letter in the same place."""
    picture = sc.figure(layer, "input")
    there = {(round(label.x, 6), round(label.y, 6)): plain(label.runs) for label in labels(picture.scene.base)}
    drawn = boards(sliding(layer, "input"))
    for shapes, frame in zip(picture.scene.frames, drawn.frames, strict=True):
        for group in list(groups(shapes, "window"))[: len(frame.window)]:
            label = next(labels([group]))
            assert there[round(label.x, 6), round(label.y, 6)] == plain(label.runs)


def test_the_equation_below_the_picture_is_what_the_chain_rule_gives():
    picture = sc.figure(WORKED, "input", notation=sc.notation("net"))
    said = [plain(label.runs) for label in labels(picture.scene.frames[4])]
    equation = "∂E_{d}/∂a_{2,2} = δ_{1,1} w_{2,2} + δ_{1,2} w_{2,1} + δ_{2,1} w_{1,2} + δ_{2,2} w_{1,1}"
    assert equation in said
    assert picture.frame == 4


@pytest.mark.parametrize(
    ("options", "label"), [(("z", None), "z_{0,1}"), (("z", 1), "z_{1,2}"), (("net", None), "net_{1,2}")]
)
def test_entries_are_named_by_the_notation(options, label):
    picture = sc.figure(WORKED, notation=sc.notation(*options))
    assert label in {plain(one.runs) for one in labels(picture.scene.still(0))}


def test_places_that_no_window_reads_are_crossed_out():
    unread = list(groups(sc.figure(Conv((6, 6), (3, 3), stride=2, padding=1)).scene.base, "unread"))
    assert len(unread) == 15
    assert not list(groups(sc.figure(Conv((7, 7), (3, 3), stride=2, padding=1)).scene.base, "unread"))


def test_the_two_kinds_of_zeros_are_painted_apart():
    def paints(shapes):
        for shape in shapes:
            if isinstance(shape, Group):
                yield from paints(shape.shapes)
            elif isinstance(shape, Rect):
                yield shape.paint

    found = list(paints(sc.figure(Conv((4, 4), (2, 2), stride=2), "input").scene.base))
    assert found.count("between") == 5 + 1  # around the middle of 3x3, and in the key
    assert found.count("around") == 16 + 1  # 5x5 without those 3x3, and in the key


def test_the_stride_picture_marks_what_the_stride_keeps():
    scene = sc.figure(Conv((5, 5), (1, 1), stride=2), "stride").scene
    kept = [plain(next(labels([group])).runs) for group in groups(scene.base, "window")]
    assert kept == [f"z_{{{i},{j}}}" for i in (0, 2, 4) for j in (0, 2, 4)]


MANY = Conv((3, 4), (2, 3), batch=3, groups=2, in_channels=6, out_channels=4, padding=1)
EQUATIONS = [
    *LAYERS[:-1], MANY, Conv((5, 5), (4, 4), padding=2), Conv((4, 4), (2, 2), in_channels=2, out_channels=5),
    Conv.transposed((3, 3), (3, 3), stride=2, padding=1, in_channels=3, out_channels=2),
    Conv((20, 18), (3, 3), padding=1, stride=2, in_channels=2),
    Conv((2, 3, 2), (2, 2, 2), stride=2, padding=(1, 1, 0), out_channels=2),
]  # fmt: skip


def written(lines):
    """What an equation is about, the products that it writes out or sums over by a letter, and how many it counts."""
    left, _, right = " ".join(lines).partition(" = ")
    summed = re.match(r"Σ_\{(\w) = ([\d, …]+)\} (.*)", right)
    letter, values, inside = summed.groups() if summed else ("?", "0", right)
    low, high = int(values.split(", ")[0]), int(values.split(", ")[-1])
    parts = [part.strip("() ") for part in inside.split(" + ")]
    counted = sum(int(part.split()[0]) for part in parts if "more product" in part)
    products = [part for part in parts if " w_" in part or " a_" in part or " δ_" in part]
    spelled = [
        p.replace(f"{{{letter}", f"{{{n}").replace(f",{letter}", f",{n}")
        for n in range(low, high + 1)
        for p in products
    ]
    return left, spelled, counted * (high + 1 - low)


def everything(layer, kind):
    """The products of every entry, by brute force; those of z are read off dE/dw: delta_i meets w_k and a_x."""
    gradients = oracle.polynomial_gradients(layer)
    if kind != "forward":
        return gradients[kind]
    found = {}
    for k, products in gradients["weight"].items():
        for product in products:
            (_, i), (_, x) = sorted(product, reverse=True)
            found.setdefault(i, set()).add((("w", k), ("a", x)))
    return found


@pytest.mark.parametrize("kind", MOVING)
@pytest.mark.parametrize("layer", EQUATIONS, ids=repr)
def test_an_equation_is_all_of_the_entry_or_counts_what_is_left_out(layer, kind):
    """Against brute force: what is written is among the entry's products, and with what is counted that is all."""
    names = Names(STANDARD, layer)
    picture = sc.figure(layer, kind)
    drawn = boards(sliding(layer, kind))
    wanted = everything(layer, kind)
    for shapes, frame in zip(picture.scene.frames, drawn.frames, strict=True):
        lines = [plain(one.runs) for one in labels(shapes) if one.size == TEXT + 2 and not one.centred]
        left, shown, counted = written(lines)
        result = drawn.result.at(frame.result).place
        assert left.endswith(plain(entry(names, result)).removeprefix("d"))
        every = {
            frozenset(plain(entry(names, Entry(*one))) for one in product) for product in wanted.get(result.indices, ())
        }
        assert len(shown) == len(set(shown))
        assert {frozenset(product.split()) for product in shown} <= every
        assert len(shown) + counted == len(every)
        assert "⋯" not in "".join(lines)


def test_one_product_that_is_left_out_is_one_product():
    scene = sc.figure(Conv(13, 13)).scene
    assert plain(list(labels(scene.frames[0]))[-1].runs).endswith(" + 1 more product + b")


def test_the_channels_picture_names_the_channel_of_every_entry_and_sums_over_all_of_them():
    layer = Conv((4, 4), (3, 3), in_channels=4, out_channels=4, groups=2, padding=1)
    scene = sc.figure(layer, "channels").scene
    (line, *more) = [plain(label.runs) for label in labels(scene.frames[0])]
    assert line.startswith("∂E/∂a_{0,1,1} = Σ_{o = 0, 1} (δ_{o,0,0} w_{o,0,2,2} + ")
    assert more[-1].endswith(")")
    there = {plain(label.runs) for label in labels(scene.base)}
    assert {"δ_{0,1,1}", "δ_{1,1,1}", "w_{0,0,1,1}", "w_{1,1,1,1}", "da_{0,1,1}", "da_{1,1,1}"} <= there


@pytest.mark.parametrize("kind", KINDS)
def test_a_layer_that_is_too_large_says_that_it_is_cropped(kind):
    layer = LAYERS[-1]
    picture = sc.figure(layer, kind)
    assert picture.cropped
    assert any("cropped to what 16×16 cells can show" in plain(one.runs) for one in labels(picture.scene.base))
    assert not sc.figure(WORKED, kind).cropped


def test_more_than_two_axes_say_which_plane_is_drawn():
    notes = [plain(one.runs) for one in labels(sc.figure(Conv((3, 4, 4), (3, 3, 3), padding=1)).scene.base)]
    assert "Shown: the planes a at 1, w at 1, z at 1 along the first axis." in notes


# --- languages ---


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_in_chinese_holds_no_english_and_an_english_one_no_chinese(kind):
    for layer in (LAYERS[1], LAYERS[4], LAYERS[7], MANY, Conv(18, 3)):
        for lang, foreign in (("en", "[\u2e80-\uffef]"), ("zh", "[A-Za-z]{3,}")):
            scene = sc.figure(layer, kind, lang=lang).scene
            said = [plain(one.runs) for one in labels((*scene.base, *scene.frames[0]))] + [
                scene.title,
                scene.description,
            ]
            said = [re.sub(r"\w+_\{[^}]*\}|\bdelta\b|dE/d\w", "", text.replace(repr(layer), "")) for text in said]
            assert [text for text in said if re.search(foreign, text)] == []


def test_the_two_languages_draw_the_same_picture():
    def cells(scene):
        return [plain(next(labels([group])).runs) for group in groups(scene.still(0), "window")]

    for kind in KINDS:
        english, chinese = (sc.figure(LAYERS[1], kind, lang=lang).scene for lang in ("en", "zh"))
        assert cells(english) == cells(chinese)
        assert len(english.base) == len(chinese.base)


def test_svg_says_its_language():
    name = "{http://www.w3.org/XML/1998/namespace}lang"
    assert parsed(sc.figure(WORKED, lang="zh").svg()).get(name) == "zh"
    assert parsed(sc.figure(WORKED).svg()).get(name) is None


@pytest.fixture
def fonts():
    """The module that chooses fonts, which forgets what it has found before and after."""
    pytest.importorskip("matplotlib")
    from symconv.figures import fonts as module

    for forgetting in ("before", "after"):
        for cached in (module.font_of, module._chinese):
            cached.cache_clear()
        if forgetting == "before":
            yield module


def test_chinese_in_a_png_is_drawn_with_a_font_that_has_it(fonts):
    try:
        fonts.font_of("卷", False)
    except MissingLibrary:
        pytest.skip("no font with Chinese characters is installed")
    picture = sc.figure(Conv(3, 2), lang="zh")
    assert picture.bytes(".png") != sc.figure(Conv(3, 2)).bytes(
        ".png"
    )  # a missing glyph would be a warning, an error here
    assert fonts.font_of("卷", False) != fonts.font_of("a", False)
    assert [piece for piece, _ in fonts.pieces("卷积核 2×2", False)] == ["卷积核", " 2×2"]


@pytest.mark.parametrize("suffix", [".png", ".pdf", ".gif"])
def test_without_a_chinese_font_one_line_says_what_to_install(fonts, monkeypatch, tmp_path, suffix):
    monkeypatch.setattr(fonts, "CHINESE", ("No Such Font",))
    picture = sc.figure(WORKED, lang="zh")
    with pytest.raises(
        MissingLibrary, match=r"^no font .* the character .: .* apt-get install fonts-noto-cjk, or .*\.svg"
    ):
        picture.save(tmp_path / f"f{suffix}")
    assert not list(tmp_path.iterdir())
    picture.save(tmp_path / "f.svg")
    sc.figure(WORKED).save(tmp_path / f"english{suffix}")


# --- colours ---


def test_text_has_enough_contrast_with_every_fill():
    for name, paint in PAINTS.items():
        assert contrast(paint.fill, paint.text) >= 4.5, name
        assert contrast(paint.fill, INK) >= 4.5, name  # small letters of taps
    assert contrast(QUIET, PAPER) >= 4.5


def test_contrast_is_that_of_wcag():
    assert contrast("#777777", "#ffffff") == 4.48
    assert contrast("#767676", "#ffffff") == 4.54


# --- SVG ---


@pytest.mark.parametrize("inline", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layer", LAYERS[:3], ids=repr)
def test_svg_is_well_formed_and_says_what_it_shows(layer, kind, inline):
    root = parsed(sc.figure(layer, kind).svg(prefix="here", inline=inline))
    assert root.get("role") == "img"
    title, described = (root.find(f"{SVG}{name}") for name in ("title", "desc"))
    assert root.get("aria-labelledby") == f"{title.get('id')} {described.get('id')}"
    assert repr(layer) in title.text
    assert len(described.text) > 20
    assert {node.tag for node in root.iter()} <= {
        SVG + tag for tag in ("svg", "title", "desc", "style", "rect", "text", "tspan", "path", "g")
    }
    assert ("background" in root.get("style", "")) != inline


def test_every_class_and_id_of_an_svg_carries_its_prefix():
    root = parsed(sc.figure(LAYERS[1], "input").svg(prefix="one"))
    found = [node.get(name) for node in root.iter() for name in ("id", "class") if node.get(name)]
    assert all(value.startswith("one-") for value in found)
    styled = set(re.findall(r"\.([\w-]+)\{", root.find(f"{SVG}style").text))
    assert {value for value in found if "title" not in value and "desc" not in value} - styled == {
        "one-window", "one-unread"} & set(found)  # fmt: skip


def test_the_marked_cells_of_an_svg_are_those_of_its_frame():
    layer = Conv((6, 6), (3, 3), stride=2, padding=1)
    picture = sc.figure(layer, "input").at(7)
    marked = [g for g in parsed(picture.svg()).iter(f"{SVG}g") if g.get("class") == "symconv-window"]
    written = ["".join(g.find(f"{SVG}text").itertext()) for g in marked]
    assert written == ["δ0,0", "0", "δ0,1", "0", "0", "0", "δ1,0", "0", "δ1,1", "w2,2", "w2,0", "w0,2", "w0,0", "da1,1"]


def test_svg_is_as_it_was():
    text = sc.figure(LAYERS[1], "stride", notation=sc.notation("net")).svg()
    path = GOLDEN / "figure_stride.svg"
    if UPDATE:
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), "changed; SYMCONV_UPDATE_GOLDEN=1 accepts it"


# --- PNG, PDF, GIF ---

SUFFIXES = (".svg", ".png", ".pdf", ".gif")
DIGESTS = f"""
import hashlib, symconv as sc
picture = sc.figure(sc.Conv(3, 2, stride=2, padding=1), "backward")
print(*(hashlib.sha256(picture.bytes(suffix)).hexdigest() for suffix in {SUFFIXES}))
"""


def test_pictures_are_the_same_bytes_whenever_and_wherever_they_are_drawn():
    pytest.importorskip("matplotlib")
    environment = {**os.environ, "PYTHONHASHSEED": "2", "TZ": "Asia/Tokyo"}
    run = subprocess.run([sys.executable, "-c", DIGESTS], capture_output=True, check=True, env=environment, text=True)
    picture = sc.figure(Conv(3, 2, stride=2, padding=1), "backward")
    assert run.stdout.split() == [sha256(picture.bytes(suffix)).hexdigest() for suffix in SUFFIXES]


@pytest.mark.parametrize("kind", MOVING)
def test_an_animation_has_a_frame_for_every_entry_of_the_result(kind):
    image = pytest.importorskip("PIL.Image")
    layer = Conv(4, 2, stride=2, padding=1)
    shown = image.open(BytesIO(sc.figure(layer, kind).bytes(".gif")))
    assert shown.n_frames == sc.figure(layer, kind).frames
    assert shown.info["loop"] == 0
    pixels = []
    for at in range(shown.n_frames):
        shown.seek(at)
        pixels.append(shown.convert("RGB").tobytes())
    assert all(before != after for before, after in pairwise(pixels))


def test_raster_pictures_are_what_their_suffix_says(tmp_path):
    image = pytest.importorskip("PIL.Image")
    picture = sc.figure(WORKED, "channels")
    picture.save(tmp_path / "f.PNG")
    picture.save(tmp_path / "f.pdf")
    with image.open(tmp_path / "f.PNG") as opened:
        assert opened.format == "PNG"
        assert opened.size == (2 * round(picture.scene.width), 2 * round(picture.scene.height))
    assert (tmp_path / "f.pdf").read_bytes().startswith(b"%PDF-")
    assert sorted(os.listdir(tmp_path)) == ["f.PNG", "f.pdf"]


@pytest.mark.parametrize("missing", ["matplotlib", "PIL"])
def test_without_matplotlib_or_pillow_one_line_says_what_to_install(monkeypatch, tmp_path, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(MissingLibrary, match=re.escape("pip install 'symconv[figures]'; SVG needs neither")):
        sc.figure(WORKED).save(tmp_path / "f.png")
    assert not list(tmp_path.iterdir())
    sc.figure(WORKED).save(tmp_path / "f.svg")


# --- what is refused ---


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: sc.figure(WORKED, "sideways"), "unknown kind 'sideways': choose of forward, input, weight, stride, "
         "channels, backward"),
        (lambda: sc.figure((3, 3)), "expected a symconv.Conv but got (3, 3) (type tuple)"),
        (lambda: sc.figure(WORKED, notation="net"), "notation='net' is no Notation: make one with symconv.notation"),
        (lambda: sc.figure(WORKED).at(4), "there is no frame 4: give one from 0 to 3"),
        (lambda: sc.figure(WORKED).at(True), "there is no frame True: give one from 0 to 3"),
        (lambda: sc.figure(WORKED, "stride").at(1), "there is no frame 1: give one from 0 to 0"),
        (lambda: sc.figure(WORKED, "stride").bytes(".gif"), "a picture of kind stride does not move: save it as .svg, "
         ".png or .pdf"),
        (lambda: sc.figure(WORKED).bytes(".jpg"), "no picture is written as .jpg: choose of .svg, .png, .pdf, .gif"),
        (lambda: sc.figure(WORKED).save("picture"), "no picture is written as a file without suffix: choose of .svg, "
         ".png, .pdf, .gif"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused(wrong, message):
    with pytest.raises((InvalidOption, InvalidLayer), match=f"^{re.escape(message)}$"):
        wrong()


@pytest.fixture
def command(monkeypatch, capsys, tmp_path):
    """Run ``symconv figure`` in this process, in an empty folder: exit code, output, errors, files."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["symconv", "figure", *arguments])
        with pytest.raises(SystemExit) as stopped:
            main()
        captured = capsys.readouterr()
        return stopped.value.code, captured.out, captured.err, sorted(os.listdir(tmp_path))

    return run


def test_figure_without_a_file_prints_the_svg_of_the_worked_example(command):
    code, out, err, files = command("--kind", "input")
    assert (code, err, files) == (0, "", [])
    assert out == (DRAWN / "worked-input.svg").read_text(encoding="utf-8")


def test_the_command_offers_every_kind():
    assert set(figure_command.KINDS) == {*KINDS, *SAME}


def test_figure_reads_the_options_of_a_layer_and_of_names(command):
    code, out, err, files = command("4x4", "2x2", "--stride", "2", "--kind", "backward", "--frame", "3", "--notation",
                                    "net", "--index-base", "0", "--lang", "zh", "-o", "f.svg")  # fmt: skip
    assert (code, out, err, files) == (0, "", "", ["f.svg"])
    layer = Conv((4, 4), (2, 2), stride=2)
    wanted = sc.figure(layer, "input", notation=sc.notation("net", 0), lang="zh").at(3).svg()
    assert Path("f.svg").read_text(encoding="utf-8") == wanted


def test_a_cropped_figure_says_so_on_stderr(command):
    code, out, err, _ = command("--preset", "resnet50.conv1", "-o", "f.svg")
    assert (code, out) == (0, "")
    assert re.fullmatch(r"symconv: Conv\(.*\) is cropped to what 16x16 cells can show\n", err)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "missing/f.svg"], "cannot write 'missing/f.svg': No such file or directory"),
        (["-o", "f.jpg"], "no picture is written as .jpg"),
        (["-o", "f"], "no picture is written as a file without suffix"),
        (["-o", "."], "no picture is written as a file without suffix"),
        (["--kind", "stride", "-o", "f.gif"], "a picture of kind stride does not move"),
        (["--kind", "all", "-o", "f.svg"], "Invalid value for '--kind'"),
        (["--frame", "9", "-o", "f.svg"], "there is no frame 9: give one from 0 to 3"),
        (["--frame", "-1", "-o", "f.svg"], "there is no frame -1"),
        (["--frame", "x", "-o", "f.svg"], "--frame 'x' is no number"),
        (["2x2", "3x3", "-o", "f.svg"], "kernel 3 does not fit input 2"),
        (["--notation", "y"], "Invalid value for '--notation'"),
        (["--lang", "fr"], "unknown language 'fr': choose of en, zh"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(command, arguments, message):
    code, out, err, files = command(*arguments)
    assert (code, out, files) == (2, "", [])
    assert err.startswith("symconv: ")
    assert err.count("\n") == 1
    assert message in err
