"""The Lua that runs inside Redis: what must be checked and done in one step.

Every script touches keys of one slot only: one conversation's, or one work stream. Redis 6.2 suffices.
"""

from __future__ import annotations

from tertulia_shared.bus.link import Script

OK, FENCED, STALE, SEEN = 0, -1, -2, 1

_SANE = """
local NO_EPOCH = 'BADSTATE the epoch in the state is no number that a script has written'
local function sane(epoch)
  return string.match(epoch, '^%d+$') and #epoch <= 16 and tonumber(epoch) <= 9007199254740992
end
"""

# An operation is {command, index into KEYS, arguments…}. An XADD whose id is not above the stream's last one was
# written before (by this owner, or the one it resumes): that is success. Any other failure stops the batch. SOONER is
# an EXPIRE that never prolongs a life.
_RUN = (
    _SANE
    + """
local function run(packed, epoch)
  for _, op in ipairs(cmsgpack.unpack(packed)) do
    op[2] = KEYS[tonumber(op[2])]
    if epoch then
      for i = 3, #op do if op[i] == '\\0epoch' then op[i] = epoch end end
    end
    local reply
    if op[1] ~= 'SOONER' then
      reply = redis.pcall(unpack(op))
    elseif redis.call('TTL', op[2]) > tonumber(op[3]) then  -- EXPIRE … LT came with Redis 7
      reply = redis.pcall('EXPIRE', op[2], op[3])
    end
    if type(reply) == 'table' and reply.err and not string.find(reply.err, 'equal or smaller', 1, true) then
      return reply
    end
  end
end
local function refused(token, epoch)
  if token ~= '' and redis.call('GET', KEYS[1]) ~= token then return {-1, 0} end
  if epoch ~= '' then
    local current = redis.call('HGET', KEYS[2], 'epoch')
    if current and not sane(current) then return redis.error_reply(NO_EPOCH) end
    if current and tonumber(current) > tonumber(epoch) then return {-2, tonumber(current)} end
  end
end
"""
)

WRITE = Script(
    _RUN
    + """
-- KEYS: owner, state, the keys written to   ARGV: token or '', epoch or '', operations
local no = refused(ARGV[1], ARGV[2])
if no then return no end
local failed = run(ARGV[3])
if failed then return failed end
return {0, 0}
"""
)

TRANSACT = Script(
    _RUN
    + """
-- KEYS: owner, state, once, the keys written to
-- ARGV: token, epoch, operations, operations if talking, raise '1'/'', talk '1'/'0'/'', ttl of once or '', ttl of state
local no = refused(ARGV[1], ARGV[2])
if no then return no end
local epoch = redis.call('HGET', KEYS[2], 'epoch') or '0'
if not sane(epoch) then return redis.error_reply(NO_EPOCH) end
if ARGV[7] ~= '' and not redis.call('SET', KEYS[3], '1', 'NX', 'EX', ARGV[7]) then return {1, tonumber(epoch)} end
local talking = redis.call('HGET', KEYS[2], 'talk')
if ARGV[5] == '1' then
  epoch = tostring(redis.call('HINCRBY', KEYS[2], 'epoch', 1))
  if talking then redis.call('HSET', KEYS[2], 'cut', epoch) end
  redis.call('EXPIRE', KEYS[2], ARGV[8])
end
if ARGV[6] == '1' then
  redis.call('HSET', KEYS[2], 'talk', '1')
  redis.call('EXPIRE', KEYS[2], ARGV[8])
elseif ARGV[6] == '0' then
  redis.call('HDEL', KEYS[2], 'talk')
end
local failed = talking and run(ARGV[4], epoch) or run(ARGV[3], epoch)
if failed then
  if ARGV[7] ~= '' then redis.call('DEL', KEYS[3]) end  -- it was not accepted: sent again, it is not a repetition
  return failed
end
return {0, tonumber(epoch)}
"""
)

