"""What a person sees of a conversation."""

from __future__ import annotations

import io

from tertulia_cli.client.screen import ERASE_LINE, Screen


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_replies_stream_into_one_line_each() -> None:
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


def test_a_reply_that_another_worker_takes_up_goes_on_where_it_was() -> None:
    out = io.StringIO()
    screen = Screen(out, io.StringIO())
    screen.message_started("1", "Luna")
    screen.chunk("1", "Once upon")
    screen.resumed("1", "Luna", "Once upon a time")
    screen.chunk("1", ".")
    screen.message_complete("1", "complete")
    assert out.getvalue() == "Luna: Once upon a time.\n"


def test_and_is_shown_again_where_it_does_not_begin_with_what_was_shown() -> None:
    out = io.StringIO()
    screen = Screen(out, io.StringIO())
    screen.message_started("1", "Luna")
    screen.chunk("1", "Once upon a ti")
    screen.resumed("1", "Luna", "Once")
    screen.chunk("1", " more.")
    screen.end()
    assert out.getvalue() == "Luna: Once upon a ti\nLuna: (again) Once more.\n"


def test_partial_transcripts_replace_each_other_on_a_terminal() -> None:
    out = Terminal()
    screen = Screen(out, io.StringIO(), columns=20)
    screen.hearing("hello")
    screen.hearing("hello luna tell me a story about the sea")
    screen.said("You", "Hello Luna")
    shown = out.getvalue()
    assert shown.count(ERASE_LINE) == 3
    assert "a story about the" not in shown  # it must fit the line, or it could not be erased
    assert "the sea" in shown
    assert shown.endswith("Hello Luna\n")


def test_elsewhere_only_what_is_firm_is_shown() -> None:
    out = io.StringIO()
    screen = Screen(out, io.StringIO())
    screen.hearing("hello")
    screen.said("You", "Hello Luna")
    assert out.getvalue() == "You: Hello Luna\n"


def test_notes_are_no_part_of_the_talk() -> None:
    out, err = io.StringIO(), io.StringIO()
    screen = Screen(out, err)
    screen.message_started("1", "Luna")
    screen.note("the connection was lost")
    screen.chunk("1", "Hi.")
    screen.message_complete("1", "complete")
    assert out.getvalue() == "Luna: \nLuna: … Hi.\n"
    assert err.getvalue() == "the connection was lost\n"


def test_a_model_cannot_steer_the_terminal() -> None:
    out = io.StringIO()
    screen = Screen(out, io.StringIO())
    screen.message_started("1", "Lu\x1b]0;na")
    screen.chunk("1", "a\x1b[2Jb\x07c\u202ed\r\u009b1m 👩\u200d👧")
    assert out.getvalue() == "Lu]0;na: a[2Jbcd1m 👩\u200d👧"
