"""The documentation as a site: `make docs` writes it into build/site.

The pages are the Markdown files of the repository at their places, so every link between them works on the site as it
does in the repository. The README is the first page.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from sphinx.application import Sphinx

project = "Tertulia"
root_doc = "README"
include_patterns = ["*.md", "docs/**.md", "examples/*.md", "voices/*.md", "services/gateway/web/README.md"]
extensions = ["myst_parser"]
suppress_warnings = ["myst.header"]  # a page may begin a list of headings at any level
nitpicky = True

myst_enable_extensions = ["html_image"]
myst_heading_anchors = 4  # the anchors of headings are those of GitHub

html_theme = "furo"
html_title = "Tertulia"
html_show_copyright = False
html_copy_source = False
html_use_index = False
highlight_language = "text"

NAVIGATION = {
    "README": """
```{toctree}
:hidden:
:caption: Use
Engines <docs/engines>
Voices <voices/README>
What is spoken <docs/spoken-text>
What a prompt contains <docs/prompt>
Containers <docs/containers>
Phones and other devices <docs/lan>
Remote workers <docs/gpu-box>
Inspect a conversation <docs/inspect>
Read Redis by hand <docs/redis-cli>
Metrics <docs/metrics>
When something is wrong <docs/runbooks/README>
Performance <docs/performance>
How much it holds <docs/scaling>
```
```{toctree}
:hidden:
:caption: Build on it
The client's protocol <docs/protocol>
Example clients <examples/README>
```
```{toctree}
:hidden:
:caption: Understand
ARCHITECTURE
docs/glossary
Reliability <docs/reliability>
Security model <docs/security>
docs/adr/README
```
```{toctree}
:hidden:
:caption: Take part
CONTRIBUTING
services/gateway/web/README
CODE_OF_CONDUCT
Report a vulnerability <SECURITY>
CHANGELOG
```
""",
    "docs/runbooks/README": """
```{toctree}
:hidden:
:glob:
[a-z]*
```
""",
    "docs/adr/README": """
```{toctree}
:hidden:
:glob:
[0-9]*
```
""",
}
"""The tables of contents: only the site needs them, so they are added to the pages here."""


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("source-read", add_navigation)
    app.connect("build-finished", write_index)


def add_navigation(_app: Sphinx, page: str, source: list[str]) -> None:
    """Append a page's table of contents."""
    source[0] += NAVIGATION.get(page, "")


def write_index(app: Sphinx, failure: Exception | None) -> None:
    """The first page also answers at the folder's address."""
    if failure is None:
        shutil.copyfile(Path(app.outdir) / f"{root_doc}.html", Path(app.outdir) / "index.html")
