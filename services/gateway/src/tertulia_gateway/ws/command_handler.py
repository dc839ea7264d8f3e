"""Executes the commands of one connection's client."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TypeAlias, assert_never

from tertulia_gateway.commands import (
    ChangeAnswering,
    ChangeCast,
    ChangeMessage,
    ChangeNote,
    ChangePersona,
    ChangeSettings,
    ChangeUserName,
    Command,
    NewConversation,
    Played,
    Problem,
    RefreshCharacters,
    RequestReply,
    Resume,
    StartListening,
    StopListening,
    StopReplies,
    UserMessage,
)
from tertulia_gateway.context import GatewayContext
from tertulia_gateway.conversation.conversation import Conversation
from tertulia_gateway.conversation.microphone import Microphone
from tertulia_gateway.conversation.session import ConversationSession, Target
from tertulia_gateway.monitoring.writes_probe import cause_of, explanation, level_of
from tertulia_gateway.serialization import answer_json
from tertulia_gateway.transport import Transport
from tertulia_shared.bus import BusError, WritesPaused
from tertulia_shared.cards.prompt_fields import greetings_of_text
from tertulia_shared.entries import Refresh, UserTurn
from tertulia_shared.events import Characters, ListeningStarted
from tertulia_shared.ids import new_id
from tertulia_shared.persona import KIND, Persona, record_of
from tertulia_shared.store import EVERYBODY, StoreError, StoreUnavailable, pictures
from tertulia_shared.user_name import same_name

CHARACTER_FIELDS = ("id", "name", "voice", "image", "active")
"""The fields of each character in the `characters` event."""

UNAVAILABLE = "Redis or the store is unavailable; nothing is lost. Send it again in a moment (with the same turn_id)."
NOT_OPEN = "No conversation is open here: send new_conversation, or resume with a conversation_id that exists."

BeginsTurn: TypeAlias = UserMessage | RequestReply | ChangeMessage

log = logging.getLogger(__name__)


class CommandHandler:
    """Applies commands to the session's conversation, the microphone and the characters."""

    def __init__(
        self, ctx: GatewayContext, transport: Transport, microphone: Microphone, session: ConversationSession
    ) -> None:
        self._ctx = ctx
        self._transport = transport
        self._microphone = microphone
        self._session = session

    async def open_first(self) -> Problem | None:
        """Open the conversation that the URL of the WebSocket names, if the URL names one."""
        try:
            return await self._session.open_pending()
        except (BusError, StoreError) as error:
            log.log(level_of(error), "the conversation cannot be opened yet: %s", error)
            cause = cause_of(error) if isinstance(error, WritesPaused) else "Redis is unavailable"
            return Problem("unavailable", f"{cause}; the conversation opens as soon as it can be written to.")

    async def execute(self, command: Command) -> Problem | None:
        """Execute one command. Returns the problem if the command failed, else None."""
        try:
            return await self._execute(command)
        except _NotOpen as not_open:
            return not_open.problem
        except (BusError, StoreError) as error:
            log.log(level_of(error), "a command failed: %s", error, extra={"conversation_id": self._session.open_id})
            why = explanation(error) if isinstance(error, WritesPaused) else UNAVAILABLE
            return Problem("unavailable", why, command.turn_id if isinstance(command, BeginsTurn) else "")

    async def _execute(self, command: Command) -> Problem | None:
        match command:
            case NewConversation() | Resume():
                return await self._open(command)
            case RefreshCharacters():
                await self._refresh_characters()
            case StartListening():
                session_id = self._microphone.start((await self._conversation()).id)
                await self._transport.send_text(answer_json(ListeningStarted(session_id)))
            case StopListening():
                self._microphone.stop("stopped")
            case UserMessage() | RequestReply() | ChangeMessage():
                await self._begin_turn(command)
            case StopReplies():
                await (await self._conversation()).interrupt()
            case ChangeSettings() | ChangeAnswering() | ChangeCast() | ChangeNote():
                await self._change(command)
            case ChangeUserName() | ChangePersona():
                return await self._change_user(command)
            case Played():
                self._played(await self._conversation(), command)
            case _:
                assert_never(command)
        return None

    @staticmethod
    def _played(conversation: Conversation, command: Played) -> None:
        conversation.played(command.receipt)
        if command.gaps is not None:
            conversation.measured.gaps_reported(command.receipt.message_id, command.gaps, command.gap_ms)

    async def _begin_turn(self, command: BeginsTurn) -> None:
        conversation = await self._conversation()
        turn_id = command.turn_id or new_id()
        match command:
            case UserMessage(text, _, to, replaces):
                turn = UserTurn(turn_id, conversation.id, text, "typed", to=to)
                if replaces:
                    turn = replace(turn, change="edit", message_id=replaces)
            case RequestReply(to, _, replies):
                greeting = await self._greeting(command)
                turn = UserTurn(turn_id, conversation.id, "", "request", to=to, replies=replies, greeting=greeting)
                if command.replaces:
                    turn = replace(turn, change="again", message_id=command.replaces)
                elif command.after:
                    turn = replace(turn, change="after", message_id=command.after)
            case ChangeMessage(change, message_id):
                turn = UserTurn(turn_id, conversation.id, "", "change", change=change, message_id=message_id)
        await conversation.begin_turn(turn)

    async def _greeting(self, command: RequestReply) -> str:
        """The greeting that is asked for; "" if the character does not have it, or the store is unavailable: the model
        then replies.
        """
        if not command.greeting:
            return ""
        try:
            character = await self._ctx.store.character(command.character_id)
        except StoreUnavailable as error:
            log.warning("the greeting of a character cannot be read: %s", error)
            return ""
        greetings = greetings_of_text(character.card) if character else ()
        return "".join(greetings[command.greeting - 1 : command.greeting])

    async def _change(self, command: ChangeSettings | ChangeAnswering | ChangeCast | ChangeNote) -> None:
        conversation = await self._conversation()
        match command:
            case ChangeSettings(changes):
                settings = await conversation.change_settings(changes)
            case ChangeAnswering(changes):
                settings = await conversation.change_answering(changes)
            case ChangeCast():
                settings = await conversation.change_cast(command)
            case ChangeNote():
                settings = await conversation.change_note(command)
        if not command.is_query:  # a query must not create a row for the conversation
            self._ctx.saver.save(conversation.id, settings)

    async def _change_user(self, command: ChangeUserName | ChangePersona) -> Problem | None:
        match command:
            case ChangeUserName(name):
                return await self._change_user_name(name)
            case ChangePersona(persona_id):
                return await self._change_persona(persona_id)

    async def _change_user_name(self, name: str | None) -> Problem | None:
        conversation = await self._conversation()
        if name and (character := same_name(name, await self._character_names())):
            return Problem("bad_field", f"user_name: a character is called {character}; take another name.")
        settings = await conversation.change_user_name(name)
        if name is not None:  # a query must not create a row for the conversation
            self._ctx.saver.save(conversation.id, settings)
        return None

    async def _change_persona(self, persona_id: str | None) -> Problem | None:
        """Change the persona. "": none; None: a query."""
        conversation = await self._conversation()
        persona = Persona() if persona_id is not None else None
        if persona_id:
            document = await self._ctx.store.document(KIND, EVERYBODY, persona_id)
            record = None if document is None else record_of(document)
            if record is None:
                return Problem("bad_field", f"persona: there is no persona {persona_id}; GET /api/personas lists them.")
            persona = record.persona
            if character := same_name(persona.name, await self._character_names()):
                return Problem("bad_field", f"persona: a character is called {character}; rename the persona.")
        settings = await conversation.change_persona(persona)
        if persona is not None:  # a query must not create a row for the conversation
            self._ctx.saver.save(conversation.id, settings)
        return None

    async def _character_names(self) -> list[str]:
        """The names of all characters; none while the store is unavailable, which must not prevent a new name."""
        try:
            return [character.name for character in await self._ctx.store.characters()]
        except StoreUnavailable as error:
            log.warning("the name of the user is not compared with those of the characters: %s", error)
            return []

    async def _conversation(self) -> Conversation:
        """The open conversation, for a command that needs one.

        Raises:
            _NotOpen: no conversation is open.
        """
        problem = await self._session.open_pending()
        if problem is not None:
            raise _NotOpen(problem)
        if self._session.conversation is None:
            raise _NotOpen(Problem("unknown_conversation", NOT_OPEN))
        return self._session.conversation

    async def _open(self, target: Target) -> Problem | None:
        before = self._session.open_id
        problem = await self._session.open(target)
        if before and before != self._session.open_id:
            self._microphone.stop("stopped")
        return problem

    async def _refresh_characters(self) -> None:
        bus = self._ctx.bus
        outlet = bus.outlet()
        outlet.append(bus.keys.broadcast(), Refresh())
        characters = await self._ctx.store.characters()
        await outlet.flush()
        shown = tuple(
            {name: getattr(each, name) for name in CHARACTER_FIELDS} | {"image": pictures.shown(each.image)}
            for each in characters
        )
        await self._transport.send_text(answer_json(Characters(shown)))


class _NotOpen(Exception):
    """Raised when a command needs a conversation but none could be opened."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem
