"""The removal of reasoning and control tokens, for every split of the text."""

from __future__ import annotations

import pytest

from tertulia_llm.model.control_tokens import MAX_CHARS
from tertulia_llm.model.reply_filter import ReplyFilter

CERTAIN = ("[THINK]", "[unused16]")
HELLO = "Hello Jay. It is late."
THOUGHT = "The user says hello.\nI answer: 2 < 3, [1] and a & b."
NAMES = (
    "think", "thinking", "thought", "reasoning", "reason", "reflection", "analysis", "scratchpad", "inner_monologue",
    "inner-monologue", "seed:think", "mm:think", "longcat_think", "antThinking", "THINK", "Thinking", "details",
)  # fmt: skip
PAIRS = (
    *((f"<{name}>", f"</{name}>") for name in NAMES),
    ("< think >", "</ think >"), ("<think >", "< /think>"), ("<think\n>", "</think>"), ("<think>", "</thinking>"),
    ('<thinking budget="high" lang=en>', "</thinking>"), ("<think>\n", "\n</think>\n\n"),
    ("◁think▷", "◁/think▷"), ("[THINK]", "[/THINK]"), ("<unused94>thought\n", "<unused95>"),
    ("[unused16]", "[unused17]"), ("<|begin_of_thought|>", "<|end_of_thought|>"), ("<|think|>", "<|/think|>"),
    ("<|begin_of_thought|>", "<|end_of_thought|>\n\n<|begin_of_solution|>"), ("<|think:start|>", "<|think:end|>"),
    ("<|START_THINKING|>", "<|END_THINKING|>"), ("<|START_THINKING|>", "<|END_THINKING|><|START_RESPONSE|>"),
    ("<|inner_prefix|>", "<|inner_suffix|>"), ("<|plamo:begin_think:plamo|>", "<|plamo:end_think:plamo|>"),
    ("<|channel>thought\n", "<channel|>"), ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant\n"),
    ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
    ("<|channel|>commentary to=functions.x <|constrain|>json<|message|>", "<|channel|>final<|message|>"),
    ("<|open|>think<|sep|>", "<|close|>think<|sep|><|open|>response<|sep|>"), ("analysis", "assistantfinal"),
    ("Here is my thought process:", "Here is my response:"), ("Here's my thought process:", "Here's my response:"),
    ("<think>\n", "\n</think>\n<answer>\n"), ("<think>a\n<think>b</think>", "</think>"),
    ("<s><think>", "</think>"), ("<|im_start|>assistant\n<think>", "</think>"), ("\n\n<think>", "</think>"),
    ("<think>", "</think>\n<think>More.</think>"), ("<think></think><think>", "</think>"),
    *((f"<{name}>", f"</{name}>") for name in ("reasoning_content", "think_process", "internal_thinking", "planning")),
    *((f"<{name}>", f"</{name}>") for name in ("private_thoughts", "think:", "my-thoughts", "Agent_Reasoning")),
    *((f"[{name}]", f"[/{name}]") for name in ("think", "Thinking", "REASONING", "thoughts")),
    *((f"<{name}_think>", "<end_think>") for name in ("start", "begin")), ("```thinking\n", "\n```\n"),
    ("&lt;think&gt;", "&lt;/think&gt;"), ("\uff1cthink\uff1e", "\uff1c/think\uff1e"), ("```think\n", "\n```\n\n"),
    ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final <|constrain|>text<|message|>"),
    ("analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
    ("assistantanalysis", "assistantfinal"),
)  # fmt: skip
ENDS = (
    "<|im_end|>", "<|im_end|>\n<|im_start|>user\n", "<|im_start|>user\n", "<|im_start|>assistant\n", "</s>", "[INST]",
    "[/INST]", "<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<|endoftext|>", "<|end|>", "<|return|>", "<|EOT|>",
    "<|start_header_id|>user<|end_header_id|>", "<end_of_turn>", "<start_of_turn>user\n", "<eos>", "<turn|>", "[EOS]",
    "<｜end▁of▁sentence｜>", "<｜User｜>", "<|user|>", "<|assistant|>", "<|END_OF_TURN_TOKEN|>", "[|endofturn|]",
    "<|END_RESPONSE|>", "<|end_of_solution|>", "<|endofprompt|><|user|>", "<|im_user|>", "<bos>", "<|begin_of_text|>",
    "<reserved_106>", "\n### User:", "\n### Instruction:\n", "\n## Human:", "\n### Response:", "[e~[", "<|call|>",
    "<|header_start|>user<|header_end|>\n\n", "<|turn_end|>", "<|end_turn|>", "<|user_prompt|>", "assistant\n\n",
    "\nuser\n", "\nassistant\n", "\nmodel\n", "\nsystem \n", "\n\nuser\n",
    "<|close|>response<|sep|>", "<|tool_call|>", "[TOOL_CALLS]", "\n<tool_call>",
)  # fmt: skip
BEGINNINGS = (
    "<s>", "<bos>", "<|begin_of_text|>", "<｜begin▁of▁sentence｜>", "<|im_start|>assistant\n", "<|im_start|>assistant ",
    "<|start_header_id|>assistant<|end_header_id|>\n\n", "<start_of_turn>model\n", "<|assistant|>\n", "[/INST] ",
    "<|Assistant|>", "<｜Assistant｜>", "<|start|>assistant<|channel|>final<|message|>", "[gMASK]<sop>", "<pad><pad>",
    "<|im_assistant|>assistant<|im_middle|>", "assistant\n\n", "<|start_of_role|>assistant<|end_of_role|>", "<unk>",
    "<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>", "### Response:\n", "</think>\n\n", "<think/>", "<|turn>model\n",
    "<|header_start|>assistant<|header_end|>\n\n", "final", "assistantfinal", "final<|message|>", "model\n",
    "<|image|>", "<s> <|im_start|>assistant<|im_sep|>",
)  # fmt: skip
TEXTS = (
    "````thinking\nhmm\n````\nHi.",
    "`<think>` is a tag", "use the <thinking> tag in HTML, and </thinking> ends it", "a < b", "a <b and c> d", "[1]",
    "`</s>` is a token. So is `<|im_end|>`, or `a <eos> b`", '"</s>" is a token', "It ends with “<|im_end|>”. Right?",
    "```\n<think>\nx\n</think>\n</s>\n```\nSo it is.",
    "That is <s>wrong</s> right", "<Luna> hello </Luna>", "I <3 you",
    "# A heading\n## Another", "[", "Issue #5, and #user",
    "<", "<<", "◁", "◁ left", "[THINKING] aloud", "(think)",
    "Here is my thought: yes", "Here is my response, Jay", "analysis is hard", "assistant of mine", "Okay, I see.",
    "The users are here", "Hmm, so what?", "<b>bold</b>", "Write <think so", "close it with </think> please", "<tool",
    "  Hello", "\n\nHello", "😀 <ok> 😀", "a <tool_call> is a call", "the answer is in <answer> tags", "1 <2",
    "<|", "<p>",
    "Tokens like <|im_end|> are strange", "He wrote </s> on the wall", "The <|endoftext|> token ends it", "a [/INST] b",
    "It ended with <eos>, she said", "Look: <thinking> is the tag", "Which tag? <think>. And then", "a<|b|>c",
    "The [INST] token marks it", "The pipe <|x|> is an operator", "*<think>* is the tag", "my [reason] is", "R&B",
    "the user\nof it", "a user", "&lt; is an entity", "Say `user`:\n```\nuser\nassistant\n```\nSo.", "e.g.any",
    "“Quoted.” <no> 'x'", "I'll [INSTALL] it", "[/b]", "<im> <eo> <bo> <pa>", "use <| and |> in F#",
)  # fmt: skip


def filtered(pieces: list[str], *, reasons_first: bool = False, is_cut: bool = False) -> tuple[str, ReplyFilter]:
    """The text that a client shows at the end, and the filter."""
    reply_filter = ReplyFilter(reasons_first=reasons_first, names=("Jay", "Luna"))
    shown, discards = "", 0
    for piece in pieces:
        text = reply_filter.feed(piece)
        if reply_filter.discards > discards:
            shown, discards = "", reply_filter.discards
        shown += text
    return shown + reply_filter.finish(is_cut=is_cut), reply_filter


def at_every_cut(text: str, *, reasons_first: bool = False, is_cut: bool = False) -> tuple[str, ReplyFilter]:
    """Check that the pieces do not affect the result, and return the result."""
    whole, reply_filter = filtered([text], reasons_first=reasons_first, is_cut=is_cut)
    cuts = [[text[:at], text[at:]] for at in range(1, len(text))]
    for pieces in (*cuts, list(text)):
        again, other = filtered(pieces, reasons_first=reasons_first, is_cut=is_cut)
        assert again == whole, pieces
        assert (other.ended, other.has_reasoned, other.calls_tool, other.discards) == (
            reply_filter.ended, reply_filter.has_reasoned, reply_filter.calls_tool, reply_filter.discards,
        ), pieces  # fmt: skip
    return whole, reply_filter


@pytest.mark.parametrize(("opening", "closing"), PAIRS)
def test_reasoning_is_removed_from_the_reply(opening: str, closing: str) -> None:
    shown, reply_filter = at_every_cut(f"{opening}{'' if opening == 'analysis' else ' '}{THOUGHT}{closing}{HELLO}")
    assert shown == HELLO
    assert reply_filter.has_reasoned
    assert not reply_filter.ended
    assert not reply_filter.discards


@pytest.mark.parametrize("opening", [opening for opening, _ in PAIRS])
def test_reasoning_that_does_not_end_is_not_part_of_the_reply(opening: str) -> None:
    is_doubtful = opening.startswith(("&", "\uff1c", "```")) or (opening[0] == "[" and opening not in CERTAIN)
    if opening != "<think>a\n<think>b</think>" and not is_doubtful:
        assert at_every_cut(f"{opening}{THOUGHT}")[0] == ""


def test_reasoning_between_two_lines_is_removed() -> None:
    shown, _ = at_every_cut("One.\n<think>Now two.</think>\nTwo.")
    assert shown == "One.\n\nTwo."


@pytest.mark.parametrize(
    "text", ["One. <think>x</think>Two.", "Luna: <think>x</think>Two.", "<Luna><think>x</think>Two."]
)
def test_reasoning_after_a_sentence_or_after_the_speakers_name_is_removed(text: str) -> None:
    assert at_every_cut(text)[0] == text.replace("<think>x</think>", "")


@pytest.mark.parametrize(
    ("thought", "reply"),
    [
        ('I say "Hello"', '"Hello Jay."'), ("He'd say 'hello'", "'Ello Jay."), ("I say “Hi”", "“Hello Jay.”"),
        ("It is `x`", "`x` it is."), ("They ask about <|im_end|> tokens", "It ends a turn."),
        ("He wrote [INST] hm", "Hello."), ("The user mentions <think> and asks.", "It is a tag."),
    ],
)  # fmt: skip
def test_quotes_and_tokens_in_reasoning_do_not_hide_its_end(thought: str, reply: str) -> None:
    shown, reply_filter = at_every_cut(f"<think>{thought}</think>{reply}")
    assert (shown, reply_filter.ended) == (reply, False)


def test_text_after_a_quoted_closing_tag_is_the_reply_if_no_other_tag_closes() -> None:
    assert at_every_cut('<think>Now "</think>"Hello Jay."')[0] == '"Hello Jay."'


@pytest.mark.parametrize(
    "text", ["<details> is an HTML element.", "[THINK] big, Jay!", "<answer> me, please.", "[thinking] Hmm. Yes, Jay."]
)
def test_tag_that_the_reply_begins_with_and_is_not_closed_is_text(text: str) -> None:
    assert at_every_cut(text)[0] == text


def test_bracketed_direction_delays_the_reply_by_a_bounded_length() -> None:
    text = "[thinking] " + "The stars are out. " * 100
    reply_filter = ReplyFilter()
    assert "".join(map(reply_filter.feed, text)) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("How are you?assistant\n\nI am fine.assistant\n\nMore.", "How are you?"),
        ("Hello Jay.\nuser\nWhat's up?\nassistant\nFine.", "Hello Jay.\n"),
        ("Hello Jay.\nmodel", "Hello Jay.\n"), ("Hello Jay.assistant", "Hello Jay."),
    ],
)  # fmt: skip
def test_role_without_its_tokens_ends_the_reply(text: str, shown: str) -> None:
    result, reply_filter = at_every_cut(text)
    assert (result, reply_filter.ended) == (shown, True)


