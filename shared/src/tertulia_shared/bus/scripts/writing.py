"""Fenced writes: an outlet's batch, appended sound, and a transaction on a conversation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tertulia_shared.bus.scripts.script import Command, Script
from tertulia_shared.conversation_state import MAX_WITHDRAWN

OK, FENCED, STALE, SEEN, UNMET = 0, -1, -2, 1, 2
"""First element of the reply of `WRITE`, `OPEN` and `TRANSACT`; the second one is the epoch, or after `OK` of `WRITE`
the number of entries that were there already."""

READABLE_EPOCH = """
local NO_EPOCH = 'BADSTATE the epoch in the state is no number that a script has written'
local function is_readable(epoch)
  -- HINCRBY refuses leading zeros
  local is_number = epoch == '0' or string.match(epoch, '^[1-9]%d*$')
  return is_number and #epoch <= 16 and tonumber(epoch) <= 9007199254740992
end
"""

WRITTEN_BEFORE = "equal or smaller"
"""Part of the error of an XADD whose id is not above the stream's last one."""

_CHECKS = (
    READABLE_EPOCH
    + """
local function refusal_of_owner(owner_key, token)
  if token ~= '' and redis.call('GET', owner_key) ~= token then return {-1, 0} end
end

local function refusal_of_epoch(epoch, current)
  if current and not is_readable(current) then return redis.error_reply(NO_EPOCH) end
  if current and tonumber(current) > tonumber(epoch) then return {-2, tonumber(current)} end
end
"""
)

# An operation is {command, index into KEYS, arguments…}. An XADD whose id is not above the stream's last one was
# written before (by this owner, or by the earlier owner whose work it resumes): that is success. Any other failure
# stops the batch. SOONER is an EXPIRE that never extends a TTL. If there are long values, a number in the arguments
# stands for that ARGV: they are not packed, which saves two copies. `epoch`: replaces its mark.
_RUN = (
    _CHECKS
    + f"local WRITTEN_BEFORE = '{WRITTEN_BEFORE}'"
    + """
local function run(packed_operations, epoch, has_long)
  local skipped = 0
  for _, operation in ipairs(cmsgpack.unpack(packed_operations)) do
    local command, key = operation[1], KEYS[operation[2]]
    operation[2] = key
    if epoch or has_long then
      for i = 3, #operation do
        local value = operation[i]
        if epoch and value == '\\0epoch' then
          operation[i] = epoch
        elseif type(value) == 'number' then
          operation[i] = ARGV[value]
        end
      end
    end
    local reply
    if command ~= 'SOONER' then
      reply = redis.pcall(unpack(operation))
    elseif redis.call('TTL', key) > tonumber(operation[3]) then  -- EXPIRE … LT needs Redis 7
      reply = redis.pcall('EXPIRE', key, operation[3])
    end
    if type(reply) == 'table' and reply.err then
      if not string.find(reply.err, WRITTEN_BEFORE, 1, true) then return reply end
      skipped = skipped + 1
    end
  end
  return nil, skipped
end
"""
)

RUNS_OPERATIONS = "redis.pcall(unpack(operation))"
"""Part of the source of every script that runs packed operations."""
FIRST_WRITE_KEY, FIRST_TRANSACT_KEY = 3, 4
"""Index into KEYS of the first key that operations may name."""

FIRST_WRITE_VALUE = 4
"""Index into ARGV of the first long value of `WRITE`."""


@dataclass(frozen=True, slots=True)
class FenceArguments:
    """The inputs of every write script's checks: keys and, as text, token and epoch ("": not checked)."""

    owner_key: str
    state_key: str
    token: str = ""
    epoch: str = ""


WRITE = Script(
    _RUN
    + """
-- KEYS[3…]: the keys that the operations write to. ARGV[4…]: long values
local owner_key, state_key = KEYS[1], KEYS[2]
local token, epoch, operations = ARGV[1], ARGV[2], ARGV[3]

local refused = refusal_of_owner(owner_key, token)
if not refused and epoch ~= '' then refused = refusal_of_epoch(epoch, redis.call('HGET', state_key, 'epoch')) end
if refused then return refused end
local failed, skipped = run(operations, nil, #ARGV > 3)
if failed then return failed end
return {0, skipped}
"""
)


def write(fence: FenceArguments, *, keys: Sequence[str], operations: bytes, values: Sequence[bytes] = ()) -> Command:
    """Run the operations if the fence allows it.

    `keys`, `values`: those that operations index, from `FIRST_WRITE_KEY` and `FIRST_WRITE_VALUE` on.
    """
    return WRITE.call([fence.owner_key, fence.state_key, *keys], fence.token, fence.epoch, operations, *values)


