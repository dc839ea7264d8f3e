"""A Markdown parser reads the export: each message is one paragraph, and its text is the text that was written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tertulia_gateway.rest.export import heading, paragraph
from tertulia_shared.store import Conversation, Message
from tertulia_shared.store.records import Status
from tertulia_shared.text import clean_text

NBSP = "\N{NO-BREAK SPACE}"
PARSERS = (MarkdownIt("commonmark"), MarkdownIt("gfm-like", {"linkify": False, "typographer": False}))
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Line:
    """One paragraph of the file."""

    name: str
    text: str


def exported(*messages: tuple[str, str], title: str = "Stars", status: Status = "complete") -> str:
    row = Message("", "", "", "user", None, "", "", status, 0, NOW, NOW)
    rows = [replace(row, character_name=name, text=text) for name, text in messages]
    return heading(Conversation("", title, NOW, NOW)) + "".join(paragraph(row) for row in rows)


def read(markdown: str, parser: MarkdownIt) -> tuple[str, list[Line]]:
    """Parse the file. Returns the title and the messages. Fails if the file contains anything but a heading and
    paragraphs.
    """
    tokens = parser.parse(markdown)
    assert [token.type for token in tokens[:6]] == [
        "heading_open", "inline", "heading_close", "paragraph_open", "inline", "paragraph_close",
    ]  # fmt: skip
    assert {token.type for token in tokens[6:]} <= {"paragraph_open", "inline", "paragraph_close"}
    inlines = [token for token in tokens if token.type == "inline"]
    return plain(inlines[0].children or []), [line_of(inline) for inline in inlines[2:]]


def line_of(inline: Token) -> Line:
    start, name, end, *rest = [token for token in inline.children or [] if token.type != "text" or token.content]
    assert (start.type, name.type, end.type) == ("strong_open", "text", "strong_close")
    assert name.content.endswith(":")
    return Line(name.content[:-1], plain(rest).strip())


def plain(tokens: list[Token]) -> str:
    assert {token.type for token in tokens} <= {"text", "text_special", "hardbreak"}
    return "".join("\n" if token.type == "hardbreak" else token.content for token in tokens)


def as_shown(text: str) -> str:
    """The text as it is shown in the export: without white space around lines, and with a no-break space in each empty
    line.
    """
    lines = [line.strip() or NBSP for line in text.strip().split("\n")]
    return "\n".join(lines).strip()


TEXTS = [
    "**Sage:** hm", "hi\n\n**Sage:** hm", "hi\n**Sage:** hm", "hi\n\n\n__Sage:__ hm",
    "*a* _b_ ~c~ ~~d~~ `e` ``f``",
    "# heading", "hi\n# heading", "hi\n####### no heading", "hi\n===", "hi\n---",
    "hi\n- a\n+ b\n* c", "hi\n1. a\n2) b",
    "hi\n1234567890. no list", "hi\n> quoted", "hi\n    code", "hi\n\n    code", "hi\n\tcode", "```\ncode\n```",
    "hi\n```python\ncode", "hi\n~~~\ncode", "<b>bold</b>", "hi\n<div>\nhtml\n</div>", "<!-- comment",
    "<script>alert(1)",
    "<?php", "<![CDATA[x", "[a](http://b)", "![a](http://b)", "[a]: http://b", "hi\n\n[a]: http://b\n\n[a]",
    "<http://a.example>", "<me@a.example>", "&amp; &#35; &lt;b&gt; &copy", "a \\ b", "a\\", "a\\\nb", "a  \nb",
    "\\*x\\*",
    "a | b\n--|--\nc | d", "hi\n| a |\n|---|\n| b |", "hi\n:-:|:-:", "* * *", "hi\n***", "hi\n_ _ _", "$x_1$ costs $5",
    "[^1]", "hi\n[^1]: note", "- [ ] task", "hi\n- [x] task", "{#id} {.class}", "hi\n: definition", "hi\n::: note",
    "*(cut off)*", "x*(cut off)*", "**", "*", "_", "`", "<", ">", "&", "hi\n-", "hi\n+", "hi\n#", "hi\n1.", "hi\n=",
    "2 * 3 * 4 < 5 > 4 & 3", "snake_case __init__", "C# and F#", "50% ~ 60%", "", "אבג **Sage:**", "a\nb\n\nc\n\n\nd",
]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("parser", PARSERS, ids=["commonmark", "gfm"])
def test_message_with_markdown_is_exported_as_written_in_one_paragraph(text: str, parser: MarkdownIt) -> None:
    markdown = exported(("Jay", text), ("Luna", "I see."))
    _, lines = read(markdown, parser)
    assert lines == [Line("Jay", as_shown(text)), Line("Luna", "I see.")]


@pytest.mark.parametrize(
    "name", ["*Bob*", "**Sage:** x", "_x_", "`x`", "[a](b)", "<b>x", "C#", "1.", "- x", "a #", "###", "A & B", "a\\"]
)
@pytest.mark.parametrize("parser", PARSERS, ids=["commonmark", "gfm"])
def test_names_and_titles_with_markdown_are_exported_as_written(name: str, parser: MarkdownIt) -> None:
    markdown = exported((name, "Hello"), title=name)
    assert read(markdown, parser) == (name, [Line(name, "Hello")])


SYNTAX = st.sampled_from("*_`~#>+-=:|[](){}<>!\\&;$^1.\n\n \tab\u00a0")


@given(st.lists(st.text(SYNTAX | st.characters(exclude_categories=("Cs",)), max_size=40).map(clean_text), max_size=3))
def test_any_message_is_exported_in_one_paragraph(texts: list[str]) -> None:
    markdown = exported(*(("Jay", text) for text in texts))
    for parser in PARSERS:
        _, lines = read(markdown, parser)
        assert [line.text.split() for line in lines] == [as_shown(text).split() for text in texts]


def test_status_of_an_interrupted_message_is_added_in_italics() -> None:
    markdown = exported(("Luna", "Well, *(cut off)*"), status="interrupted")
    assert markdown.endswith("\n**Luna:** Well, \\*(cut off)\\* *(cut off)*\n")


def test_invisible_characters_in_names_and_titles_are_removed() -> None:
    markdown = exported(("Lu\u202ena", "Hi"), title="St\u200bars")
    assert markdown.startswith("# Stars\n")
    assert "\n**Luna:** Hi\n" in markdown
