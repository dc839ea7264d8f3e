"""How much of a turn was heard, computed from the receipts."""

from __future__ import annotations

import pytest

from tertulia_gateway.conversation.heard import Heard, heard_of
from tertulia_shared.entries import AudioChunk, Receipt
from tertulia_shared.keys import Keys
from tertulia_shared.testing.memory_bus import MemoryBus

C = "cccccccc-0000-4000-8000-000000000001"
A = "aaaaaaaa-0000-4000-8000-000000000001"
B = "bbbbbbbb-0000-4000-8000-000000000001"
SAMPLES = 1_000
"""The length of each chunk."""


@pytest.fixture
async def bus(keys: Keys) -> MemoryBus:
    """Two messages, each of two sentences with three chunks. The audio of the second message is not complete."""
    bus = MemoryBus(keys)
    outlet = bus.outlet()
    for message_id in (A, B):
        for sentence in range(2):
            for chunk in range(3):
                entry = AudioChunk(bytes(2 * SAMPLES), sentence, chunk, C, message_id, "luna")
                outlet.append(keys.audio(C, message_id), entry, id=f"{sentence + 1}-{chunk + 1}")
    outlet.append(keys.audio(C, A), AudioChunk(b"", 2, 0, C, A, "luna", is_final=True), id="3-0")
    await outlet.flush()
    return bus


def complete(message_id: str, sentence: int = 0, chunk: int = 0, played_ms: int = 0) -> Heard:
    return Heard(message_id, sentence, chunk, played_ms, complete=True)


async def test_message_without_receipts_counts_as_unheard(bus: MemoryBus) -> None:
    assert await heard_of(bus, C, (A, B), []) == ()


async def test_message_counts_as_unheard_if_its_receipt_says_that_nothing_was_played(bus: MemoryBus) -> None:
    assert await heard_of(bus, C, (A, B), [Receipt(A, 0, 0, 0)]) == ()


async def test_message_is_heard_up_to_its_furthest_receipt(bus: MemoryBus) -> None:
    receipts = [Receipt(A, 0, 1, 40), Receipt(A, 1, 0, 90), Receipt(A, 0, 2, 60)]
    (heard,) = await heard_of(bus, C, (A, B), receipts)
    assert heard == Heard(A, 1, 0, 90, complete=False)
    assert heard.audio_id == "2-1"


async def test_message_is_heard_to_its_end_if_there_is_a_receipt_for_its_last_chunk(bus: MemoryBus) -> None:
    assert await heard_of(bus, C, (A, B), [Receipt(A, 1, 2, 120)]) == (complete(A, 1, 2, 120),)


async def test_message_without_a_final_audio_entry_is_not_heard_to_its_end(bus: MemoryBus) -> None:
    assert (await heard_of(bus, C, (B,), [Receipt(B, 1, 2, 120)]))[0].complete is False


async def test_messages_before_the_last_heard_message_count_as_heard_to_their_end(bus: MemoryBus) -> None:
    heard = await heard_of(bus, C, (A, B), [Receipt(A, 0, 1, 40), Receipt(B, 0, 0, 20)])
    assert heard == (complete(A, 0, 1, 40), Heard(B, 0, 0, 20, complete=False))
    assert (await heard_of(bus, C, (A, B), [Receipt(B, 0, 0, 20)]))[0] == complete(A)


@pytest.mark.parametrize("beyond", [Receipt(B, 1, 3, 0), Receipt(B, 900_000, 0, 0), Receipt(C, 0, 0, 0)])
async def test_receipt_for_a_chunk_that_does_not_exist_is_ignored(bus: MemoryBus, beyond: Receipt) -> None:
    assert await heard_of(bus, C, (A, B), [Receipt(A, 0, 0, 20), beyond]) == (Heard(A, 0, 0, 20, complete=False),)


async def test_message_with_expired_audio_counts_as_heard_to_its_end(keys: Keys) -> None:
    assert await heard_of(MemoryBus(keys), C, (A, B), [Receipt(A, 0, 1, 40)]) == (complete(A, 0, 1, 40),)


@pytest.mark.parametrize(
    ("receipt", "place"),
    [
        (Receipt(B, 0, 0, 20, 1), (0, 0, 1)),
        (Receipt(B, 0, 0, 20, SAMPLES - 1), (0, 0, SAMPLES - 1)),
        (Receipt(B, 0, 0, 20, SAMPLES), (0, 1, 0)),
        (Receipt(B, 0, 0, 20, 2 * SAMPLES + 7), (0, 2, 7)),
        (Receipt(B, 0, 2, 20, SAMPLES + 7), (1, 0, 7)),
        (Receipt(B, 1, 1, 20, 999_999), (1, 2, 0)),
    ],
)
async def test_heard_part_ends_at_the_sample_that_the_receipt_names(
    bus: MemoryBus, receipt: Receipt, place: tuple[int, int, int]
) -> None:
    (_, heard) = await heard_of(bus, C, (A, B), [receipt])
    assert (heard.sentence_index, heard.chunk_index, heard.next_samples) == place


async def test_message_is_heard_to_its_end_if_all_samples_of_its_last_chunks_were_played(bus: MemoryBus) -> None:
    assert not (await heard_of(bus, C, (A,), [Receipt(A, 1, 0, 20, 2 * SAMPLES - 1)]))[0].complete
    assert (await heard_of(bus, C, (A,), [Receipt(A, 1, 0, 20, 2 * SAMPLES)]))[0].complete
    assert (await heard_of(bus, C, (A,), [Receipt(A, 0, 0, 20, 50 * SAMPLES)]))[0].complete