OPEN = Script(
    _CHECKS
    + """
local owner_key, state_key, stream_key, open_key = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local token, epoch, may_make = ARGV[1], ARGV[2], ARGV[3] == '1'

local refused = refusal_of_owner(owner_key, token)
if not refused and epoch ~= '' then refused = refusal_of_epoch(epoch, redis.call('HGET', state_key, 'epoch')) end
if refused then return refused end
local opened = redis.pcall('RENAMENX', stream_key, open_key)
if type(opened) == 'table' and opened.err then
  if not (may_make and string.find(opened.err, 'no such key', 1, true)) then return opened end
  redis.call('XADD', open_key, '0-1', '', '')  -- a stream stays when its only entry is deleted
  redis.call('XDEL', open_key, '0-1')
  opened = 1
end
return opened == 1 and {0, 0} or redis.error_reply('BADSTATE there is an open stream already')
"""
)


def open_stream(fence: FenceArguments, *, stream_key: str, open_key: str, may_make: bool) -> Command:
    """Rename the stream to `open_key` if the fence allows a write. Only in a transaction that renames it back.

    `may_make`: make an empty stream if there is none; without it, that is an error.
    """
    keys = [fence.owner_key, fence.state_key, stream_key, open_key]
    return OPEN.call(keys, fence.token, fence.epoch, "1" if may_make else "")


TRANSACT = Script(
    _RUN
    + f"local MAX_WITHDRAWN = {MAX_WITHDRAWN}"
    + """
-- KEYS[4…]: the keys that the operations write to
local owner_key, state_key, once_key = KEYS[1], KEYS[2], KEYS[3]
local token, fence_epoch, operations, operations_if_talking = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local raise_epoch, talk, once_ttl_s, state_ttl_s = ARGV[5] == '1', ARGV[6], ARGV[7], ARGV[8]
local conditions, withdrawn_turn = ARGV[9], ARGV[10]
local is_once = once_ttl_s ~= ''

local function is_met(condition)
  local field, wanted, is_equal = condition[1], condition[2], condition[3]
  return ((redis.call('HGET', state_key, field) or '') == wanted) == is_equal
end

local function withdraw(turn)
  local turns = {}
  for earlier in string.gmatch(redis.call('HGET', state_key, 'withdrawn') or '', '%S+') do
    turns[#turns + 1] = earlier
  end
  turns[#turns + 1] = turn
  local first = math.max(1, #turns - MAX_WITHDRAWN + 1)
  redis.call('HSET', state_key, 'withdrawn', table.concat(turns, ' ', first))
end

local refused = refusal_of_owner(owner_key, token)
if refused then return refused end
local state = redis.call('HMGET', state_key, 'epoch', 'talk', 'tentative')
local epoch, tentative = state[1] or '0', raise_epoch and state[3]
local talking = state[2] or tentative
refused = fence_epoch ~= '' and refusal_of_epoch(fence_epoch, state[1])
if refused then return refused end
if not is_readable(epoch) then return redis.error_reply(NO_EPOCH) end
if conditions ~= '' then
  for _, condition in ipairs(cmsgpack.unpack(conditions)) do
    if not is_met(condition) then return {2, tonumber(epoch)} end
  end
end
if is_once and not redis.call('SET', once_key, '1', 'NX', 'EX', once_ttl_s) then return {1, tonumber(epoch)} end
if raise_epoch then
  epoch = tostring(redis.call('HINCRBY', state_key, 'epoch', 1))
  if talking or withdrawn_turn ~= '' then redis.call('HSET', state_key, 'cut', epoch) end
  if tentative then
    redis.call('HDEL', state_key, 'tentative')
    if tentative ~= withdrawn_turn then withdraw(tentative) end
  end
  if withdrawn_turn ~= '' then withdraw(withdrawn_turn) end
end
if talk == '1' then
  redis.call('HSET', state_key, 'talk', '1')
elseif talk == '0' then
  redis.call('HDEL', state_key, 'talk')
end
if raise_epoch or talk == '1' then redis.call('EXPIRE', state_key, state_ttl_s) end
local failed = talking and run(operations_if_talking, epoch) or run(operations, epoch)
if failed then
  if is_once then redis.call('DEL', once_key) end  -- nothing was written: a repeated call may write
  return failed
end
return {0, tonumber(epoch)}
"""
)


def transact(
    fence: FenceArguments,
    *,
    keys: Sequence[str],
    operations: bytes,
    operations_if_talking: bytes,
    raise_epoch: bool,
    talk: bool | None,
    once_key: str | None,
    once_ttl_s: int,
    state_ttl_s: int,
    conditions: bytes = b"",
    withdraw: str = "",
) -> Command:
    """The command for `Bus.transact`. `keys`: those that operations index, from `FIRST_TRANSACT_KEY` on.

    `conditions`: msgpack of [field of the state, value ("": missing), whether they must be equal].
    """
    return TRANSACT.call(
        [fence.owner_key, fence.state_key, once_key or fence.state_key, *keys],
        fence.token,
        fence.epoch,
        operations,
        operations_if_talking,
        "1" if raise_epoch else "",
        "" if talk is None else str(int(talk)),
        "" if once_key is None else once_ttl_s,
        state_ttl_s,
        conditions,
        withdraw,
    )
