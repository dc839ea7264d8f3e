"""Consumer groups of the work streams: take over, renew, finish, requeue, nack.

A script for one pending entry first checks that this worker still holds it: a worker that was paused must not change
work that a peer has taken over.
"""

from __future__ import annotations

from collections.abc import Sequence

from tertulia_shared.bus.scripts.script import Command, Script

TAKE_OVER = Script("""
-- ARGV[7…]: ids to skip
local stream_key = KEYS[1]
local group, worker, idle_ms, max_count, from_worker = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]
local skipped_worker = ARGV[6]
local left_out = {}
for i = 7, #ARGV do left_out[ARGV[i]] = true end

-- not XAUTOCLAIM: it does not return the number of deliveries, and cannot skip an entry
local consumer = from_worker ~= '' and {from_worker} or {}
local taken, from = {}, '-'
repeat
  local idle = redis.call('XPENDING', stream_key, group, 'IDLE', idle_ms, from, '+', 100, unpack(consumer))
  for _, pending in ipairs(idle) do
    local work_id, deliveries = pending[1], pending[4]
    from = '(' .. work_id
    if #taken < max_count and not left_out[work_id] and pending[2] ~= skipped_worker then
      local entry = redis.call('XCLAIM', stream_key, group, worker, idle_ms, work_id)[1]
      if entry then taken[#taken + 1] = {entry[1], deliveries + 1, entry[2]} end
    end
  end
until #idle < 100 or #taken >= max_count
return taken
""")


def take_over(
    *, stream_key: str, group: str, worker: str, idle_ms: int, max_count: int, from_worker: str, skipped_worker: str,
    left_out: Sequence[str],
) -> Command:  # fmt: skip
    """Claim pending entries of `from_worker` ("": of any worker but `skipped_worker`) that are idle for `idle_ms`.

    The reply: their ids, attempts, fields.
    """
    return TAKE_OVER.call([stream_key], group, worker, idle_ms, max_count, from_worker, skipped_worker, *left_out)


_HOLDS = """
local function holds(stream_key, group, worker, work_id, attempt)
  local pending = redis.call('XPENDING', stream_key, group, work_id, work_id, 1)[1]
  return pending and pending[2] == worker and (not attempt or pending[4] == tonumber(attempt))
end
"""

RENEW = Script(
    _HOLDS
    + """
-- ARGV[3…]: the ids. The reply: those that this worker no longer holds.
local stream_key, group, worker = KEYS[1], ARGV[1], ARGV[2]

local lost = {}
for i = 3, #ARGV do
  local work_id = ARGV[i]
  if holds(stream_key, group, worker, work_id) then
    redis.call('XCLAIM', stream_key, group, worker, 0, work_id, 'JUSTID')
  else
    lost[#lost + 1] = work_id
  end
end
return lost
"""
)


def renew(*, stream_key: str, group: str, worker: str, work_ids: Sequence[str]) -> Command:
    """Reset the idle time of these entries; the reply has the ids that this worker no longer holds."""
    return RENEW.call([stream_key], group, worker, *work_ids)


RECLAIM = Script(
    _HOLDS
    + """
local stream_key, group, worker, work_id = KEYS[1], ARGV[1], ARGV[2], ARGV[3]

if not holds(stream_key, group, worker, work_id) then return 0 end
local attempt = redis.call('XPENDING', stream_key, group, work_id, work_id, 1)[1][4] + 1
-- XCLAIM without JUSTID counts one more delivery: this fences off the token of the interrupted attempt
return redis.call('XCLAIM', stream_key, group, worker, 0, work_id)[1] and attempt or 0
"""
)


def reclaim(*, stream_key: str, group: str, worker: str, work_id: str) -> Command:
    """Begin a new attempt; the reply is its number, or 0 if this worker no longer holds the entry."""
    return RECLAIM.call([stream_key], group, worker, work_id)


FINISH = Script(
    _HOLDS
    + """
local stream_key, group, worker, work_id, attempt = KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4]

if not holds(stream_key, group, worker, work_id, attempt) then return 0 end
redis.call('XACK', stream_key, group, work_id)
redis.call('XDEL', stream_key, work_id)
return 1
"""
)


def finish(*, stream_key: str, group: str, worker: str, work_id: str, attempt: int) -> Command:
    """Acknowledge and delete an entry; the reply is 0 if this attempt no longer holds it, else 1."""
    return FINISH.call([stream_key], group, worker, work_id, attempt)


REQUEUE = Script(
    _HOLDS
    + """
local stream_key, group, worker, work_id, attempt = KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4]

if not holds(stream_key, group, worker, work_id, attempt) then return 0 end
local entry = redis.call('XRANGE', stream_key, work_id, work_id)[1]
if entry then redis.call('XADD', stream_key, '*', unpack(entry[2])) end  -- first, so that a refusal changes nothing
redis.call('XACK', stream_key, group, work_id)
redis.call('XDEL', stream_key, work_id)
return 1
"""
)


def requeue(*, stream_key: str, group: str, worker: str, work_id: str, attempt: int) -> Command:
    """Post an entry again as a new one, and finish it; the reply is 0 if this attempt no longer holds it, else 1."""
    return REQUEUE.call([stream_key], group, worker, work_id, attempt)


