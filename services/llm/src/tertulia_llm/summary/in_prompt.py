"""The summary in the prompt of a reply. Pure."""

from __future__ import annotations

from tertulia_llm.reply import Reply
from tertulia_llm.text.summary_prompt import summary_section
from tertulia_llm.turn import Turn
from tertulia_shared.conversation_summary import is_known_to


def beginning(turn: Turn, reply: Reply, *, is_wanted: bool) -> tuple[str, int]:
    """The summary for the speaker of `reply`, and the position up to which it stands for the history.

    "" and -1 if the speaker gets none: there is no summary, it is off, or the speaker was not there. Then the prompt
    has the last messages as if no summary existed. `is_wanted`: False if summaries are off for all conversations.
    """
    summary, speaker = turn.summary, reply.speaker
    if summary.off or not is_wanted or not is_known_to(summary, turn.cast, speaker.id):
        return "", -1
    section = summary_section(summary.text, (turn.user_name, speaker.name, *reply.others))
    return section, summary.covers if section else -1
