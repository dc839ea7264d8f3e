"""Choosing among the waiting work of a stage whose workers differ: look, pick, set aside.

A consumer group delivers only in order. So `PICK` first delivers all entries up to the last wanted one to the consumer
`unassigned`, with 0 deliveries, and then claims the wanted ones from it.
"""

from __future__ import annotations

from collections.abc import Sequence

from tertulia_shared.bus.scripts.script import Command, Script

LOOK = Script("""
-- The reply: the waiting entries (id, age in ms, fields), the number that each worker holds, the id of the last post;
-- nil if there is no group.
local stream_key, group_name, unassigned, max_count = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3])

local groups, delivered = redis.pcall('XINFO', 'GROUPS', stream_key), nil
for _, info in ipairs(groups.err and {} or groups) do
  local group = {}
  for i = 1, #info, 2 do group[info[i]] = info[i + 1] end
  if group['name'] == group_name then delivered = group['last-delivered-id'] end
end
if not delivered then return false end

local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local waiting = {}
local function add(entry)
  waiting[#waiting + 1] = {entry[1], now_ms - tonumber(string.match(entry[1], '^%d+')), entry[2]}
end
local held = redis.call('XPENDING', stream_key, group_name)[4] or {}
for _, consumer in ipairs(held) do
  if consumer[1] == unassigned then
    local count = tonumber(consumer[2])
    local set_aside = redis.call('XPENDING', stream_key, group_name, '-', '+', count, unassigned)
    for i, pending in ipairs(set_aside) do
      -- the newest, which somebody may be waiting for, and some of the oldest
      if i <= max_count / 4 or i > count - max_count then
        local entry = redis.call('XRANGE', stream_key, pending[1], pending[1])[1]
        if entry then add(entry) end
      end
    end
  end
end
for _, entry in ipairs(redis.call('XRANGE', stream_key, '(' .. delivered, '+', 'COUNT', max_count)) do add(entry) end

local about = {}
local info = redis.call('XINFO', 'STREAM', stream_key)
for i = 1, #info, 2 do about[info[i]] = info[i + 1] end
return {waiting, held, about['last-generated-id']}
""")


def look(*, stream_key: str, group: str, unassigned: str, max_count: int) -> Command:
    """What waits: of `unassigned`, the newest `max_count` entries and a quarter as many of the oldest; and the first
    `max_count` that were not delivered yet.
    """
    return LOOK.call([stream_key], group, unassigned, max_count)


PICK = Script("""
-- ARGV[5…]: the wanted ids in ascending order. The reply: id, attempt and fields of each that was claimed.
local stream_key, group, worker, unassigned, idle_ms = KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4]

local function delivered_id()
  local groups = redis.pcall('XINFO', 'GROUPS', stream_key)
  for _, info in ipairs(groups.err and {} or groups) do
    local about = {}
    for i = 1, #info, 2 do about[info[i]] = info[i + 1] end
    if about['name'] == group then return about['last-delivered-id'] end
  end
end

local from = delivered_id()
if not from then return {} end
local preceding = redis.call('XRANGE', stream_key, '(' .. from, ARGV[#ARGV])
if #preceding > 0 then
  -- the options in a table: `bus/rights.py` would take GROUP for a subcommand
  local options = {'GROUP', group, unassigned, 'COUNT', #preceding, 'STREAMS', stream_key, '>'}
  redis.call('XREADGROUP', unpack(options))
  for _, entry in ipairs(preceding) do
    redis.call('XCLAIM', stream_key, group, unassigned, 0, entry[1], 'IDLE', idle_ms, 'RETRYCOUNT', 0, 'JUSTID')
  end
end

local picked = {}
for i = 5, #ARGV do
  local pending = redis.call('XPENDING', stream_key, group, ARGV[i], ARGV[i], 1)[1]
  if pending and pending[2] == unassigned then
    local entry = redis.call('XCLAIM', stream_key, group, worker, 0, ARGV[i])[1]
    if entry then picked[#picked + 1] = {entry[1], pending[4] + 1, entry[2]} end
  end
end
return picked
""")


def pick(
    *, stream_key: str, group: str, worker: str, unassigned: str, idle_ms: int, work_ids: Sequence[str]
) -> Command:
    """Claim those of these entries that nobody holds; `work_ids` in ascending order, at least one."""
    return PICK.call([stream_key], group, worker, unassigned, idle_ms, *work_ids)


SET_ASIDE = Script("""
local stream_key, group, worker, work_id, attempt = KEYS[1], ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local unassigned, idle_ms = ARGV[5], ARGV[6]

local pending = redis.call('XPENDING', stream_key, group, work_id, work_id, 1)[1]
if not pending or pending[2] ~= worker or pending[4] ~= attempt then return 0 end
redis.call(
  'XCLAIM', stream_key, group, unassigned, 0, work_id, 'IDLE', idle_ms, 'RETRYCOUNT', attempt - 1, 'JUSTID'
)
return 1
""")


def set_aside(
    *, stream_key: str, group: str, worker: str, work_id: str, attempt: int, unassigned: str, idle_ms: int
) -> Command:
    """Give an entry to the consumer `unassigned`, as if this attempt had not been.

    The reply is 0 if this attempt no longer holds the entry, else 1.
    """
    return SET_ASIDE.call([stream_key], group, worker, work_id, attempt, unassigned, idle_ms)


SCRIPTS: Sequence[Script] = (LOOK, PICK, SET_ASIDE)
