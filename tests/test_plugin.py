"""The pytest plugin: it is light, runs a test for each layer, refuses wrong markers, and shows the diagnosis."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

WRONG = """
from symconv.numpy import conv_backward

def unrotated(delta, a, w, **options):
    da, dw, db = conv_backward(delta, a, w[:, :, ::-1], **options)
    return da, dw, db
"""


@pytest.fixture
def run(pytester):
    """Runs pytest, strictly, on a test file."""

    def made(text, *options):
        pytester.makepyfile(text)
        return pytester.runpytest_subprocess("--strict-markers", "-W", "error", "-p", "no:cacheprovider", *options)

    return made


def test_the_plugin_is_light():
    code = """
import sys
from importlib.metadata import entry_points
(point,) = [point for point in entry_points(group="pytest11") if point.name == "symconv"]
assert point.value == "symconv.testing.plugin"
point.load()
heavy = {"numpy", "sympy", "hypothesis", "symconv.audits", "symconv.layer", "symconv.testing.selection"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_run_without_layers_imports_nothing_heavy(run):
    found = run("""
        import sys
        def test_modules():
            assert not {"numpy", "sympy", "hypothesis"} & set(sys.modules)
    """, "-p", "no:hypothesispytest")  # fmt: skip
    found.assert_outcomes(passed=1)


def test_a_test_runs_for_each_layer(run):
    found = run("""
        import pytest, symconv
        seen = []

        @pytest.mark.conv_layer(ndim=2, groups=1, count=5)
        def test_layer(conv_layer):
            assert isinstance(conv_layer, symconv.Conv) and conv_layer.ndim == 2 and conv_layer.groups == 1
            seen.append(conv_layer)

        def test_number():
            assert len(set(seen)) == 5

        def test_default(conv_layer):
            assert conv_layer.ndim in (1, 2, 3)
    """, "-v")  # fmt: skip
    found.assert_outcomes(passed=5 + 1 + 72)
    found.stdout.fnmatch_lines(
        ["*::test_layer?7x8-2x3-stride2x1-padding1:0x2:1-dilation1x2-channels2:3-batch2? PASSED*"]
    )


def test_markers_of_modules_and_classes_are_joined(run):
    found = run("""
        import pytest
        pytestmark = pytest.mark.conv_layer(ndim=1, count=4)

        @pytest.mark.conv_layer(stride=1)
        class TestLayers:
            @pytest.mark.conv_layer(count=3)
            def test_layer(self, conv_layer):
                assert conv_layer.ndim == 1 and conv_layer.stride == (1,)

        def test_another(conv_layer):
            assert conv_layer.ndim == 1

        def test_without_layers():
            pass
    """)  # fmt: skip
    found.assert_outcomes(passed=3 + 4 + 1)


def test_a_fixture_of_the_user_wins(run):
    found = run("""
        import pytest

        @pytest.fixture
        def conv_layer():
            return "mine"

        def test_mine(conv_layer):
            assert conv_layer == "mine"

        @pytest.mark.parametrize("conv_layer, other", [(1, 2)])
        def test_given(conv_layer, other):
            assert conv_layer == 1
    """)  # fmt: skip
    found.assert_outcomes(passed=2)


def test_a_fixture_of_the_users_conftest_wins(run, pytester):
    pytester.makeconftest("""
        import pytest

        @pytest.fixture
        def conv_layer():
            return "mine"
    """)
    found = run("""
        def test_mine(conv_layer):
            assert conv_layer == "mine"
    """)
    found.assert_outcomes(passed=1)


def test_another_fixture_may_take_the_layer(run):
    found = run("""
        import pytest

        @pytest.fixture
        def size(conv_layer):
            return conv_layer.output_size

        @pytest.mark.conv_layer(ndim=3, count=2)
        def test_size(size):
            assert len(size) == 3
    """)  # fmt: skip
    found.assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("marker", "text"),
    [
        ("ndim=2, group=1", "unknown option 'group': did you mean groups?"),
        ("2", "the marker takes options by name, as in ndim=2, but got 2"),
        ("ndim=7", "ndim=7 is not audited: give 1, 2 or 3"),
        ("stride='two'", "expected an int but got stride='two'"),
        ("count=0", "expected count >= 1 but got count=0"),
        ("count=True", "expected count >= 1 but got count=True"),
    ],
)
def test_wrong_markers_are_usage_errors(run, marker, text):
    found = run(f"""
        import pytest

        @pytest.mark.conv_layer({marker})
        def test_layer(conv_layer):
            pass
    """)  # fmt: skip
    assert found.ret == pytest.ExitCode.INTERRUPTED
    found.assert_outcomes(errors=1)
    output = found.stdout.str()
    assert "UsageError: @pytest.mark.conv_layer of test_wrong_markers" in output
    assert text in output
    assert "plugin.py" not in output, "the traceback is the user's, not ours"