def test_nested_reasoning_ends_at_its_only_closing_tag() -> None:
    assert at_every_cut(f"<think>a <think>b</think>{HELLO}")[0] == HELLO


def test_closing_tag_in_quotes_does_not_end_the_reasoning() -> None:
    assert at_every_cut(f'<think>I end with "</think>" or `</think>`, then speak.</think>{HELLO}')[0] == HELLO


@pytest.mark.parametrize("end", ENDS)
def test_end_of_turn_token_ends_the_reply(end: str) -> None:
    shown, reply_filter = at_every_cut(f"{HELLO}{end}What is next?")
    assert shown.rstrip() == HELLO
    assert reply_filter.ended


def test_tool_call_ends_the_reply_and_is_reported() -> None:
    for call in ("<tool_call>{}", "<|tool_calls_section_begin|>{}", "[TOOL_CALLS][{}]", "<|python_tag|>x()"):
        shown, reply_filter = at_every_cut(call)
        assert (shown, reply_filter.calls_tool, reply_filter.ended) == ("", True, True)


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_chat_template_tokens_at_the_beginning_of_a_reply_are_dropped(beginning: str) -> None:
    shown, reply_filter = at_every_cut(f"{beginning}{HELLO}")
    assert shown == HELLO
    assert not reply_filter.ended


