"""The versions of messages in the REST API. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from tertulia_gateway.rest.conversation_schemas import MessageItem, SetAsideItem, message_item
from tertulia_shared.store import Message, SetAside, VersionPlace
from tertulia_shared.store.versions import root_of, was_shown

Groups: TypeAlias = Mapping[str, Sequence[Message]]
"""By the id of the first version of a message: its versions that are set aside."""


def grouped(aside: Sequence[SetAside]) -> Groups:
    """The versions that are set aside. Messages that only followed such a version are not versions."""
    groups: dict[str, list[Message]] = {}
    for each in aside:
        if each.branch == each.message.id and was_shown(each.message):
            groups.setdefault(root_of(each.message), []).append(each.message)
    return groups


def versions_of(message: Message, groups: Groups) -> list[Message]:
    """All versions of a message at the table in the order in which they were made."""
    others = groups.get(root_of(message), ())
    return sorted((message, *others), key=lambda each: (each.position, each.id))


def table_items(messages: Sequence[Message], others: Sequence[VersionPlace]) -> list[MessageItem]:
    """Messages at the table, each with the ids of its versions in the order in which they were made, if it has several.
    `others`: the versions that are set aside.
    """
    groups: dict[str, list[tuple[int, str]]] = {}
    for each in others:
        groups.setdefault(each.root, []).append((each.position, each.id))
    items = list[MessageItem]()
    for message in messages:
        group = groups.get(root_of(message))
        ids = [each for _, each in sorted((*group, (message.position, message.id)))] if group else []
        items.append(message_item(message).model_copy(update={"versions": ids}))
    return items


def page_of(aside: Sequence[SetAside], limit: int | None, after: int | None) -> tuple[Sequence[SetAside], int | None]:
    """A page of these messages, which are in the order of their positions, and the `after` of the next page.

    `limit`: how many messages; None: all. A page does not end between messages of the same position, so that it may
    have more. `after`: the position after which the page begins.
    """
    left = [each for each in aside if after is None or each.message.position > after]
    if limit is None or len(left) <= limit:
        return left, None
    last = left[limit - 1].message.position
    page = [each for each in left if each.message.position <= last]
    return page, last if len(page) < len(left) else None


def set_aside_item(aside: SetAside) -> SetAsideItem:
    return SetAsideItem(message=message_item(aside.message), branch=aside.branch)
