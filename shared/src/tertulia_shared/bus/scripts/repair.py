"""Repairs a conversation's unusable keys."""

from __future__ import annotations

from collections.abc import Sequence

from tertulia_shared.bus.scripts.script import Command, Script
from tertulia_shared.bus.scripts.writing import READABLE_EPOCH

MEND = Script(
    READABLE_EPOCH
    + """
-- KEYS[6]: given only if the owner of the turns is to be repaired, too. The reply: the names of the repaired parts.
-- For repairs only: it reads and writes whole streams.
local state_key, turns_key, events_key, owner_key = KEYS[1], KEYS[2], KEYS[3], KEYS[6]
local state_ttl_s = ARGV[1]
local STATE, FIRST_STREAM, LAST_STREAM, OWNER = 1, 2, 5, 6
local names = {'state', 'turns', 'events', 'control', 'receipts', 'owner'}
local FAR_MS, MAX_FIELDS, RAISED = 86400000, 4000, 1000
local mended = {}

local function expected_type(i) return i == STATE and 'hash' or i == OWNER and 'string' or 'stream' end
for i, key in ipairs(KEYS) do
  local found = redis.call('TYPE', key)['ok']
  if found ~= 'none' and found ~= expected_type(i) then
    redis.call('DEL', key)
    mended[#mended + 1] = names[i]
  end
end

local time = redis.call('TIME')
local far = time[1] * 1000 + FAR_MS
local function parts(id)
  local ms, seq = string.match(id, '^(%d+)%-(%d+)$')
  return tonumber(ms), tonumber(seq)
end
local function last_id(key)
  local info = redis.call('XINFO', 'STREAM', key)
  for i = 1, #info, 2 do if info[i] == 'last-generated-id' then return info[i + 1] end end
end
-- Ids are times: an id far in the future blocks all ids of the present. The entry with that id is dropped;
-- entries that were written after it get new ids.
for i = FIRST_STREAM, LAST_STREAM do
  local stream_key, ttl_s = KEYS[i], ARGV[i]
  if redis.call('EXISTS', stream_key) == 1 and parts(last_id(stream_key)) > far then
    local entries = redis.call('XRANGE', stream_key, '-', '+')
    redis.call('DEL', stream_key)
    local beyond = false
    for _, entry in ipairs(entries) do
      local is_far = parts(entry[1]) > far
      if #entry[2] <= MAX_FIELDS and (beyond or not is_far) then
        redis.call('XADD', stream_key, is_far and '*' or entry[1], unpack(entry[2]))
      end
      beyond = beyond or is_far
    end
    redis.call('EXPIRE', stream_key, ttl_s)
    mended[#mended + 1] = names[i]
  end
end

local state_was_deleted = mended[1] == 'state'
local epoch = redis.call('HGET', state_key, 'epoch')
if state_was_deleted or epoch and not is_readable(epoch) then
  -- above the epochs of the newest events, so that no worker or client has a newer epoch
  local newest = 0
  for _, entry in ipairs(redis.call('XREVRANGE', events_key, '+', '-', 'COUNT', 100)) do
    for i = 1, #entry[2], 2 do
      local value = entry[2][i + 1]
      if entry[2][i] == 'epoch' and string.match(value, '^%d+$') and #value <= 15 then
        newest = math.max(newest, tonumber(value))
      end
    end
  end
  redis.call('HSET', state_key, 'epoch', string.format('%.0f', newest + RAISED))
  redis.call('EXPIRE', state_key, state_ttl_s)
  mended[#mended + 1] = 'epoch'
end

local cursor = redis.call('HGET', state_key, 'cursor')
local ms, seq = parts(cursor or '0-0')
local is_bad = state_was_deleted or not ms or ms > far
if not is_bad and redis.call('EXISTS', turns_key) == 1 then
  local last_ms, last_seq = parts(last_id(turns_key))
  is_bad = ms > last_ms or ms == last_ms and seq > last_seq
end
if is_bad then  -- all existing turns but the last one count as answered
  local before_last = redis.call('XREVRANGE', turns_key, '+', '-', 'COUNT', 2)[2]
  redis.call('HSET', state_key, 'cursor', before_last and before_last[1] or '0-0')
  redis.call('EXPIRE', state_key, state_ttl_s)
  mended[#mended + 1] = 'cursor'
end

local owner = owner_key and redis.call('GET', owner_key)
if owner and not string.match(owner, '^%d+%-%d+/%d+$') then
  redis.call('DEL', owner_key)
  mended[#mended + 1] = 'owner'
end
return mended
"""
)


def mend(
    *,
    state_key: str,
    state_ttl_s: int,
    stream_keys: tuple[str, str, str, str],
    stream_ttls_s: tuple[int, int, int, int],
    owner_key: str | None,
) -> Command:
    """The command for `Bus.mend`. The streams: turns, events, control, receipts."""
    keys: Sequence[str] = [state_key, *stream_keys, *([] if owner_key is None else [owner_key])]
    return MEND.call(keys, state_ttl_s, *stream_ttls_s)
