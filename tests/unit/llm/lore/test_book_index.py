from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import pytest

from tertulia_llm.text.lore.book_index import BookIndex
from tertulia_llm.text.lore.patterns import MAX_PATTERN_CHARS, MAX_PROGRAMS, RegexKeys, is_regex
from tertulia_shared.lorebooks.lorebook import Lorebook, LoreEntry


def finds(key: str, text: str, **fields: Any) -> bool:
    index = BookIndex(Lorebook(entries=(LoreEntry("1", "n", "c", keys=(key,), **fields),)))
    return bool(index.found_in(text))


@pytest.mark.parametrize(
    ("key", "text", "expected"),
    [
        ("tower", "The old Tower leans.", True),
        ("tower", "Watchtowers.", True),
        ("old tower", "The old tower.", True),
        ("old tower", "The old, tower.", False),
        ("Straße", "in der STRASSE", True),
        ("塔", "那座塔很高", True),
        ("東京塔", "東京塔が見える", True),
        ("a", "b", False),
        ("x", "x", True),
        ("Ω", "ω", True),
    ],
)
def test_plain_key(key: str, text: str, *, expected: bool) -> None:
    assert finds(key, text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the tower leans", True),
        ("tower", True),
        ("watchtowers and a tower.", True),
        ("towers", False),
        ("_tower_", False),
    ],
)
def test_whole_word(text: str, *, expected: bool) -> None:
    assert finds("tower", text, matches_whole_words=True) is expected


def test_case_counts_if_the_entry_says_so() -> None:
    assert finds("Rose", "Rose came.", is_case_sensitive=True)
    assert not finds("Rose", "a rose", is_case_sensitive=True)


@pytest.mark.parametrize(
    ("key", "text", "expected"),
    [
        ("/tow(er|n)s?/i", "Two TOWNS", True),
        ("/tower/", "Tower", False),
        ("/^the/m", "first\nthe second", True),
        ("/a.b/s", "a\nb", True),
        (r"/1\/2/", "about 1/2 of it", True),
        ("/not a/regex", "x /not a/regex y", True),
        ("/usr/bin/env", "see /usr/bin/env", True),
    ],
)
def test_regex_key(key: str, text: str, *, expected: bool) -> None:
    assert finds(key, text) is expected


def test_bare_regexes_of_v3() -> None:
    assert finds("tow(er|n)s?", "TOWNS", are_regexes=True)
    assert not finds("tow(er|n)s?", "TOWNS", are_regexes=True, is_case_sensitive=True)


REFUSED = [
    "/(?<=a)b/", r"/(a)\1/", "/(/", "/(((a{1,1000}){1,1000}){1,1000})/", "/((((x?){100}){100}){100}){100}/",
    f"/{'a' * (MAX_PATTERN_CHARS + 1)}/", "/(.{0,900}){0,900}z/", "/[[:nope:]]/",
]  # fmt: skip


@pytest.mark.parametrize("key", REFUSED)
def test_regex_without_a_bound_is_refused(key: str) -> None:
    index = BookIndex(Lorebook(entries=(LoreEntry("1", "n", "c", keys=(key, "tower")),)))
    assert list(index.refused) == [key]
    assert index.found_in("a tower")


@pytest.mark.parametrize(
    "key", ["/(a+)+$/", "/(a|a)*$/", "/(.*)*x/", "/(x+x+)+y/", "/(.{0,200}){0,2}z/", r"/(\w+\s?)+:/"]
)
def test_catastrophic_regex_takes_linear_time(key: str) -> None:
    index = BookIndex(Lorebook(entries=(LoreEntry("1", "n", "c", keys=(key,)),)))
    began = time.process_time()
    index.found_in("a" * 8_000 + "b")
    assert time.process_time() - began < 1


def test_programs_of_a_book_have_a_bound_together() -> None:
    keys = RegexKeys()
    added = [keys.add(number, f"/[a-y]{{1,300}}{number}/", ignores_case=False) for number in range(100)]
    assert any(added)
    assert not all(added)
    assert len(keys.refused) == added.count(False) >= 100 - MAX_PROGRAMS // 300


def test_many_regexes_are_found_at_once() -> None:
    keys = tuple(f"/\\bword{number}(s|es)?\\b/i" for number in range(60))
    index = BookIndex(Lorebook(entries=tuple(LoreEntry(key, "n", "c", keys=(key,)) for key in keys)))
    assert _found(index, "Word7 and WORDS, word11es, word600.") == [keys[7], keys[11]]
    assert _found(index, "nothing of it") == []


def test_regexes_with_equal_group_names_are_all_found() -> None:
    keys = tuple(f"/(?<name>word{number})/" for number in range(8))
    index = BookIndex(Lorebook(entries=tuple(LoreEntry(key, "n", "c", keys=(key,)) for key in keys)))
    assert _found(index, "word3 word5") == [keys[3], keys[5]]


def test_slash_alone_is_no_regex() -> None:
    assert not is_regex("/")
    assert not is_regex("//")
    assert not is_regex("a/b/i")


def test_large_book_is_searched_quickly() -> None:
    entries = tuple(
        LoreEntry(
            str(number), "n", "c" * 200, keys=(f"word {number} of many", f"thing{number}", f"/place{number % 100}x/i")
        )
        for number in range(2_000)
    )
    index = BookIndex(Lorebook(entries=entries))
    texts = [f"We talk of thing{number} and other things, as people do on a long evening. " * 3 for number in range(50)]
    began = time.process_time()
    found = [index.found_in(text) for text in texts]
    first = time.process_time() - began
    assert all(found)
    assert first < 0.5  # about 5 ms
    began = time.process_time()
    assert [index.found_in(text) for text in texts] == found
    assert time.process_time() - began < first


def _found(index: BookIndex, text: str) -> Sequence[str]:
    numbers = index.found_in(text)
    return [each.entry.id for number in sorted(numbers) for each in index.by_key[number]]
