"""The page in a browser: what lights up, the player, the sliders, the lens, the keyboard, and who can use it.

One headless Chromium for the module, and one page for each layer; nothing may reach the network, and nothing may be
said on the console.
"""

import json
import re
import shutil

import pytest

from symconv import Conv, InvalidLayer, prove
from symconv.api import page as page_of
from symconv.report.general import GeneralDocument
from tests import oracle

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
WORKED_EXAMPLE = Conv((3, 3), (2, 2))
GROUPED = Conv((6, 5), (3, 2), stride=(2, 1), padding=((1, 0), (0, 1)), dilation=(1, 2), groups=2, in_channels=4,
               out_channels=4, batch=2)  # fmt: skip
LAYERS = {
    "worked example": WORKED_EXAMPLE,
    "grouped": GROUPED,
    "small": Conv(3, 2),
    "one axis": Conv(7, 3, stride=2, padding=1),
    "transposed": Conv.transposed((3, 3), (3, 3), stride=2, padding=1, output_padding=1),
}


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as running:
        started = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The file of each layer's page, written once."""
    folder = tmp_path_factory.mktemp("pages")
    found = {}

    def file(name):
        if name not in found:
            found[name] = folder / f"{name.replace(' ', '-')}.html"
            text = page_of(LAYERS[name], worked_example=name == "worked example")
            found[name].write_text(text, encoding="utf-8")
        return found[name].as_uri()

    return file


@pytest.fixture
def opened(browser, files):
    """Open the page of a layer; at the end nothing was said on the console, and nothing asked for."""
    contexts, complaints = [], []

    def opening(name="worked example", **options):
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)  # a busy machine is no failure
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        address = files(name)

        def only_the_page(route):
            if route.request.url == address:
                route.continue_()
            else:
                complaints.append(route.request.url)
                route.abort()

        page.route("**/*", only_the_page)
        page.goto(address)
        return page

    yield opening
    for context in contexts:
        context.close()
    assert complaints == []


def lit(page, grid):
    """The entries that are lit in a grid, as indices."""
    cells = page.eval_on_selector_all(f"#grid-{grid} td.lit", "cells => cells.map(cell => cell.dataset.index)")
    return {tuple(map(int, cell.split(","))) for cell in cells}


def cell(page, grid, index):
    return page.locator(f'#grid-{grid} [data-index="{",".join(map(str, index))}"]')


def monomials(layer, name, index):
    """The factors of an entry's products, by brute force."""
    products = oracle.polynomial_gradients(layer)[name][index]
    found = {"delta": set(), "w": set(), "a": set()}
    for monomial in products:
        for tensor, at in monomial:
            found[tensor].add(at)
    return found


# --- what is lit ---


@pytest.mark.parametrize(("grid", "name"), [("a", "input"), ("w", "weight")])
def test_pointing_at_an_entry_lights_those_that_contribute(opened, grid, name):
    page = opened()
    for index in ((0, 0, 0, 0), (0, 0, 0, 1), (0, 0, 1, 1)):
        cell(page, grid, index).hover()
        expected = monomials(WORKED_EXAMPLE, name, index)
        assert all(lit(page, tensor) == expected[tensor] for tensor in ("delta", "w", "a"))
        count = len(oracle.polynomial_gradients(WORKED_EXAMPLE)[name][index])
        assert f": {count}. " in page.inner_text("#sentence")


def test_pointing_at_z_lights_what_feeds_it_and_the_bias_lights_all_of_delta(opened):
    page = opened()
    cell(page, "delta", (0, 0, 1, 0)).hover()
    assert lit(page, "a") == {(0, 0, x, y) for x in (1, 2) for y in (0, 1)}
    assert len(lit(page, "w")) == 4
    page.hover("#bias")
    assert len(lit(page, "delta")) == 4
    assert lit(page, "a") == lit(page, "w") == set()


def test_in_a_grouped_layer_what_is_lit_lies_in_the_planes_that_are_drawn(opened):
    page = opened("grouped")
    page.select_option('[data-plane="y"]', "3")
    page.select_option('[data-plane="n"]', "1")
    cell(page, "a", (1, 3, 2, 2)).hover()
    expected = monomials(GROUPED, "input", (1, 3, 2, 2))
    assert page.input_value('[data-plane="o"]') == "2"
    assert lit(page, "delta") == {at for at in expected["delta"] if at[1] == 2}
    assert lit(page, "w") == {at for at in expected["w"] if at[:2] == (2, 1)}
    assert f": {len(oracle.polynomial_gradients(GROUPED)['input'][1, 3, 2, 2])}. " in page.inner_text("#sentence")