OWN = Script("""
-- KEYS: owner, state, and turns if they are asked for
-- ARGV: work entry id, attempt, ttl of owner, how many waiting turns to bring along
-- an owner that no worker can have written owns nothing, and is overwritten (by SET also if it is no string)
local held = redis.pcall('GET', KEYS[1])
local id, attempt
if type(held) == 'string' then id, attempt = string.match(held, '^(%d+%-%d+)/(%d+)$') end
if id then
  if id ~= ARGV[1] then return {'other', held} end
  if tonumber(attempt) >= tonumber(ARGV[2]) then return {'later', held} end
end
local waiting = {}
if ARGV[4] ~= '0' then
  local cursor = redis.call('HGET', KEYS[2], 'cursor') or '0-0'
  waiting = redis.call('XRANGE', KEYS[3], '(' .. cursor, '+', 'COUNT', ARGV[4])
  local last = #waiting == 0 and redis.call('XREVRANGE', KEYS[3], '+', '-', 'COUNT', 1)[1]
  if last and last[1] ~= cursor and #redis.call('XRANGE', KEYS[3], cursor, '+', 'COUNT', 1) == 0 then
    return redis.error_reply('BADSTATE the cursor in the state lies behind the last turn')
  end
end
local state = redis.call('HGETALL', KEYS[2])
redis.call('SET', KEYS[1], ARGV[1] .. '/' .. ARGV[2], 'EX', ARGV[3])  -- last: what is refused owns nothing
return {'own', state, waiting}
""")

DISOWN = Script("""
-- KEYS: owner   ARGV: token
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
""")

HOLD = Script("""
-- KEYS: lease   ARGV: holder, ttl
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return 1
""")

RELEASE_TURNS = Script("""
-- KEYS: owner, turns, state   ARGV: token, cursor, the last interruption that was dealt with, ttl of state
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return -1 end
redis.call('HSET', KEYS[3], 'cursor', ARGV[2])
redis.call('EXPIRE', KEYS[3], ARGV[4])
if #redis.call('XRANGE', KEYS[2], '(' .. ARGV[2], '+', 'COUNT', 1) > 0 then return 0 end
local cut = redis.call('HGET', KEYS[3], 'cut')
if (cut and cut ~= '' and cut or '0') ~= ARGV[3] then return 0 end  -- '' is 0 to the worker, too
redis.call('DEL', KEYS[1])
return 1
""")

REOPEN = Script("""
-- KEYS: stream   ARGV: id of its last entry, ttl
-- A stream remembers its highest id also when that entry is gone, and Redis 7 lets XSETID go below no deleted one: so
-- it is made anew of what it had. This is for repairs; a minute of speech is 3 MB.
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
if not last or last[1] ~= ARGV[1] then return 0 end
local kept = redis.call('XRANGE', KEYS[1], '-', '(' .. ARGV[1])
redis.call('DEL', KEYS[1])
for _, entry in ipairs(kept) do redis.call('XADD', KEYS[1], entry[1], unpack(entry[2])) end
if #kept > 0 then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
return 1
""")

