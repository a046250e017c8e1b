"""The site: how Sphinx builds it. Pictures and live pages are made by symconv itself, before anything is read."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from symconv import __version__  # noqa: E402  the site is about the symconv that is installed

project = "symconv"
author = "the symconv developers"
project_copyright = "the symconv developers"
version = release = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "sphinx_click",
    "sphinx_copybutton",
    "making",
]
exclude_patterns = ["_build", "_made"]
nitpicky = False  # types of third parties have no page here; links between our pages are checked by MyST

myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3

napoleon_google_docstring = False
napoleon_use_rtype = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"

html_theme = "furo"
html_title = "symconv"
html_static_path: list[str] = []
html_extra_path = ["_made/pages"]
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
linkcheck_timeout = 20