def test_the_kernel_lies_over_the_padded_delta_where_it_computes_the_entry(opened):
    page = opened()
    cell(page, "a", (0, 0, 0, 1)).hover()
    under = page.eval_on_selector_all("#operand .under", "cells => cells.map(c => [c.dataset.place, c.innerText])")
    written = [(place, re.sub(r"\s", "", text)) for place, text in under]
    assert written == [("0,1", "0w2,2"), ("0,2", "0w2,1"), ("1,1", "δ1,1w1,2"), ("1,2", "δ1,2w1,1")]
    assert page.eval_on_selector_all("#laid td", "cells => cells.map(c => c.innerText)") == [
        "w2,2", "w2,1", "w1,2", "w1,1"]  # fmt: skip


def test_the_formula_of_an_entry_can_be_copied_as_latex(opened):
    page = opened(permissions=["clipboard-read", "clipboard-write"])
    cell(page, "a", (0, 0, 0, 1)).hover()
    page.click("#terms .copy")
    assert page.evaluate("navigator.clipboard.readText()") == (
        "\\frac{\\partial E_{d}}{\\partial a^{l-1}_{1,2}} = \\delta^{l}_{1,1} w_{1,2} + \\delta^{l}_{1,2} w_{1,1}"
    )
    assert page.locator("article .copy").count() == page.locator("article .equation").count()


# --- pinning, keyboard ---


def test_a_click_pins_and_escape_lets_go(opened):
    page = opened()
    cell(page, "a", (0, 0, 0, 0)).click()
    cell(page, "a", (0, 0, 2, 2)).hover()
    assert page.locator("#grid-a .pinned").get_attribute("data-index") == "0,0,0,0"
    page.keyboard.press("Escape")
    assert page.locator(".pinned").count() == 0
    cell(page, "a", (0, 0, 0, 1)).hover()
    assert page.locator("#grid-a .chosen").get_attribute("data-index") == "0,0,0,1"


def test_arrow_keys_move_within_a_grid_and_tab_leaves_it(opened):
    page = opened()
    cell(page, "a", (0, 0, 0, 0)).focus()
    for key, index in (("ArrowRight", "0,0,0,1"), ("ArrowDown", "0,0,1,1"), ("End", "0,0,1,2"), ("ArrowUp", "0,0,0,2"),
                       ("ArrowUp", "0,0,0,2"), ("Home", "0,0,0,0"), ("ArrowLeft", "0,0,0,0")):  # fmt: skip
        page.keyboard.press(key)
        assert page.evaluate("document.activeElement.dataset.index") == index
        assert page.locator("#grid-a .chosen").get_attribute("data-index") == index
    page.keyboard.press("Enter")
    assert page.locator("#grid-a .pinned").count() == 1
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('figure').id") == "grid-w"
    assert page.locator('#grid-a td[tabindex="0"]').count() == 1


def test_focus_is_visible(opened):
    page = opened()
    cell(page, "a", (0, 0, 0, 0)).focus()
    page.keyboard.press("ArrowRight")
    style = "getComputedStyle(document.activeElement)"
    assert page.evaluate(f"{style}.outlineStyle + {style}.outlineWidth") == "solid3px"


# --- player, sliders ---


def test_the_player_goes_through_every_entry_forward_and_back(opened):
    page = opened()
    page.check('input[name="map"][value="forward"]', force=True)
    page.fill("#position", "0")
    seen = []
    for _ in range(4):
        seen.append(page.locator("#grid-delta .chosen").get_attribute("data-index"))
        page.click("#ahead")
    assert seen == ["0,0,0,0", "0,0,0,1", "0,0,1,0", "0,0,1,1"]
    assert page.locator("#grid-delta .chosen").get_attribute("data-index") == seen[0]
    page.click("#back")
    assert page.locator("#grid-delta .chosen").get_attribute("data-index") == seen[-1]
    page.click("#play")
    page.wait_for_selector('#grid-delta .chosen[data-index="0,0,0,1"]')
    page.click("#play")
    assert page.get_attribute("#play", "aria-pressed") == "false"