@pytest.mark.parametrize("text", TEXTS)
def test_text_that_mentions_a_token_is_kept(text: str) -> None:
    for whole in (text, f"{text} So it is.", f"I say {text}"):
        shown, reply_filter = at_every_cut(whole)
        assert shown == (whole.removesuffix("<tool") if whole.endswith("<tool") else whole)
        assert not reply_filter.ended


def test_end_of_turn_token_after_a_closing_quotation_mark_ends_the_reply() -> None:
    for text in ('He said "hi"', "„Hallo“", "I don`t", "`x`", "It is 'so'"):
        shown, reply_filter = at_every_cut(f"{text}<|im_end|>")
        assert (shown, reply_filter.ended) == (text, True)


@pytest.mark.parametrize("closing", ["</think>", "</thinking>", "◁/think▷", "[/THINK]", "<|END_THINKING|>"])
def test_closing_tag_without_an_opening_tag_discards_the_text_before_it(closing: str) -> None:
    shown, reply_filter = at_every_cut(f"The man says hello. I answer.\n{closing}\n\n{HELLO}")
    assert (shown, reply_filter.discards) == (HELLO, 1)
    assert reply_filter.was_opened_by_template


def test_second_closing_tag_without_an_opening_tag_discards_nothing() -> None:
    for thought in ("The man says hello.", "The user says hello."):
        assert at_every_cut(f"{thought}</think>{HELLO}</think> Yes.")[0] == f"{HELLO} Yes."