def test_a_marker_without_the_argument_is_a_usage_error(run):
    found = run("""
        import pytest

        @pytest.mark.conv_layer(ndim=2)
        def test_layer():
            pass
    """)  # fmt: skip
    found.assert_outcomes(errors=1)
    found.stdout.fnmatch_lines(["*UsageError*the test has no argument conv_layer: the marker does nothing*"])


def test_the_marker_is_listed(run):
    run("", "--markers").stdout.fnmatch_lines(["@pytest.mark.conv_layer(ndim, stride, *"])


@pytest.mark.parametrize("style", ["auto", "long", "short", "native"])
def test_a_failure_shows_the_headline_and_the_diagnosis(run, style):
    found = run(WRONG + """
from symconv.testing import assert_backward

def test_backward():
    assert_backward(unrotated, ndim=1, layers=20)
""", f"--tb={style}", "--show-capture=no")  # fmt: skip
    found.assert_outcomes(failed=1)
    output = found.stdout.str()
    head, _, rest = output.partition("- symconv diagnosis -")
    assert "dE/da is wrong: kernel not rotated" in head
    assert "Smallest layer that shows it" not in head
    assert "Smallest layer that shows it: Conv((2,), (2,))" in rest
    if style != "native":
        assert "assertions.py" not in output
        assert len(head.splitlines()) < 30


def test_a_failure_in_a_property_shows_the_diagnosis(run):
    found = run(WRONG + """
from hypothesis import given, settings
from symconv.testing import assert_backward, layers

@settings(database=None, deadline=None)
@given(layer=layers(ndim=1))
def test_backward(layer):
    assert_backward(unrotated, layer)
""")  # fmt: skip
    found.assert_outcomes(failed=1)
    found.stdout.fnmatch_lines(
        ["*dE/da is wrong: kernel not rotated", "*layer=Conv((2,), (2,)),", "*symconv diagnosis*", "REFUTED*unrotated"]
    )


def test_several_failures_at_once_show_each_diagnosis(run):
    found = run(WRONG + """
from symconv.testing import assert_backward

def test_backward():
    errors = []
    for ndim in (1, 2):
        try:
            assert_backward(unrotated, ndim=ndim, layers=5)
        except AssertionError as error:
            errors.append(error)
    raise ExceptionGroup("both", errors)
""")  # fmt: skip
    found.assert_outcomes(failed=1)
    assert found.stdout.str().count("- symconv diagnosis -") == 2


def test_the_tests_of_the_how_to_page_pass(run):
    page = Path(__file__).parents[1] / "docs" / "how-to" / "test-your-own-convolution.md"
    blocks = re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    found = run("\n".join(block for block in blocks if not block.startswith(">>>")))
    found.assert_outcomes(passed=10 + 2)


def test_other_failures_have_no_diagnosis(run):
    found = run("def test_sum():\n    assert 1 + 1 == 3")
    found.assert_outcomes(failed=1)
    assert "symconv diagnosis" not in found.stdout.str()


def test_the_diagnosis_reaches_the_report_for_machines(run, pytester):
    run(WRONG + """
from symconv.testing import assert_backward

def test_backward():
    assert_backward(unrotated, ndim=1, layers=5)
""", "--junitxml=report.xml")  # fmt: skip
    assert "Smallest layer that shows it" in (pytester.path / "report.xml").read_text(encoding="utf-8")
