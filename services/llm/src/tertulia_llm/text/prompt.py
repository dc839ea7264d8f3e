"""Builds the model's prompt in a form that every OpenAI-compatible server accepts.

Nearly all servers accept one system message, then user and assistant messages in alternation, with a user message first
and last. So consecutive messages of the same role are merged, and a note is inserted as a user message where the user
has said nothing. Notes are in square brackets, and have the role *user*, because models imitate the text of assistant
messages. `fold_system` is for servers that do not accept a system message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, Literal, NamedTuple

from tertulia_llm.text.stage_notes import (
    CONTINUE,
    STAGE,
    Cue,
    DepthNote,
    begin_note,
    continue_note,
    cue_note,
    post_history_note,
    turn_note,
)

Message = dict[str, str]
"""`{"role": "system" | "user" | "assistant", "content": …}`."""
SUMMARY_TITLE: Final = "What was said before:\n"
"""The beginning of the system message with the summary. By it, `fit` recognizes that message."""
SUMMARY_SHARE: Final = 0.25
"""A summary takes at most this share of the room for the prompt."""


class HistoryMessage(NamedTuple):
    """A stored message. `interrupted`: the user interrupted it, and `text` is the part that was heard.

    Each prompt needs many; a frozen dataclass is made more slowly.
    """

    role: Literal["user", "character"]
    name: str
    text: str
    interrupted: bool = False


def build_messages(
    *,
    character_name: str,
    system_prompt: str,
    other_names: Sequence[str],
    user_name: str,
    history: Sequence[HistoryMessage],
    persona: str = "",
    notes: Sequence[DepthNote] = (),
    continuing: str = "",
    cue: Cue | None = None,
    post_history: str = "",
    summary: str = "",
) -> list[Message]:
    """The prompt for the next reply of `character_name`. Consecutive messages may have the same role: `merge` merges
    them.

    Each reply in the history is wrapped in `<Name>…</Name>`. If the last message is not the user's, a note says which
    character is to speak. `continuing` is the beginning of the reply, which a lost worker has published. It becomes the
    last assistant message, without the closing tag, and a note asks for the text that follows it. Without the note, the
    prompt would end with an assistant message. Servers treat that differently: some continue the message, some begin a
    new reply, some refuse the request.

    `cue`: what the reply is for, if it does not answer a message of the user; a note says it.

    `persona`: who the user is, with a title; it precedes the rules. `notes`: notes at their depths in the history.

    `post_history`: instructions of the character's card that follow the history: a note before its last message.

    `summary`: the summary of what was said before `history`, with its title: a system message of its own, so that `fit`
    can shorten it.
    """
    described = "\n\n".join(filter(None, (system_prompt.strip(), persona)))
    messages = [_message("system", _instructions(character_name, described, other_names, user_name))]
    if summary:
        messages.append(_message("system", summary))
    said = [lines for message in history if (lines := _turns(message, user_name))]
    turns = _with_notes(said, notes)
    if post_history:
        last = len(turns) - 1 - sum(note.depth == 0 for note in notes)
        turns.insert(max(last, 0), _message("user", post_history_note(character_name, post_history)))
    if cue is not None:
        turns.append(_message("user", cue_note(cue, character_name, user_name)))
    if continuing.strip():
        turns.append(_message("assistant", f"<{character_name}>{continuing.rstrip()}"))
        turns.append(_message("user", continue_note(character_name, continuing)))
    elif cue is None and not said and not post_history:
        turns.append(_message("user", begin_note(character_name)))
    elif cue is None and said and said[-1][-1]["role"] == "assistant":
        turns.append(_message("user", turn_note(character_name)))
    if turns[0]["role"] == "assistant":
        turns.insert(0, _message("user", begin_note()))
    return messages + turns


def content_chars(message: Message) -> int:
    """The number of characters of a message."""
    return len(message["content"])


def fit(messages: Sequence[Message], limit: float, cost: Callable[[Message], float] = content_chars) -> list[Message]:
    """Drop whole messages, the oldest first, until their cost is at most `limit`.

    These are kept even if they exceed the limit: the system prompt, the user's last message, and the last messages,
    which say what the model is to do. A summary is cut to its share of the room.

    Raises:
        ValueError: `limit` is not positive.
    """
    if limit <= 0:
        raise ValueError(f"the limit is {limit}: give the room for the prompt as a positive number")
    messages = _with_short_summary(messages, limit * SUMMARY_SHARE, cost)
    kept = _always_kept(messages)
    room = limit - sum(cost(messages[index]) for index in kept)
    for index in reversed(range(len(messages))):
        if index in kept:
            continue
        room -= cost(messages[index])
        if room < 0:
            break
        kept.add(index)
    chosen = [messages[index] for index in sorted(kept)]
    system = [message for message in chosen if message["role"] == "system"]
    turns = [message for message in chosen if message["role"] != "system"]
    if len(chosen) < len(messages):
        needed = 2 if _continues(turns) else 1
        while len(turns) > needed and turns[0]["role"] == "assistant":
            turns.pop(0)  # a first message that is a reply misleads the model, and some servers refuse it
    return system + turns


def merge(messages: Iterable[Message]) -> list[Message]:
    """Merge consecutive messages of the same role."""
    merged: list[Message] = []
    for message in messages:
        if merged and merged[-1]["role"] == message["role"]:
            joined = "\n\n".join((merged[-1]["content"], message["content"]))
            merged[-1] = {"role": message["role"], "content": joined}
        else:
            merged.append(message)
    return merged


def fold_system(messages: Sequence[Message]) -> list[Message]:
    """The messages with the system prompt moved into the first user message, for models without a system role."""
    system = [message["content"] for message in messages if message["role"] == "system"]
    turns = [message for message in messages if message["role"] != "system"]
    if not system:
        return turns
    return merge([_message("user", "\n\n".join(system)), *turns])


def _with_short_summary(
    messages: Sequence[Message], limit: float, cost: Callable[[Message], float]
) -> Sequence[Message]:
    """The messages, in which the summary costs at most `limit`."""
    short: list[Message] = []
    for message in messages:
        text = message["content"]
        if message["role"] != "system" or not text.startswith(SUMMARY_TITLE) or (costs := cost(message)) <= limit:
            short.append(message)
        elif (chars := int(len(text) * limit / costs)) > len(SUMMARY_TITLE):
            short.append(_message("system", f"{text[: chars - 1]}…"))
    return short


def _always_kept(messages: Sequence[Message]) -> set[int]:
    kept = {index for index, message in enumerate(messages) if message["role"] == "system"}
    last = len(messages) - 1
    if last < 0:
        return kept
    kept.add(last)
    if last > 0 and _continues(messages):
        kept.add(last - 1)
    for index in range(last, -1, -1):
        message = messages[index]
        if message["role"] == "user" and not message["content"].startswith(STAGE):
            kept.add(index)
            break
    return kept


def _continues(messages: Sequence[Message]) -> bool:
    return messages[-1]["content"].startswith(CONTINUE)


def _instructions(character_name: str, system_prompt: str, other_names: Iterable[str], user_name: str) -> str:
    others = ", ".join(other_names)
    company = f"{user_name} and these other characters: {others}" if others else user_name
    rules = f"""\