@pytest.mark.parametrize(
    "start",
    [
        "Okay, so the user says hello.", "The user's name is Jay.", "Hmm, the user, Jay,", "Okay, Jay says hello.",
        "Hmm, Jay wants a story.", "Let me think.", "Alright, let's see what Jay asked.",
        "Okay. So the user greets me.",
        "I need to stay in character.", "Okay, so I'm Luna.", "\u55ef\uff0c\u7528\u6237\u8bf4\u4f60\u597d\u3002",
        "Der Nutzer sagt hallo.", "L\u2019utilisateur dit bonjour.", "Thinking Process:\n\n1. **Look:**",
        "Thinking...\nThe user says hi.", "We are asked to greet.", "First, I should look.",
    ],
)  # fmt: skip
def test_text_about_the_user_is_delayed_until_the_closing_tag(start: str) -> None:
    shown, reply_filter = at_every_cut(f"{start} I answer.\n</think>\n\n{HELLO}")
    assert (shown, reply_filter.discards) == (HELLO, 0)
    assert reply_filter.was_opened_by_template


def test_guessed_reasoning_that_does_not_end_is_the_reply() -> None:
    for text in ("The user is always right, Jay.", "Jay wants a story, Rex! Tell one.", "Let me think. It is Vega."):
        assert at_every_cut(text)[0] == text
        assert at_every_cut(f"{text}<|im_end|>")[0] == text


def test_guessed_reasoning_that_was_cut_is_no_reply() -> None:
    assert at_every_cut("The user says hello. I should", is_cut=True)[0] == ""
    for text in ("The user guide is lost, Jay. Let us look", "Jay wants a story, Rex! Tell", "Let me think. It"):
        assert at_every_cut(text, is_cut=True)[0] == text


@pytest.mark.parametrize("start", ["Jay wants a story, Rex! ", "Let me think. ", "Hmm, Jay is right. "])
def test_doubtful_opening_without_signs_of_reasoning_delays_little(start: str) -> None:
    reply_filter = ReplyFilter(names=("Jay", "Luna"))
    text = start + "The stars are out, and the sea is calm. " * 20
    shown = ""
    for length, char in enumerate(text, 1):
        shown += reply_filter.feed(char)
        assert len(shown) == length or length < 280
    assert (shown, reply_filter.has_reasoned) == (text, False)


@pytest.mark.parametrize("start", ["Okay, Jay says hello. ", "Let me think about it. ", "First, I should look. "])
def test_doubtful_opening_with_signs_of_reasoning_is_held_back(start: str) -> None:
    thought = start + "I should greet him as Luna. " + "The stars are out, and the sea is calm. " * 20
    assert at_every_cut(f"{thought}\n</think>\n\n{HELLO}")[0] == HELLO
    assert filtered(list(f"{thought}\n</think>\n\n{HELLO}"))[1].discards == 0


def test_with_reasons_first_all_text_is_delayed_until_the_closing_tag_or_the_end() -> None:
    shown, reply_filter = at_every_cut(f"Jay says hello.</think>{HELLO}", reasons_first=True)
    assert (shown, reply_filter.discards) == (HELLO, 0)
    assert at_every_cut(f"<think>Jay says hello.</think>{HELLO}", reasons_first=True)[0] == HELLO
    shown, reply_filter = at_every_cut(HELLO, reasons_first=True)
    assert (shown, reply_filter.was_opened_by_template) == (HELLO, False)


def test_plain_text_is_not_delayed() -> None:
    reply_filter = ReplyFilter()
    for word in ("Hello", " Jay", ".", " It", " is", "\n", "late", ", 2", " >", " 1", "!", " Ünï", "\n\n", "Yes"):
        assert reply_filter.feed(word) == word


@pytest.mark.parametrize("start", ["<", "[", "◁", "<|", "<think ", "<thinking a=b ", "\n#", "\n### Us"])
def test_text_is_delayed_only_while_it_may_become_a_token(start: str) -> None:
    reply_filter = ReplyFilter()
    shown = reply_filter.feed("Well.") + reply_filter.feed(start)
    for _ in range(MAX_CHARS + 1):
        shown += reply_filter.feed("y")
    assert len(f"Well.{start}") + MAX_CHARS + 1 == len(shown)


def test_incomplete_token_at_the_end_is_dropped() -> None:
    for part in ("<|im_e", "</thi", "<|channel|", "[/INS"):
        assert at_every_cut(f"{HELLO}{part}")[0] == HELLO