MEND = Script(
    _SANE
    + """
-- KEYS: state, turns, events, control, receipts, and the owner of the turns if it is to be repaired, too
-- ARGV: the TTLs of the first five
-- Repairs what no code can work with, and answers with the names of what it repaired. For repairs only: it reads and
-- writes whole streams.
local FAR_MS, MAX_FIELDS, RAISED = 86400000, 4000, 1000
local names = {'state', 'turns', 'events', 'control', 'receipts', 'owner'}
local mended = {}
for i, key in ipairs(KEYS) do
  local found = redis.call('TYPE', key)['ok']
  if found ~= 'none' and found ~= (i == 1 and 'hash' or i == 6 and 'string' or 'stream') then
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
-- ids are times: one that lies far in the future stands in the way of all that follow it. The entry that brought it is
-- dropped, those that were written behind it get new ids.
for i = 2, 5 do
  if redis.call('EXISTS', KEYS[i]) == 1 and parts(last_id(KEYS[i])) > far then
    local entries = redis.call('XRANGE', KEYS[i], '-', '+')
    redis.call('DEL', KEYS[i])
    local beyond = false
    for _, entry in ipairs(entries) do
      local is_far = parts(entry[1]) > far
      if #entry[2] <= MAX_FIELDS and (beyond or not is_far) then
        redis.call('XADD', KEYS[i], is_far and '*' or entry[1], unpack(entry[2]))
      end
      beyond = beyond or is_far
    end
    redis.call('EXPIRE', KEYS[i], ARGV[i])
    mended[#mended + 1] = names[i]
  end
end
local lost = mended[1] == 'state'
local epoch = redis.call('HGET', KEYS[1], 'epoch')
if lost or epoch and not sane(epoch) then
  -- above all that was told lately: nothing that a worker or a client still has may count as newer
  local newest = 0
  for _, entry in ipairs(redis.call('XREVRANGE', KEYS[3], '+', '-', 'COUNT', 100)) do
    for i = 1, #entry[2], 2 do
      local value = entry[2][i + 1]
      if entry[2][i] == 'epoch' and string.match(value, '^%d+$') and #value <= 15 then
        newest = math.max(newest, tonumber(value))
      end
    end
  end
  redis.call('HSET', KEYS[1], 'epoch', string.format('%.0f', newest + RAISED))
  redis.call('EXPIRE', KEYS[1], ARGV[1])
  mended[#mended + 1] = 'epoch'
end
local cursor = redis.call('HGET', KEYS[1], 'cursor')
local ms, seq = parts(cursor or '0-0')
local bad = lost or not ms or ms > far
if not bad and redis.call('EXISTS', KEYS[2]) == 1 then
  local last_ms, last_seq = parts(last_id(KEYS[2]))
  bad = ms > last_ms or ms == last_ms and seq > last_seq
end
if bad then  -- of the turns that are there all but the last one count as answered
  local before = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 2)[2]
  redis.call('HSET', KEYS[1], 'cursor', before and before[1] or '0-0')
  redis.call('EXPIRE', KEYS[1], ARGV[1])
  mended[#mended + 1] = 'cursor'
end
local owner = KEYS[6] and redis.call('GET', KEYS[6])
if owner and not string.match(owner, '^%d+%-%d+/%d+$') then
  redis.call('DEL', KEYS[6])
  mended[#mended + 1] = 'owner'
end
return mended
"""
)

TAKE_OVER = Script("""
-- KEYS: work stream   ARGV: group, worker, idle ms, count, the consumer to take it from ('': any), ids to leave…
-- not XAUTOCLAIM: it tells neither how often an entry was delivered, nor can it leave one
local out, from, wanted, leave = {}, '-', tonumber(ARGV[4]), {}
local of = ARGV[5] ~= '' and {ARGV[5]} or {}
for i = 6, #ARGV do leave[ARGV[i]] = true end
repeat
  local idle = redis.call('XPENDING', KEYS[1], ARGV[1], 'IDLE', ARGV[3], from, '+', 100, unpack(of))
  for _, pending in ipairs(idle) do
    from = '(' .. pending[1]
    if #out < wanted and not leave[pending[1]] then
      local entry = redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], ARGV[3], pending[1])[1]
      if entry then out[#out + 1] = {entry[1], pending[4] + 1, entry[2]} end
    end
  end
until #idle < 100 or #out >= wanted
return out
""")

# What follows first asks who owns the pending entry: a worker that was paused must not touch what a peer has claimed.
_MINE = """
local function mine(id, attempt)
  local pending = redis.call('XPENDING', KEYS[1], ARGV[1], id, id, 1)[1]
  return pending and pending[2] == ARGV[2] and (not attempt or pending[4] == tonumber(attempt))
end
"""

RENEW = Script(
    _MINE
    + """
-- KEYS: work stream   ARGV: group, worker, ids…   → the ids that are no longer this worker's
local lost = {}
for i = 3, #ARGV do
  if mine(ARGV[i]) then
    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[i], 'JUSTID')
  else
    lost[#lost + 1] = ARGV[i]
  end
end
return lost
"""
)

RECLAIM = Script(
    _MINE
    + """
-- KEYS: work stream   ARGV: group, worker, id   → the number of the new attempt, 0 if it is no longer this worker's
-- XCLAIM without JUSTID counts one more delivery: the token of the attempt that was interrupted is fenced off
if not mine(ARGV[3]) then return 0 end
local attempt = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1)[1][4] + 1
return redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[3])[1] and attempt or 0
"""
)

