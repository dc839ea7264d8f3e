"""The scripts for owner keys and leases."""

from __future__ import annotations

from collections.abc import Sequence

from tertulia_shared.bus.scripts.script import Command, Script

OWN = Script("""
-- KEYS[3]: given only if waiting turns are asked for. ARGV[5…]: the only fields of the state that are returned
local owner_key, state_key, turns_key = KEYS[1], KEYS[2], KEYS[3]
local work_id, attempt, owner_ttl_s, max_waiting = ARGV[1], ARGV[2], ARGV[3], ARGV[4]

-- an invalid owner owns nothing, and is overwritten (SET replaces any type)
local held = redis.pcall('GET', owner_key)
local held_id, held_attempt
if type(held) == 'string' then held_id, held_attempt = string.match(held, '^(%d+%-%d+)/(%d+)$') end
if held_id then
  if held_id ~= work_id then return {'other', held} end
  if tonumber(held_attempt) >= tonumber(attempt) then return {'later', held} end
end
local state, waiting = {}, {}
if ARGV[5] then
  local values = redis.call('HMGET', state_key, unpack(ARGV, 5))
  for i, value in ipairs(values) do
    if value then
      state[#state + 1] = ARGV[4 + i]
      state[#state + 1] = value
    end
  end
else
  state = redis.call('HGETALL', state_key)
end
if max_waiting ~= '0' then
  local cursor = '0-0'
  for i = 1, #state, 2 do
    if state[i] == 'cursor' then cursor = state[i + 1] end
  end
  waiting = redis.call('XRANGE', turns_key, '(' .. cursor, '+', 'COUNT', max_waiting)
  local last = #waiting == 0 and redis.call('XREVRANGE', turns_key, '+', '-', 'COUNT', 1)[1]
  if last and last[1] ~= cursor and #redis.call('XRANGE', turns_key, cursor, '+', 'COUNT', 1) == 0 then
    return redis.error_reply('BADSTATE the cursor in the state lies behind the last turn')
  end
end
-- set this last: a call that fails before this line owns nothing
redis.call('SET', owner_key, work_id .. '/' .. attempt, 'EX', owner_ttl_s)
return {'own', state, waiting}
""")


def own(
    *, owner_key: str, state_key: str, turns_key: str, work_id: str, attempt: int, owner_ttl_s: int, max_waiting: int,
    fields: Sequence[str] = (),
) -> Command:  # fmt: skip
    """Become the owner. The turns' key is passed only if it is read: not every service may access it.

    `fields`: of the state, return only these; all fields without them. With `max_waiting`, all are needed.
    """
    keys = [owner_key, state_key, *([turns_key] if max_waiting else [])]
    return OWN.call(keys, work_id, attempt, owner_ttl_s, max_waiting, *fields)


DISOWN = Script("""
local owner_key, token = KEYS[1], ARGV[1]

if redis.call('GET', owner_key) == token then return redis.call('DEL', owner_key) end
return 0
""")


def disown(*, owner_key: str, token: str) -> Command:
    """Delete an owner key or a lease, if it holds this token."""
    return DISOWN.call([owner_key], token)


ACQUIRE_LEASE = Script("""
local lease_key, holder, ttl_s = KEYS[1], ARGV[1], ARGV[2]

local held = redis.call('GET', lease_key)
if held and held ~= holder then return 0 end
redis.call('SET', lease_key, holder, 'EX', ttl_s)
return 1
""")


def acquire_lease(*, lease_key: str, holder: str, ttl_s: int) -> Command:
    """Take or renew a lease; the reply is 0 if another holds it, else 1."""
    return ACQUIRE_LEASE.call([lease_key], holder, ttl_s)


RELEASED = 1
"""The reply of `RELEASE_TURNS` if the turns are released."""
RELEASE_TURNS = Script("""
local owner_key, turns_key, state_key = KEYS[1], KEYS[2], KEYS[3]
local token, cursor, settled_cut, state_ttl_s, max_waiting = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]

if redis.call('GET', owner_key) ~= token then return -1 end
-- a hash that had the field has a TTL, too, which was renewed when the turn was written
if redis.call('HSET', state_key, 'cursor', cursor) > 0 then redis.call('EXPIRE', state_key, state_ttl_s) end
local waiting = redis.call('XRANGE', turns_key, '(' .. cursor, '+', 'COUNT', max_waiting)
local cut = redis.call('HGET', state_key, 'cut')
-- the worker, too, reads '' as 0
if #waiting > 0 or (cut and cut ~= '' and cut or '0') ~= settled_cut then
  return {redis.call('HGETALL', state_key), waiting}
end
redis.call('DEL', owner_key)
return 1
""")


def release_turns(
    *, owner_key: str, turns_key: str, state_key: str, token: str, cursor: str, settled_cut: int, state_ttl_s: int,
    max_waiting: int,
) -> Command:  # fmt: skip
    """Store the cursor, and release the turns if no turn waits and the last interruption is settled.

    The reply is `RELEASED`, the state and the waiting turns (still owned), or `FENCED`.
    """
    return RELEASE_TURNS.call([owner_key, turns_key, state_key], token, cursor, settled_cut, state_ttl_s, max_waiting)


REOPEN = Script("""
local stream_key, final_id, ttl_s = KEYS[1], ARGV[1], ARGV[2]

-- A stream remembers its highest id even after a deletion, and Redis 7 does not let XSETID go below a deleted id. So
-- this deletes the stream and writes the other entries again. Only for repairs; a minute of speech is 3 MB.
local last = redis.call('XREVRANGE', stream_key, '+', '-', 'COUNT', 1)[1]
if not last or last[1] ~= final_id then return 0 end
local kept = redis.call('XRANGE', stream_key, '-', '(' .. final_id)
redis.call('DEL', stream_key)
for _, entry in ipairs(kept) do redis.call('XADD', stream_key, entry[1], unpack(entry[2])) end
if #kept > 0 then redis.call('EXPIRE', stream_key, ttl_s) end
return 1
""")


def reopen(*, stream_key: str, final_id: str, ttl_s: int) -> Command:
    """Delete the stream's last entry if its id is `final_id`; ids above that of the entry before it are then free."""
    return REOPEN.call([stream_key], final_id, ttl_s)


SCRIPTS: Sequence[Script] = (OWN, DISOWN, ACQUIRE_LEASE, RELEASE_TURNS, REOPEN)
