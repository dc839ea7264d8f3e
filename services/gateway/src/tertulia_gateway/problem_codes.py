"""The codes of the REST API's problems: a client shows its own text for a code in its user's language.

A code is stable: its meaning does not change, and a problem keeps its code. Failures of a model server have the codes
of the `error` event instead (`llm_auth`, …), and a newer llm worker may send one that is not listed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

Params = Mapping[str, str | float]
"""The names and numbers in a problem's text."""


class ProblemCode(StrEnum):
    """What went wrong; the comments name the parameters."""

    # access
    TOKEN_MISSING = "token_missing"  # noqa: S105 - not a password
    FOREIGN_HOST = "foreign_host"
    FOREIGN_ORIGIN = "foreign_origin"
    CONFIGURATION_FORBIDDEN = "configuration_forbidden"

    # the request as a whole
    INVALID = "invalid"  # `errors` says what
    BODY_LENGTH_MISSING = "body_length_missing"
    BODY_TOO_LONG = "body_too_long"  # length, most: bytes
    HTTP_ERROR = "http_error"

    # one field
    INVALID_VALUE = "invalid_value"  # the rest: only the English text says what is wrong
    MISSING = "missing"
    EMPTY = "empty"
    TOO_SHORT = "too_short"  # least: characters
    TOO_LONG = "too_long"  # most: characters
    OUT_OF_RANGE = "out_of_range"
    UNKNOWN_FIELD = "unknown_field"
    INVISIBLE_CHARACTER = "invisible_character"
    INVALID_ADDRESS = "invalid_address"
    INVALID_KEY = "invalid_key"
    INVALID_MODEL = "invalid_model"
    ANGLE_BRACKETS = "angle_brackets"
    UNSPEAKABLE = "unspeakable"
    NOT_A_PICTURE = "not_a_picture"

    # records
    CONVERSATION_NOT_FOUND = "conversation_not_found"
    CHARACTER_NOT_FOUND = "character_not_found"
    VOICE_NOT_FOUND = "voice_not_found"
    MESSAGE_NOT_FOUND = "message_not_found"
    PERSONA_NOT_FOUND = "persona_not_found"
    NAME_TAKEN = "name_taken"  # name; kind: "persona" if a persona has it, missing if a character has it
    NAME_OF_USER = "name_of_user"  # name
    STORE_UNAVAILABLE = "store_unavailable"
    REDIS_UNAVAILABLE = "redis_unavailable"

    # conversations from files
    IMPORT_UNREADABLE = "import_unreadable"  # line: its number
    IMPORT_ENCODING = "import_encoding"
    IMPORT_FORMAT = "import_format"
    IMPORT_EMPTY = "import_empty"
    IMPORT_TOO_MANY = "import_too_many"  # most: messages
    IMPORT_MESSAGE = "import_message"  # number: of the message, or of its line

    # samples of voices
    ENGINE_NOT_RUNNING = "engine_not_running"  # engine, running: names
    VOICE_SILENT = "voice_silent"  # seconds
    SAMPLE_TOO_LONG = "sample_too_long"
    SAMPLE_UNREADABLE = "sample_unreadable"
    SAMPLES_BUSY = "samples_busy"
    NOTHING_TO_REPLAY = "nothing_to_replay"
    SPEAKER_DELETED = "speaker_deleted"

    # conversations as sound files
    NOTHING_TO_SPEAK = "nothing_to_speak"
    SOUND_FILE_TOO_LONG = "sound_file_too_long"  # messages, characters: the most
    SOUND_FILE_BUSY = "sound_file_busy"
    ENCODER_FAILED = "encoder_failed"

    # voices made from recordings
    CONSENT_MISSING = "consent_missing"
    TRANSCRIPT_MISSING = "transcript_missing"
    NO_CLONING_ENGINE = "no_cloning_engine"
    CLIPS_FULL = "clips_full"  # most
    VOICE_NAME_TAKEN = "voice_name_taken"
    VOICE_IN_USE = "voice_in_use"  # names
    CLIPS_NOT_KEPT = "clips_not_kept"
    RECORDING_UNREADABLE = "recording_unreadable"
    RECORDING_LENGTH = "recording_length"  # seconds, least, most
    RECORDING_SOUND = "recording_sound"  # seconds, least
    RECORDING_SILENT = "recording_silent"
    RECORDING_QUIET = "recording_quiet"
    RECORDING_LOUD = "recording_loud"
    RECORDING_CLIPPED = "recording_clipped"

    # character cards
    CARD_TOO_LARGE = "card_too_large"
    CARD_TOO_DEEP = "card_too_deep"
    CARD_NO_JSON = "card_no_json"
    CARD_NOT_A_CARD = "card_not_a_card"
    CARD_NO_PNG = "card_no_png"
    CARD_NOT_IN_PNG = "card_not_in_png"
    CARD_ARCHIVE = "card_archive"
    CARD_NOT_IN_ARCHIVE = "card_not_in_archive"
    CARD_ENCODING = "card_encoding"

    # lorebooks
    LOREBOOK_TOO_LARGE = "lorebook_too_large"
    LOREBOOK_NO_JSON = "lorebook_no_json"
    LOREBOOK_NOT_A_LOREBOOK = "lorebook_not_a_lorebook"
    LOREBOOK_ENCODING = "lorebook_encoding"

    # the connection to the model server
    MODEL_BUSY = "model_busy"
    MODEL_NO_WORKER = "model_no_worker"
    MODEL_FAILED = "model_failed"
    MODEL_INVALID = "model_invalid"
    MODEL_ENVIRONMENT = "model_environment"
    MODEL_SEALED_FOR_ANOTHER = "model_sealed_for_another"


NOT_FOUND: Mapping[str, ProblemCode] = {
    "conversation": ProblemCode.CONVERSATION_NOT_FOUND,
    "character": ProblemCode.CHARACTER_NOT_FOUND,
    "voice": ProblemCode.VOICE_NOT_FOUND,
    "message": ProblemCode.MESSAGE_NOT_FOUND,
    "persona": ProblemCode.PERSONA_NOT_FOUND,
}
"""By the kind of the record."""


def known_code(code: str) -> str:
    """`code` if it is one of `ProblemCode`, else the code of any other fault of a value."""
    return code if code in set(ProblemCode) else ProblemCode.INVALID_VALUE