def slide(page, field, value, axis=0):
    page.eval_on_selector(
        f'[data-field="{field}"][data-axis="{axis}"]',
        f"input => {{ input.value = {value}; input.dispatchEvent(new Event('input', {{ bubbles: true }})); }}",
    )


def test_sliders_recompute_everything(opened):
    page = opened()
    for field, value in (("input_size", 7), ("kernel_size", 3), ("stride", 2), ("dilation", 2), ("low", 1), ("high", 2),
                         ("in_channels", 4), ("out_channels", 2), ("groups", 2)):  # fmt: skip
        slide(page, field, value)
    layer = Conv(
        (7, 7), (3, 3), stride=2, dilation=2, padding=((1, 2), (1, 2)), groups=2, in_channels=4, out_channels=2
    )
    assert page.inner_text("#spelled") == repr(layer)
    assert page.locator("#grid-delta td").count() == 9
    cell(page, "a", (0, 0, 3, 3)).hover()
    expected = monomials(layer, "input", (0, 0, 3, 3))
    assert lit(page, "delta") == expected["delta"]
    page.click("#reset")
    assert page.inner_text("#spelled") == repr(WORKED_EXAMPLE)


def test_axes_can_differ(opened):
    page = opened()
    page.uncheck("#alike")
    slide(page, "input_size", 5, axis=1)
    slide(page, "high", 2, axis=0)
    assert page.inner_text("#spelled") == repr(Conv((3, 5), (2, 2), padding=((0, 2), (0, 0))))
    page.check("#alike")
    assert page.inner_text("#spelled") == repr(Conv((3, 3), (2, 2), padding=((0, 2), (0, 2))))


def test_a_kernel_that_does_not_fit_is_told_as_symconv_tells_it(opened):
    page = opened()
    slide(page, "kernel_size", 5)
    with pytest.raises(InvalidLayer) as refused:
        Conv((3, 3), (5, 5))
    assert page.inner_text("#problem") == str(refused.value)
    slide(page, "kernel_size", 2)
    assert page.is_hidden("#problem")
    cell(page, "a", (0, 0, 1, 1)).hover()
    assert len(lit(page, "delta")) == 4


# --- the lens ---


def choose(page, title):
    page.select_option("#mistake", label=title)


def test_the_lens_marks_the_wrong_entries_and_shows_their_terms(opened):
    page = opened()
    choose(page, "kernel not rotated")
    assert page.locator("#grid-a .wrong").count() == 9
    assert "9 of 9 entries" in page.inner_text("#lens")
    cell(page, "a", (0, 0, 0, 0)).hover()
    assert page.locator("#lens annotation").first.text_content() == (
        "\\text{wrong} - \\text{right} = - \\delta^{l}_{1,1} w_{1,1} + \\delta^{l}_{1,1} w_{2,2}"
    )
    assert "Use w[:, :, ::-1, ::-1]." in page.inner_text("#lens")
    page.select_option("#mistake", "")
    assert page.locator(".wrong").count() == 0
    assert page.inner_text("#lens") == ""


def test_a_mistake_that_does_not_show_offers_a_layer_where_it_does(opened):
    page = opened()
    choose(page, "output_padding missing")
    assert page.locator(".wrong").count() == 0
    page.click("#example")
    assert page.locator("#grid-a .wrong").count() > 0
    assert page.locator("#lens table.differences tbody tr").count() > 0


def test_the_lens_is_silent_where_the_catalogue_is(opened):
    page = opened("transposed")
    choose(page, "kernel not rotated")
    assert "The catalogue is about" in page.inner_text("#lens")


# --- reading: languages, themes, small screens, paper, nobody left out ---


def lay_out(page):
    """The browser leaves out what is far from what is seen; this is as if the reader had been everywhere."""
    page.eval_on_selector_all("article > section", "all => all.forEach(one => one.style.contentVisibility = 'visible')")


def all_text(page):
    """What is read in the derivation."""
    lay_out(page)
    return page.inner_text("article")


def test_the_page_switches_its_language(opened):
    page = opened()
    assert page.inner_text("h1") == "The backward pass of a convolution layer"
    page.click("#language")
    assert page.inner_text("h1") == "卷积层的反向传播"
    assert "权重的梯度" in all_text(page)
    assert "Weight gradient" not in all_text(page)
    choose(page, "卷积核未旋转")
    assert "9 个元素中有 9 个是错的" in page.inner_text("#lens")
    page.click("#language")
    assert page.get_attribute("html", "lang") == "en"