NACK = Script(
    _HOLDS
    + """
local stream_key, group, worker, work_id, attempt = KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local unassigned, idle_ms = ARGV[5], ARGV[6]

if not holds(stream_key, group, worker, work_id, attempt) then return 0 end
redis.call('XCLAIM', stream_key, group, unassigned, 0, work_id, 'IDLE', idle_ms, 'JUSTID')
return 1
"""
)


def nack(
    *, stream_key: str, group: str, worker: str, work_id: str, attempt: int, unassigned: str, idle_ms: int
) -> Command:
    """Give an entry to the consumer `unassigned`, idle for `idle_ms`: the next takeover gets it.

    The reply is 0 if this attempt no longer holds the entry, else 1.
    """
    return NACK.call([stream_key], group, worker, work_id, attempt, unassigned, idle_ms)


DEREGISTER = Script("""
local stream_key, group, worker, unassigned, idle_ms = KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4]

-- Redis loses the pending entries of a consumer that is deleted
while true do
  local pending = redis.call('XPENDING', stream_key, group, '-', '+', 100, worker)
  if #pending == 0 then break end
  for _, entry in ipairs(pending) do
    redis.call('XCLAIM', stream_key, group, unassigned, 0, entry[1], 'IDLE', idle_ms, 'JUSTID')
  end
end
return redis.call('XGROUP', 'DELCONSUMER', stream_key, group, worker)
""")


def deregister(*, stream_key: str, group: str, worker: str, unassigned: str, idle_ms: int) -> Command:
    """Nack all work of a worker, and delete its consumer."""
    return DEREGISTER.call([stream_key], group, worker, unassigned, idle_ms)


REQUEUE_UNSTARTED = Script("""
-- ARGV[3…]: ids of started work
local stream_key, group, worker = KEYS[1], ARGV[1], ARGV[2]
local started = {}
for i = 3, #ARGV do started[ARGV[i]] = true end

local count = 0
for _, pending in ipairs(redis.call('XPENDING', stream_key, group, '-', '+', 1000, worker)) do
  local work_id, deliveries = pending[1], pending[4]
  if deliveries == 1 and not started[work_id] then
    local entry = redis.call('XRANGE', stream_key, work_id, work_id)[1]
    if entry then redis.call('XADD', stream_key, '*', unpack(entry[2])) end
    redis.call('XACK', stream_key, group, work_id)
    redis.call('XDEL', stream_key, work_id)
    count = count + 1
  end
end
return count
""")


def requeue_unstarted(*, stream_key: str, group: str, worker: str, started: Sequence[str]) -> Command:
    """Post again, as new entries, the worker's entries that were delivered only once and are not `started`.

    The reply is their number.
    """
    return REQUEUE_UNSTARTED.call([stream_key], group, worker, *started)


FORGET_DEAD = Script("""
local stream_key, group, max_idle_ms = KEYS[1], ARGV[1], tonumber(ARGV[2])

for _, info in ipairs(redis.call('XINFO', 'CONSUMERS', stream_key, group)) do
  local consumer = {}
  for i = 1, #info, 2 do consumer[info[i]] = info[i + 1] end
  if consumer['pending'] == 0 and consumer['idle'] > max_idle_ms then
    redis.call('XGROUP', 'DELCONSUMER', stream_key, group, consumer['name'])
  end
end
return 1
""")


def forget_dead(*, stream_key: str, group: str, max_idle_ms: int) -> Command:
    """Delete consumers that have been idle for long and hold no work."""
    return FORGET_DEAD.call([stream_key], group, max_idle_ms)


BACKLOG = Script("""
-- The reply: waiting, held, handed back, age of the oldest waiting, age of the oldest of the rest (ms).
local stream_key, group_name, unassigned = KEYS[1], ARGV[1], ARGV[2]

local time = redis.call('TIME')
local function age(id)
  return time[1] * 1000 + math.floor(time[2] / 1000) - tonumber(string.match(id, '^%d+'))
end
local groups, delivered = redis.pcall('XINFO', 'GROUPS', stream_key), '0-0'
local found = false
for _, info in ipairs(groups.err and {} or groups) do
  local group = {}
  for i = 1, #info, 2 do group[info[i]] = info[i + 1] end
  if group['name'] == group_name then found, delivered = true, group['last-delivered-id'] end
end
if not found then return {0, 0, 0, 0, 0} end
local pending = redis.call('XPENDING', stream_key, group_name)
local given_out, handed_back = pending[1], 0
for _, consumer in ipairs(pending[4] or {}) do
  if consumer[1] == unassigned then handed_back = tonumber(consumer[2]) end
end
-- finished work is deleted, so every entry of the stream is waiting or pending (`lag` of XINFO needs Redis 7)
local first = redis.call('XRANGE', stream_key, '(' .. delivered, '+', 'COUNT', 1)[1]
local waiting = first and math.max(1, redis.call('XLEN', stream_key) - given_out) or 0
return {
  waiting, given_out - handed_back, handed_back,
  first and age(first[1]) or 0, given_out > 0 and age(pending[2]) or 0
}
""")


def backlog(*, stream_key: str, group: str, unassigned: str) -> Command:
    """The open work of a stage: counts and ages, all 0 if the group does not exist."""
    return BACKLOG.call([stream_key], group, unassigned)


SCRIPTS: Sequence[Script] = (
    TAKE_OVER,
    RECLAIM,
    RENEW,
    FINISH,
    REQUEUE,
    REQUEUE_UNSTARTED,
    NACK,
    DEREGISTER,
    FORGET_DEAD,
    BACKLOG,
)
