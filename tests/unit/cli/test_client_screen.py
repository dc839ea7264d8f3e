"""The terminal output of a conversation."""

from __future__ import annotations

import io

from tertulia_cli.client.screen import ERASE_LINE, Screen


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_terminal_shows_a_streaming_reply_on_one_line() -> None:
    out = io.StringIO()
    screen = Screen(out, io.StringIO())
    screen.message_started("1", "Luna")
    screen.chunk("1", "Hello ")
    screen.chunk("1", "you.")
    screen.message_complete("1", "complete")
    screen.message_started("2", "Rex")
    screen.chunk("2", "Hm.")
    screen.chunk("1", "(late)")
    screen.message_complete("2", "interrupted")
    screen.end()
    assert out.getvalue() == "Luna: Hello you.\nRex: Hm. [interrupted]\n"


def test_terminal_continues_the_line_of_a_resumed_reply() -> None:
    out = io.StringIO()
    screen = Screen(out, io.StringIO())
    screen.message_started("1", "Luna")
    screen.chunk("1", "Once upon")
    screen.resumed("1", "Luna", "Once upon a time")
    screen.chunk("1", ".")
    screen.message_complete("1", "complete")
    assert out.getvalue() == "Luna: Once upon a time.\n"


def test_terminal_reprints_a_resumed_reply_whose_text_changed() -> None:
    out = io.StringIO()
    screen = Screen(out, io.StringIO())
    screen.message_started("1", "Luna")
    screen.chunk("1", "Once upon a ti")
    screen.resumed("1", "Luna", "Once")
    screen.chunk("1", " more.")
    screen.end()
    assert out.getvalue() == "Luna: Once upon a ti\nLuna: (again) Once more.\n"


def test_terminal_replaces_the_previous_partial_transcript() -> None:
    out = Terminal()
    screen = Screen(out, io.StringIO(), columns=20)
    screen.hearing("hello")
    screen.hearing("hello luna tell me a story about the sea")
    screen.said("You", "Hello Luna")
    shown = out.getvalue()
    assert shown.count(ERASE_LINE) == 3
    assert "a story about the" not in shown  # a text that is longer than the line could not be erased
    assert "the sea" in shown
    assert shown.endswith("Hello Luna\n")


def test_partial_transcripts_are_not_printed_without_a_terminal() -> None:
    out = io.StringIO()
    screen = Screen(out, io.StringIO())
    screen.hearing("hello")
    screen.said("You", "Hello Luna")
    assert out.getvalue() == "You: Hello Luna\n"


def test_client_notes_are_printed_to_stderr() -> None:
    out, err = io.StringIO(), io.StringIO()
    screen = Screen(out, err)
    screen.message_started("1", "Luna")
    screen.note("the connection was lost")
    screen.chunk("1", "Hi.")
    screen.message_complete("1", "complete")
    assert out.getvalue() == "Luna: \nLuna: … Hi.\n"
    assert err.getvalue() == "the connection was lost\n"


def test_client_output_contains_no_control_characters() -> None:
    out = io.StringIO()
    screen = Screen(out, io.StringIO())
    screen.message_started("1", "Lu\x1b]0;na")
    screen.chunk("1", "a\x1b[2Jb\x07c\u202ed\r\u009b1m 👩\u200d👧")
    assert out.getvalue() == "Lu]0;na: a[2Jbcd1m 👩\u200d👧"


def test_terminal_ends_the_line_of_a_withdrawn_reply() -> None:
    out = io.StringIO()
    screen = Screen(out, io.StringIO())
    screen.withdrawn()
    screen.message_started("1", "Luna")
    screen.chunk("1", "Where ")
    screen.withdrawn()
    screen.chunk("1", "(late)")
    screen.message_started("2", "Luna")
    screen.chunk("2", "Oh.")
    screen.end()
    assert out.getvalue() == "Luna: Where  [withdrawn]\nLuna: Oh.\n"