def test_the_theme_follows_the_system_and_the_button(opened):
    page = opened(color_scheme="dark")
    paper = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(paper)
    page.click("#theme")
    light = page.evaluate(paper)
    assert dark == "rgb(22, 24, 28)"
    assert light == "rgb(255, 254, 251)"


# What a reader in Chinese is shown: every text that is rendered, and every name for whoever hears the page.
SHOWN = """() => {
  const texts = [document.title.replace(" - symconv", "")];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const skipped = "script, style, annotation, code";
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const box = node.parentElement;
    if (!box.closest(skipped) && box.checkVisibility()) texts.push(node.textContent);
  }
  for (const name of ["aria-label", "aria-valuetext", "title", "alt", "placeholder"]) {
    for (const box of document.body.querySelectorAll(`[${name}]`)) texts.push(box.getAttribute(name));
  }
  return texts;
}"""
# No English: what formulas and code hold, names, and the button that leads back.
KEPT = (
    r"Conv(?:\.\w+)?\(.*?\)(?=\W*$)|\w+\[[^\]]*\]|\w+\.sum|\b(?:corr|pad|dilate|rot180|swap|mod|div|low|high|sum|net|delta|eta|axis|stride|"
    r"padding|groups|SAME_UPPER|SAME_LOWER|output_padding|in_channels|symconv|SymPy|Python|PyTorch|LaTeX|English|Esc)\b"
)


def english(texts):
    """The English words among texts in Chinese."""
    return {word for text in texts for word in re.findall(r"[A-Za-z]{3,}", re.sub(KEPT, "", text, flags=re.ASCII))}


def test_english_among_chinese_is_noticed():
    assert english(["卷积核 with", "the kernel 旋转", "w[:, :, ::-1] 与 rot180(w)"]) == {"with", "the", "kernel"}


def test_in_chinese_no_english_is_left(opened):
    page = opened("small")
    assert len(english(page.evaluate(SHOWN))) > 50
    page.click("#language")
    page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true")
    texts = page.evaluate(SHOWN)
    texts += page.evaluate("""() => {
      const change = (box) => box.dispatchEvent(new Event("change", { bubbles: true }));
      const said = () => ["lens", "sentence", "machine", "terms"].map((id) => document.getElementById(id).innerText);
      const found = [], select = document.getElementById("mistake");
      for (const map of document.querySelectorAll('input[name="map"]')) {
        map.checked = true; change(map); found.push(...said());
      }
      for (const option of select.options) {
        select.value = option.value; change(select); found.push(option.text, ...said());
      }
      select.value = "0"; change(select);
      return found;
    }""")
    for field, value in (("in_channels", 3), ("kernel_size", 3), ("stride", 2), ("input_dilation", 2), ("groups", 4)):
        slide(page, field, value)
        texts += page.evaluate(SHOWN)
    assert "不能分成" in page.inner_text("#problem")
    slide(page, "groups", 1)
    slide(page, "kernel_size", 7)
    assert "放不进" in page.inner_text("#problem")
    texts.append(page.inner_text("#problem"))
    assert english(texts) == set()
    assert len(texts) > 200


def violations(page, **options):
    """What axe-core objects to, and how many of its rules hold."""
    lay_out(page)
    page.evaluate("for (const moving of document.getAnimations()) moving.finish()")
    results = axe.Axe().run(page, options={"resultTypes": ["violations"], **options}).response
    return [(v["id"], [n["html"][:120] for n in v["nodes"][:3]]) for v in results["violations"]], len(results["passes"])


def test_axe_finds_no_violation_in_the_whole_page(opened):
    page = opened("small")
    page.evaluate("for (const details of document.querySelectorAll('article details')) details.open = true")
    found, passed = violations(page, rules={"color-contrast": {"enabled": False}})
    assert found == []
    assert passed > 30


def test_axe_finds_no_violation_in_either_theme_and_either_language(opened):
    """Of the article's sections and equations, which are many and alike, a few: contrast is slow to measure."""
    page = opened("small")
    slide(page, "in_channels", 2)
    page.select_option("#mistake", "0")
    page.evaluate("""() => {
      for (const details of document.querySelectorAll("article details")) details.open = true;
      for (const section of [...document.querySelectorAll("article section")].slice(3, -1)) section.remove();
      for (const kind of ["equation", "rule", "listed", "finding", "pictures", "scroller", "conditions"]) {
        for (const box of [...document.querySelectorAll(`article .${kind}`)].slice(1)) box.remove();
      }
    }""")
    for lang in ("en", "zh"):
        if lang == "zh":
            page.click("#language")
        assert page.get_attribute("html", "lang") == lang
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            found, passed = violations(page)
            assert (lang, scheme, found) == (lang, scheme, [])
            assert passed > 30