FINISH = Script(
    _MINE
    + """
-- KEYS: work stream   ARGV: group, worker, id, attempt
if not mine(ARGV[3], ARGV[4]) then return 0 end
redis.call('XACK', KEYS[1], ARGV[1], ARGV[3])
redis.call('XDEL', KEYS[1], ARGV[3])
return 1
"""
)

PASS_ON = Script(
    _MINE
    + """
-- KEYS: work stream   ARGV: group, worker, id, attempt
-- it becomes a new entry: whoever waits for work has it at once, where a pending one has to be looked for
if not mine(ARGV[3], ARGV[4]) then return 0 end
local entry = redis.call('XRANGE', KEYS[1], ARGV[3], ARGV[3])[1]
if entry then redis.call('XADD', KEYS[1], '*', unpack(entry[2])) end  -- first: where it is refused, nothing is done
redis.call('XACK', KEYS[1], ARGV[1], ARGV[3])
redis.call('XDEL', KEYS[1], ARGV[3])
return 1
"""
)

HAND_BACK = Script(
    _MINE
    + """
-- KEYS: work stream   ARGV: group, worker, id, attempt, nobody, idle ms
-- it goes to nobody, not heard of for very long: the next take-over gets it
if not mine(ARGV[3], ARGV[4]) then return 0 end
redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[5], 0, ARGV[3], 'IDLE', ARGV[6], 'JUSTID')
return 1
"""
)

RETIRE = Script("""
-- KEYS: work stream   ARGV: group, worker, nobody, idle ms
-- a consumer with pending entries must not be deleted: they would be lost
while true do
  local pending = redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 100, ARGV[2])
  if #pending == 0 then break end
  for _, entry in ipairs(pending) do
    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[3], 0, entry[1], 'IDLE', ARGV[4], 'JUSTID')
  end
end
return redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
""")

FORGET_DEAD = Script("""
-- KEYS: work stream   ARGV: group, idle ms   consumers that were killed long ago and own nothing
for _, info in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local consumer = {}
  for i = 1, #info, 2 do consumer[info[i]] = info[i + 1] end
  if consumer['pending'] == 0 and consumer['idle'] > tonumber(ARGV[2]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], consumer['name'])
  end
end
return 1
""")

BACKLOG = Script("""
-- KEYS: work stream   ARGV: group, nobody   → waiting, held, handed back, oldest waiting, oldest of the rest (ms)
-- finished work is deleted, so what the stream has is waiting or given out (XINFO's own `lag` is Redis 7's)
local time = redis.call('TIME')
local function age(id)
  return time[1] * 1000 + math.floor(time[2] / 1000) - tonumber(string.match(id, '^%d+'))
end
local groups, delivered = redis.pcall('XINFO', 'GROUPS', KEYS[1]), '0-0'
local found = false
for _, info in ipairs(groups.err and {} or groups) do
  local group = {}
  for i = 1, #info, 2 do group[info[i]] = info[i + 1] end
  if group['name'] == ARGV[1] then found, delivered = true, group['last-delivered-id'] end
end
if not found then return {0, 0, 0, 0, 0} end
local pending = redis.call('XPENDING', KEYS[1], ARGV[1])
local given_out, handed_back = pending[1], 0
for _, consumer in ipairs(pending[4] or {}) do
  if consumer[1] == ARGV[2] then handed_back = tonumber(consumer[2]) end
end
local first = redis.call('XRANGE', KEYS[1], '(' .. delivered, '+', 'COUNT', 1)[1]
local waiting = first and math.max(1, redis.call('XLEN', KEYS[1]) - given_out) or 0
return {
  waiting, given_out - handed_back, handed_back,
  first and age(first[1]) or 0, given_out > 0 and age(pending[2]) or 0
}
""")

WRITING = (WRITE, TRANSACT)
CALLING = (
    OWN, DISOWN, HOLD, RELEASE_TURNS, REOPEN, MEND, TAKE_OVER, RECLAIM, RENEW, FINISH, PASS_ON, HAND_BACK, RETIRE,
    FORGET_DEAD, BACKLOG,
)  # fmt: skip