You are {character_name}, in a spoken conversation with {company}.
Stay in character. Speak only as {character_name}; never write what {user_name} or anybody else says or does.
Everything you write is read aloud: talk as people talk, in plain sentences, and briefly. \
No stage directions, no lists, no headings, no emoji, no code, no addresses.
Earlier replies stand in tags with their speaker's name, as in <{character_name}>…</{character_name}>. \
Yours is tagged for you: write only the words.
Remarks in square brackets are from the stage, not from anybody in the conversation: never mention or imitate them."""
    return f"{system_prompt.strip()}\n\n{rules}".strip()


def _with_notes(said: Sequence[Sequence[Message]], notes: Iterable[DepthNote]) -> list[Message]:
    """The messages of the history with the notes between them. `said`: the messages for each message of the history.
    A note that is deeper than the history is long is put before it.
    """
    parts = [list(lines) for lines in said]
    before: list[Message] = []
    for note in notes:
        place = len(parts) - note.depth - 1
        (parts[place] if place >= 0 else before).append(_message("user", note.content))
    return [*before, *(line for lines in parts for line in lines)]


def _turns(message: HistoryMessage, user_name: str) -> list[Message]:
    text = message.text.strip()
    if message.role == "user":
        return [_message("user", text)] if text else []
    if not message.interrupted:
        return [_message("assistant", f"<{message.name}>{text}</{message.name}>")] if text else []
    if not text:
        return [_message("user", f"[{user_name} broke in before {message.name} could say a word.]")]
    return [
        _message("assistant", f"<{message.name}>{text}…</{message.name}>"),
        _message("user", f"[{user_name} broke in here: nothing that {message.name} meant to say after “…” was heard.]"),
    ]


def _message(role: Literal["system", "user", "assistant"], content: str) -> Message:
    return {"role": role, "content": content}