@pytest.mark.parametrize("name", LAYERS)
def test_nothing_is_wider_than_a_phone(opened, name):
    page = opened(name, viewport={"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for field, value in (("input_size", 12), ("kernel_size", 5)):  # the cells are as small as can be read
        slide(page, field, value)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_on_paper_steps_are_open_and_controls_are_gone(opened):
    page = opened()
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("article details:not([open])").count() == 0
    for part in (".desk", ".switches", "nav"):
        assert not page.is_visible(part)
    assert page.is_visible("article")


def test_what_is_far_from_what_is_seen_is_there_for_screen_readers_and_for_the_clipboard(opened):
    page = opened(permissions=["clipboard-read", "clipboard-write"])
    assert "Weight gradient" not in page.inner_text("article")  # it is not laid out yet
    assert "Weight gradient" in page.locator("article").aria_snapshot()
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+c")
    assert "Weight gradient" in page.evaluate("navigator.clipboard.readText()")


def test_what_scrolls_sideways_can_be_reached_by_the_keyboard_wherever_the_reader_goes(opened):
    page = opened("grouped", viewport={"width": 390, "height": 844})
    for section in page.locator("article > section").all():
        section.scroll_into_view_if_needed()
        page.wait_for_function(
            """section => [...section.querySelectorAll('.scroller')].every(
            (part) => (part.tabIndex === 0) === part.scrollWidth > part.clientWidth)""",
            arg=section.element_handle(),
        )
    assert page.locator('article .scroller[tabindex="0"]').count() > 3


def test_a_slider_writes_no_grid_that_stays_as_it_is(opened):
    page = opened()
    page.evaluate("document.querySelector('#grid-w td').kept = true")
    slide(page, "low", 1)
    assert page.evaluate("document.querySelector('#grid-w td').kept") is True
    assert page.locator("#grid-delta td").count() == 9
    slide(page, "kernel_size", 3)
    assert page.evaluate("document.querySelector('#grid-w td').kept") is None


def test_without_javascript_the_derivation_is_complete(opened):
    page = opened(java_script_enabled=False)
    assert not page.is_visible("#lab")
    text = page.inner_text("article")
    for word in ("Forward", "Weight gradient", "PROVED"):
        assert word in text
    assert page.is_visible("noscript") or "JavaScript" in page.inner_text("main")
    assert page.locator("article math").count() > 30


def test_a_page_with_one_axis_is_drawn_as_rows(opened):
    page = opened("one axis")
    assert page.locator("#grid-a tr").count() == 1
    cell(page, "a", (0, 0, 3)).hover()
    assert lit(page, "delta") == monomials(LAYERS["one axis"], "input", (0, 0, 3))["delta"]


def test_a_transposed_layer_lights_what_brute_force_says(opened):
    page = opened("transposed")
    layer = LAYERS["transposed"]
    for grid, name, index in (("a", "input", (0, 0, 1, 1)), ("w", "weight", (0, 0, 0, 2))):
        cell(page, grid, index).hover()
        expected = monomials(layer, name, index)
        assert all(lit(page, tensor) == expected[tensor] for tensor in ("delta", "w", "a"))


def test_the_theorem_for_every_shape_needs_no_grids(browser, tmp_path):
    file = tmp_path / "theorem.html"
    file.write_text(GeneralDocument(prove(Conv.general(1), every_shape=True)).html(), encoding="utf-8")
    page, complaints = browser.new_page(), []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(file.as_uri())
    page.click("#language")
    assert page.inner_text("h1") == "卷积层的反向传播"
    assert page.locator("article .copy").count() == page.locator("article .equation").count() > 10
    page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true")
    assert english(page.evaluate(SHOWN)) == set()
    page.close()
    assert complaints == []


def test_the_data_of_the_page_is_its_layer(opened):
    page = opened("grouped")
    data = json.loads(page.text_content("#data"))
    assert Conv.from_json(data["layer"]) == GROUPED
