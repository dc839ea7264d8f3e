from __future__ import annotations

from tertulia_stt.own_words import own_words

EARLIER = ((1_000, "the old"), (2_000, "the old light house"), (3_000, "the old light house stop"))


def test_words_that_were_recognized_before_the_user_spoke_are_left_out() -> None:
    assert own_words("the old light house stop please", EARLIER, 2_500) == "stop please"


def test_words_that_the_recognizer_changed_after_the_user_spoke_are_kept() -> None:
    assert own_words("the old lighter stop", EARLIER, 2_500) == "lighter stop"
    assert own_words("the cold lights house stop", EARLIER, 2_500) == "lights house stop"


def test_all_words_are_kept_if_the_user_spoke_from_the_beginning() -> None:
    assert own_words("stop it", EARLIER, 500) == "stop it"
    assert own_words("stop it", (), 500) == "stop it"
