import {
  CAREFUL_MS,
  MOST_SET_BACK_MS,
  REMEMBERED_ALBUMS,
  REMEMBERED_MS,
  REMEMBERED_UPDATES,
  SUSPECT_CRASHES,
} from "../limits.ts";
import { LONGEST_PAUSE_MS } from "../album_rules.ts";
import { MOST_CHARS } from "../gathered_calls.ts";

/*
 * What the store does, as one Lua script per operation. A script is atomic: nothing happens between its commands.
 *
 * Every script gets all keys of the store, so that Redis Cluster can refuse it before it has done anything while the
 * keys are on their way to another node, and the same four first arguments: the owner (one per open store), its lease in
 * milliseconds, the time in milliseconds or "" for the server's, and the number of the call, which is the token of what
 * the call claims. It answers with texts only.
 *
 * "look", "add" and "complete" get several calls at once: instead of one number, "" is the fourth argument, and each call
 * that adds or completes has its own before its arguments.
 *
 * - `batches`: id → the batch, as MessagePack. Ids count up and have 13 characters each.
 * - `updates`: update_id → the id of its batch, then its JSON.
 * - `lanes`: lane → the ids of its first batch, of its last one, and of those that collect.
 * - `links`: id → the id of the next batch in its lane.
 * - `albums`: lane and album key → the id of the batch that collects.
 * - `due`: the first batches of their lanes that nobody has claimed, by when they fall due. Those of them that collect
 *   and are due when it is quiet are in `quiet` instead, and in `longest` by when they are due at the latest.
 * - `reserved`: first batches that are due, by the owner that they are reserved for. In `due`, these are then due when the
 *   reservation ends.
 * - `claims`: claimed batches, by their owner. The token of a claim is the call that has made it; `told`, the latest call that
 *   was told of it again. `owners`: owners, by when their lease ends.
 * - `ages`: all batches, by when they began.
 * - `recent`, `recent-albums`: what is remembered, by when it was handled.
 * - `parked`: id → the parked batch; `parked-ids`: by its id; `parked-until`: by when it is dropped.
 * - `meta`: the format, the latest batch id, when an owner was found dead, `latest`, the time when somebody renewed last, and
 *   `ahead`, by how many milliseconds the time of the store is ahead of the server's clock; and for each owner `n:` and `c:`, how many
 *   updates and characters it has added, and `k:`, its latest call that claimed.
 * - `wakes`: counts what other processes must be told. They are also told on a channel of that name: a prefix that the client
 *   puts before all keys is not a part of it, since clients subscribe without.
 */
const KEYS = [
  ...[
    "meta",
    "batches",
    "updates",
    "lanes",
    "links",
    "albums",
    "due",
    "quiet",
    "longest",
    "reserved",
    "claims",
  ],
  ...["owners", "ages", "recent", "recent-albums", "parked", "parked-ids", "parked-until", "wakes"],
] as const;

/** The keys of a store, in the order that the scripts expect. All have one hash tag, so that Redis Cluster keeps them together. */
export function keysOf(name: string): readonly string[] {
  return KEYS.map((key) => `{telehook:${name}}:${key}`);
}

/** The key that counts wake-ups, which is also the channel that they are published on. */
export function wakesOf(name: string): string {
  return `{telehook:${name}}:wakes`;
}

/** Version of the keys. A store refuses to open keys of a later one. */
export const FORMAT = 1;

const NAMES = `
local meta, batches, updates, lanes, links, albums, due, quiet, longest, reserved, claims,
  owners, ages, recent, recentAlbums, parked, parkedIds, parkedUntil, wakes = unpack(KEYS)
local me, lease, token = ARGV[1], tonumber(ARGV[2]), ARGV[4]
local channel = wakes:match('{telehook:[^{}]*}:wakes$') or wakes
local results = {} -- of several calls
local R = redis.call
local now = tonumber(ARGV[3])
if not now then
  local time = R('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end
local ahead = tonumber(R('HGET', meta, 'ahead') or 0)
now = now + ahead
local nowText = string.format('%.0f', now) -- a number would be made a text again for each command

`;

const COMMON = `
local soonest, soonestAt -- the first batch that this call has made claimable
local looks = true -- whether the answer must say what falls due: if nothing has changed, the caller has been told before
local others -- how many other owners there are, once it is known
local count, chars -- of what this owner has added, if this call has changed them
local told = {} -- owners that must look for what is reserved for them
local answered = 0 -- characters of the updates in the answer
local tallies = {} -- of owners: how many updates and characters this call adds to what they have added

local function get(id)
  local packed = R('HGET', batches, id)
  return packed and cmsgpack.unpack(packed)
end

local function put(id, b)
  R('HSET', batches, id, cmsgpack.pack(b))
end

local function lane(name)
  local s = R('HGET', lanes, name)
  if s then return s:sub(1, 13), s:sub(14, 26), s:sub(27) end
  return nil, nil, ''
end

local function setLane(name, first, last, open)
  R('HSET', lanes, name, first .. last .. open)
end

local function albumKey(b)
  return b.lane .. '\\n' .. b.album
end

local function isAlive(owner)
  local score = R('ZSCORE', owners, owner)
  return score and tonumber(score) > now
end

local function isForAnother(b)
  return b.res and b.res ~= me and b.resUntil > now and b.due <= now and isAlive(b.res)
end

local function reserve(id, b)
  R('ZADD', due, b.resUntil, id)
  R('ZADD', reserved, b.res, id)
end

local function offer(id, b)
  looks = true
  if isForAnother(b) then
    reserve(id, b)
    told[#told + 1] = b.res
    return
  end
  if b.open and b.why == 'quiet' then
    R('ZADD', quiet, b.due, id)
    R('ZADD', longest, (b.base or b.began) + b.wait, id)
  else
    R('ZADD', due, b.due, id)
  end
  if not soonest or b.due < soonestAt then soonest, soonestAt = id, b.due end
end

local function unoffer(id, b)
  R('ZREM', due, id)
  if b.album then
    R('ZREM', quiet, id)
    R('ZREM', longest, id)
  end
  if b.res then R('ZREM', reserved, id) end
end

local function tally(owner, n, more)
  local t = tallies[owner] or {0, 0}
  tallies[owner] = {t[1] + n, t[2] + more}
end

local function noteTallies()
  for owner, t in pairs(tallies) do
    local left = R('HINCRBY', meta, 'n:' .. owner, t[1])
    local size = R('HINCRBY', meta, 'c:' .. owner, t[2])
    if owner == me then count, chars = left, size end
    if left <= 0 and owner ~= me and not R('ZSCORE', owners, owner) then
      R('HDEL', meta, 'n:' .. owner, 'c:' .. owner)
    end
  end
end

local function idOf(number)
  return string.format('b%012d', number)
end

-- Puts a new batch at the end of its lane, of which the first and the last batch and those that collect are given.
local function append(id, b, first, last, open)
  if b.open then
    open = open .. id
    R('HSET', albums, albumKey(b), id)
  end
  if first then R('HSET', links, last, id) end
  setLane(b.lane, first or id, id, open)
  R('ZADD', ages, b.began, id)
  put(id, b)
  if not first and not b.owner then offer(id, b) end
end

-- Takes a batch out of its lane.
local function unlink(id, b)
  local first, last, open = lane(b.lane)
  local behind = first ~= last and R('HGET', links, id)
  if behind then R('HDEL', links, id) end
  if first == id then
    if not behind then
      R('HDEL', lanes, b.lane)
      return
    end
    setLane(b.lane, behind, last, open)
    local following = get(behind)
    if following and not following.owner then offer(behind, following) end
    return
  end
  local before = first -- only claimed ones can be before it
  while before do
    local following = R('HGET', links, before)
    if following == id then break end
    before = following
  end
  if not before then return end
  if behind then R('HSET', links, before, behind) else R('HDEL', links, before) end
  setLane(b.lane, first, behind and last or before, open)
end

local function delete(id, b)
  R('ZREM', claims, id)
  R('HDEL', batches, id)
  R('ZREM', ages, id)
  for _, part in ipairs(b.parts) do R('HDEL', updates, part[1]) end
  unlink(id, b)
  for _, part in ipairs(b.parts) do tally(part[3], -1, -part[2]) end
end

local function bound(set, most)
  R('ZREMRANGEBYRANK', set, 0, -most - 1)
  R('ZREMRANGEBYSCORE', set, '-inf', now - ${REMEMBERED_MS})
end

local function partIds(b)
  local ids = {}
  for i, part in ipairs(b.parts) do ids[i] = part[1] end
  return ids
end

local function remember(ids)
  local scored, isTime = {}, false -- now and then, what is too old is forgotten
  for _, id in ipairs(ids) do
    scored[#scored + 1] = nowText
    scored[#scored + 1] = id
    isTime = isTime or tonumber(id) % 16 == 0
  end
  R('ZADD', recent, unpack(scored))
  if isTime then bound(recent, ${REMEMBERED_UPDATES}) end
end

local function known(id)
  local here = R('HGET', updates, id)
  if here then return here:sub(1, 13) end
  local at = R('ZSCORE', recent, id)
  return at and tonumber(at) > now - ${REMEMBERED_MS} and ''
end

-- What an album is with one part more; as albumState in album_rules.ts.
local function collect(b, quietMs, maxWaitMs, mostParts)
  b.quiet, b.last = quietMs, now
  if #b.parts >= mostParts then
    b.open, b.due, b.why = nil, now, 'full'
    return
  end
  local quietAt, lastAt = now + quietMs, (b.base or b.began) + maxWaitMs
  b.open = true
  if quietAt <= lastAt then b.due, b.why = quietAt, 'quiet' else b.due, b.why = lastAt, 'maxWait' end
end

-- Ends the collecting of a batch: the caller saves it.
local function stopCollecting(id, b)
  b.open = nil
  R('HDEL', albums, albumKey(b))
  local first, last, open = lane(b.lane)
  setLane(b.lane, first, last, (open:gsub(id, '')))
end

local function take(id, b)
  if b.open then stopCollecting(id, b) end
  if b.album then
    R('ZADD', recentAlbums, now, albumKey(b))
    bound(recentAlbums, ${REMEMBERED_ALBUMS})
  end
  unoffer(id, b)
  b.res, b.resUntil = nil, nil
  b.owner, b.token = me, token
  R('ZADD', claims, me, id)
  put(id, b)
end

-- Ends a claim: the batch is due at that time.
local function release(id, b, at)
  R('ZREM', claims, id)
  b.owner, b.token, b.told, b.due = nil, nil, nil, at
  put(id, b)
  if lane(b.lane) == id then offer(id, b) end
end

local function held(id, itsToken)
  local b = get(id)
  return b and b.owner == me and b.token == itsToken and b
end

-- Albums that were collecting while nobody was here, or when an owner ended: their sender needs time to come back, once.
local function extendAlbums()
  for _, id in ipairs(R('HVALS', albums)) do
    local b = get(id)
    local waits = b and now - b.last >= ${LONGEST_PAUSE_MS} and b.due > now
    if b and b.open and not waits then
      local extra = 2000 + math.min(math.max(0, now - b.last), ${LONGEST_PAUSE_MS})
      b.due, b.why, b.base = now + b.quiet + extra, 'quiet', now + extra
      put(id, b)
      if lane(b.lane) == id then
        unoffer(id, b)
        offer(id, b)
      end
    end
  end
end

local function freeReserved(owner)
  for _, id in ipairs(R('ZRANGEBYSCORE', reserved, owner, owner)) do
    R('ZREM', reserved, id)
    local b = get(id)
    if b then
      b.res, b.resUntil = nil, nil
      put(id, b)
      offer(id, b)
    end
  end
end

-- Owners that have ended without closing the store: what they had claimed is due again.
local function sweep()
  for _, owner in ipairs(R('ZRANGEBYSCORE', owners, '-inf', now, 'LIMIT', 0, 3)) do
    if owner ~= me then
      local ids = R('ZRANGEBYSCORE', claims, owner, owner)
      local found, suspects = {}, 0
      for i, id in ipairs(ids) do
        found[i] = get(id)
        if found[i] and (found[i].crashes or 0) >= ${SUSPECT_CRASHES} then suspects = suspects + 1 end
      end
      for i, id in ipairs(ids) do
        local b = found[i]
        if b then
          local isSuspect = (b.crashes or 0) >= ${SUSPECT_CRASHES}
          b.crashes = (b.crashes or 0) + 1
          if #ids == 1 or (isSuspect and suspects == 1) then b.alone = (b.alone or 0) + 1 end
          release(id, b, now)
        else
          R('ZREM', claims, id)
        end
      end
      R('ZREM', owners, owner)
      R('HDEL', meta, 'k:' .. owner)
      -- Otherwise they are deleted with the last of its updates.
      if tonumber(R('HGET', meta, 'n:' .. owner) or 0) <= 0 then R('HDEL', meta, 'n:' .. owner, 'c:' .. owner) end
      R('HSET', meta, 'dead', now)
      freeReserved(owner)
      extendAlbums()
    end
  end
end

-- The batch as the client gets it: its facts, then the JSON of each of its updates.
local function describe(answer, id, b)
  local ids = partIds(b)
  answer[#answer + 1] = cjson.encode({
    id = id, token = token, lane = b.lane, ids = ids, album = b.album, late = b.late, why = b.why,
    waited = math.max(0, now - b.began), attempts = b.attempts, failures = b.failures,
    crashes = b.crashes, alone = b.alone, replay = b.replay,
  })
  for _, stored in ipairs(R('HMGET', updates, unpack(ids))) do
    answer[#answer + 1] = stored and stored:sub(14) or ''
    answered = answered + #answer[#answer]
  end
end

-- Claims what is due, the first to fall due first, unless the answer is long. Without extra, nothing that collects.
local function claimDue(answer, most, extra)
  local taken = 0
  if extra and extra > 0 then
    for _, id in ipairs(R('ZRANGEBYSCORE', longest, '-inf', now)) do
      local b = get(id)
      R('ZREM', longest, id)
      R('ZREM', quiet, id)
      if b then R('ZADD', due, b.due, id) end
    end
  end
  local own = {} -- what is reserved for this owner: all of it is due
  for i, id in ipairs(R('ZRANGEBYSCORE', reserved, me, me, 'LIMIT', 0, most)) do
    local b = get(id)
    own[i] = {id, b and b.due or 0}
  end
  table.sort(own, function (x, y) return x[2] < y[2] end)
  while taken < most and answered < ${MOST_CHARS} do
    local d = R('ZRANGE', due, 0, 0, 'WITHSCORES')
    local q = extra and R('ZRANGE', quiet, 0, 0, 'WITHSCORES') or {}
    local id, at = d[1], tonumber(d[2] or '1e300')
    local quietAt = tonumber(q[2] or '1e300')
    if quietAt + (extra or 0) <= now and quietAt < at then id, at = q[1], quietAt end
    if own[1] and own[1][2] <= at then id, at = unpack(table.remove(own, 1)) end
    if at > now then break end
    local b = get(id)
    if not b or b.owner then
      R('ZREM', due, id)
      R('ZREM', quiet, id)
      R('ZREM', reserved, id)
    elseif isForAnother(b) then
      reserve(id, b)
    else
      take(id, b)
      describe(answer, id, b)
      taken = taken + 1
      looks = true
    end
  end
  return taken
end

-- What an earlier execution of this very call has claimed: a client may send it again when a connection breaks.
local function claimedBefore(answer)
  local isFound = false
  for _, id in ipairs(R('ZRANGEBYSCORE', claims, me, me)) do
    local b = get(id)
    if b and b.token == token then
      describe(answer, id, b)
      isFound = true
    end
  end
  return isFound
end

-- Tells the others what they must know, and completes the answer: status, count, chars, milliseconds until
-- something is due, the number of the latest news that this includes if there are others, other owners, payload.
local function finish(answer, extra)
  others = others or R('ZCARD', owners) - 1
  if looks then
    local d = R('ZRANGE', due, 0, 0, 'WITHSCORES')
    local q = R('ZRANGE', quiet, 0, 0, 'WITHSCORES')
    local dueAt, quietAt = tonumber(d[2] or '1e300'), tonumber(q[2] or '1e300')
    if others > 0 then
      local isSooner = soonest and soonest == (quietAt < dueAt and q[1] or d[1])
      if isSooner or #told > 0 then R('INCR', wakes) end
      if isSooner then
        redis.pcall('PUBLISH', channel, me .. ' ' .. math.max(0, math.min(dueAt, quietAt) - now))
      end
      for _, owner in ipairs(told) do redis.pcall('PUBLISH', channel, me .. ' 0 ' .. owner) end
    end
    local at = math.min(dueAt, quietAt + (extra or 0))
    if extra and extra > 0 then
      at = math.min(at, tonumber(R('ZRANGE', longest, 0, 0, 'WITHSCORES')[2] or '1e300'))
    end
    if at > now and R('ZCOUNT', reserved, me, me) > 0 then at = now end
    answer[4] = at < 1e300 and string.format('%.0f', math.max(0, at - now)) or ''
    if others > 0 then answer[5] = R('GET', wakes) or '0' end
  end
  noteTallies()
  if not count then
    local counts = R('HMGET', meta, 'n:' .. me, 'c:' .. me)
    count, chars = counts[1] or '0', counts[2] or '0'
  end
  answer[2], answer[3] = tostring(count), tostring(chars)
  answer[6] = tostring(others)
  return answer
end

-- Runs each of several calls that has no result yet. A result is a status and what follows it. A call that fails does not
-- harm the others.
local function each(arguments, run)
  for n = 1, (#ARGV - 4) / arguments do
    if not results[n] then
      local i = 5 + (n - 1) * arguments
      token = ARGV[i]
      local isDone, result = pcall(run, i)
      results[n] = isDone and result or {'failed', type(result) == 'table' and result.err or tostring(result)}
    end
  end
end

-- The answer to several calls: after what every answer begins with, the status of each, how many texts follow, and these.
local function finishAll()
  local answer = {'ok', '', '', '', '', ''}
  for _, result in ipairs(results) do
    answer[#answer + 1] = result[1]
    answer[#answer + 1] = tostring(#result - 1)
    for i = 2, #result do answer[#answer + 1] = result[i] end
  end
  return finish(answer)
end
`;

/** Begins every script but those that begin and end the use of the store: "?" if this owner was taken for dead. */
const GUARD = `
local leaseEnds = R('ZRANGE', owners, 0, -1, 'WITHSCORES') -- the first to end first
local mine
for i = 1, #leaseEnds, 2 do
  if leaseEnds[i] == me then mine = tonumber(leaseEnds[i + 1]) end
end
if not mine then return {'?'} end
if mine - now < lease * 0.75 then
  local kept = redis.pcall('ZADD', owners, now + lease, me)
  -- If the memory is full, the next renewal does this. If it cannot be written to, the server is of no use.
  if type(kept) == 'table' and kept.err and not kept.err:find('OOM') then return kept end
end
if tonumber(leaseEnds[2]) <= now then sweep() else others = #leaseEnds / 2 - 1 end
`;

/**
 * Begins the scripts that begin the use of the store and that renew. The server's clock may be set back, or another server
 * take over whose clock is behind: the time of the store goes on from the latest that was seen, or all that waits would wait
 * for as long as that is.
 */
const KEEP_TIME = `
local latest = tonumber(R('HGET', meta, 'latest') or 0)
if latest - now > ${MOST_SET_BACK_MS} then
  R('HINCRBY', meta, 'ahead', string.format('%.0f', latest - now))
  now, nowText = latest, string.format('%.0f', latest)
end
R('HSET', meta, 'latest', nowText)
`;

/**
 * Begins the scripts that lead to something being handled, and removed in the end: a server whose memory is full lets a
 * script add what it needs once that has written something that needs no memory.
 */
const MAKES_ROOM = `
R('ZREM', owners, '')
`;

const ENTER = `
local format = R('HGET', meta, 'format')
if format and tonumber(format) > ${FORMAT} then return {'format', format} end
if not format then R('HSET', meta, 'format', ${FORMAT}) end
${KEEP_TIME}sweep()
if R('ZCARD', owners) == 0 then extendAlbums() end
R('ZADD', owners, now + lease, me)
return finish({'ok', '', '', '', R('GET', wakes) or '0', ''})
`;

const LEAVE = `
if not R('ZSCORE', owners, me) then return {'ok'} end
for _, id in ipairs(R('ZRANGEBYSCORE', claims, me, me)) do
  local b = get(id)
  if b then release(id, b, now) end
end
freeReserved(me)
R('ZREM', owners, me)
R('HDEL', meta, 'n:' .. me, 'c:' .. me, 'k:' .. me)
if R('ZCARD', owners) > 0 then
  R('INCR', wakes)
  redis.pcall('PUBLISH', channel, me .. ' 0')
end
return {'ok'}
`;

/*
 * Most updates are alone in their lane. For them, the commands are run once for all calls, not once for each.
 */

// Looks up all updates of a list. The arguments of a call: how many there are, and which are the update_id and the lane.
const LOOK_UP = (count: number, id: number, lane: number) => `
local ids, names = {}, {}
for i = 5, #ARGV, ${count} do
  ids[#ids + 1] = ARGV[i + ${id}]
  names[#names + 1] = ARGV[i + ${lane}]
end
local places, remembered, ahead =
  R('HMGET', updates, unpack(ids)), R('ZMSCORE', recent, unpack(ids)), R('HMGET', lanes, unpack(names))
local function isFree(n) -- it is not known, and nothing of its lane is here
  return not (places[n] or remembered[n] or ahead[n])
end
`;

// For each of several updates: update_id, lane. It is "alone" if it would be handled immediately, otherwise "busy". Nothing
// is written, and whoever is not sure to be known here is told that all are busy.
const LOOK = `${LOOK_UP(2, 0, 1)}
local leaseEnd = R('ZSCORE', owners, me)
local isSure = leaseEnd and leaseEnd - now >= lease * 0.75
  and R('HEXISTS', meta, 'dead') == 0 and R('ZCOUNT', owners, '-inf', now) == 0
for n in ipairs(ids) do results[n] = isSure and isFree(n) and 'alone' or 'busy' end
return results
`;

/** The number of a call that adds, and its arguments. */
const ADD_ARGUMENTS = 13;

// number, mode, update_id, json, lane, chars, attempts, failures, reservedMs, and of an album, else "": key, quietMs,
// maxWaitMs, mostParts
const ADD = `
looks = false
${LOOK_UP(ADD_ARGUMENTS, 2, 4)}
local claimed, isTaken = {}, {} -- those that are claimed; and lanes and ids of which a call before adds something
for n, id in ipairs(ids) do
  local i, name = 5 + (n - 1) * ${ADD_ARGUMENTS}, names[n]
  local isAlone = isFree(n) and not (isTaken[name] or isTaken[id])
  if isAlone and ARGV[i + 1] == 'claim' and ARGV[i + 10] == '' then claimed[#claimed + 1] = n end
  isTaken[name], isTaken[id] = true, true
end

local function newBatch(i)
  local b = {lane = ARGV[i + 4], parts = {{ARGV[i + 2], tonumber(ARGV[i + 5]), me}}, began = now, due = now}
  if ARGV[i + 6] ~= '0' then b.attempts = tonumber(ARGV[i + 6]) end
  if ARGV[i + 7] ~= '0' then b.failures = tonumber(ARGV[i + 7]) end
  return b
end

pcall(function () -- if it fails, each of them is added alone
  if #claimed == 0 then return end
  local last = R('HINCRBY', meta, 'ids', #claimed)
  local toUpdates, toBatches, toLanes, toClaims, toAges, added = {}, {}, {}, {}, {}, {}
  for m, n in ipairs(claimed) do
    local i, k, id = 5 + (n - 1) * ${ADD_ARGUMENTS}, 2 * m - 1, idOf(last - #claimed + m)
    local b = newBatch(i)
    b.owner, b.token = me, ARGV[i]
    toUpdates[k], toUpdates[k + 1] = ids[n], id .. ARGV[i + 3]
    toBatches[k], toBatches[k + 1] = id, cmsgpack.pack(b)
    toLanes[k], toLanes[k + 1] = b.lane, id .. id
    toClaims[k], toClaims[k + 1] = me, id
    toAges[k], toAges[k + 1] = nowText, id
    added[m] = {'claimed', id, b.token, '', ''}
  end
  R('HSET', updates, unpack(toUpdates))
  R('HSET', batches, unpack(toBatches))
  R('HSET', lanes, unpack(toLanes))
  R('ZADD', claims, unpack(toClaims))
  R('ZADD', ages, unpack(toAges))
  for m, n in ipairs(claimed) do
    tally(me, 1, tonumber(ARGV[5 + (n - 1) * ${ADD_ARGUMENTS} + 5]))
    results[n] = added[m]
  end
end)

each(${ADD_ARGUMENTS}, function (i)
  local mode, updateId, json, name, size = ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4], tonumber(ARGV[i + 5])
  local album = ARGV[i + 10] ~= '' and ARGV[i + 9] or nil
  local place = known(updateId)
  if place then
    local b = place ~= '' and get(place)
    local mine = b and b.owner == me and not b.album and (mode == 'claim' or mode == 'adopt')
    if mine then -- a renewal that is under way may not know of it
      b.told = token
      put(place, b)
    end
    return {'known', mine and place or '', mine and b.token or ''}
  end
  local first, last, open = lane(name)
  local id = album and mode ~= 'adopt' and R('HGET', albums, name .. '\\n' .. album)
  if mode == 'join' and not id then return {'alone'} end
  if mode == 'behind' and not first then
    local dead = R('HGET', meta, 'dead')
    if dead and now - dead >= ${CAREFUL_MS} then
      R('HDEL', meta, 'dead')
      dead = nil
    end
    if not dead then return {'alone'} end
    mode = 'claim'
  end

  if id then
    local b = get(id)
    b.parts[#b.parts + 1] = {updateId, size, me}
    R('HSET', updates, updateId, id .. json)
    tally(me, 1, size)
    collect(b, tonumber(ARGV[i + 10]), tonumber(ARGV[i + 11]), tonumber(ARGV[i + 12]))
    if not b.open then stopCollecting(id, b) end
    put(id, b)
    if first == id then
      unoffer(id, b)
      offer(id, b)
    end
    return {'added'}
  end

  if not album and mode ~= 'adopt' and open ~= '' then
    for other in open:gmatch('b%d+') do
      local b = get(other)
      b.open, b.why, b.due = nil, 'next', math.min(b.due, now)
      R('HDEL', albums, albumKey(b))
      put(other, b)
      if first == other then
        unoffer(other, b)
        offer(other, b)
      end
    end
    open = ''
    setLane(name, first, last, open)
  end

  id = idOf(R('HINCRBY', meta, 'ids', 1))
  local b = newBatch(i)
  if ARGV[i + 8] ~= '0' then b.res, b.resUntil = me, now + tonumber(ARGV[i + 8]) end
  if album then
    b.album, b.wait = album, tonumber(ARGV[i + 11])
    local at = R('ZSCORE', recentAlbums, albumKey(b))
    if at and tonumber(at) > now - ${REMEMBERED_MS} then b.late = 1 end
    collect(b, tonumber(ARGV[i + 10]), tonumber(ARGV[i + 11]), tonumber(ARGV[i + 12]))
  end
  R('HSET', updates, updateId, id .. json)
  tally(me, 1, size)
  if mode == 'adopt' or (mode == 'claim' and not first) then
    b.open, b.res, b.resUntil = nil, nil, nil
    b.owner, b.token = me, token
    R('ZADD', claims, me, id)
    if album then
      R('ZADD', recentAlbums, now, albumKey(b))
      bound(recentAlbums, ${REMEMBERED_ALBUMS})
    end
  end
  if mode ~= 'adopt' or not first then
    append(id, b, first, last, open)
  else
    local before = get(first)
    if before and not before.owner then unoffer(first, before) end
    R('HSET', links, id, first)
    setLane(name, id, last, open)
    R('ZADD', ages, now, id)
    put(id, b)
  end
  if b.owner then return {'claimed', id, token, b.late and '1' or '', b.why or ''} end
  return {'added'}
end)
return finishAll()
`;

// most, quietExtraMs
const CLAIM = `
local extra = tonumber(ARGV[6])
local answer = {'ok', '', '', '', '', ''}
local latest = tonumber(R('HGET', meta, 'k:' .. me) or 0)
if tonumber(token) > latest then
  R('HSET', meta, 'k:' .. me, token)
elseif claimedBefore(answer) then
  return finish(answer, extra)
end
claimDue(answer, tonumber(ARGV[5]), extra)
return finish(answer, extra)
`;

/** The number of a call that completes, and its arguments. */
const COMPLETE_ARGUMENTS = 4;

// number, id, token, whether to claim the next
const COMPLETE = `
looks = false
local ids = {}
for i = 5, #ARGV, ${COMPLETE_ARGUMENTS} do ids[#ids + 1] = ARGV[i + 1] end
local isMine, found, names = {}, {}, {}
for n, packed in ipairs(R('HMGET', batches, unpack(ids))) do
  local b = packed and cmsgpack.unpack(packed)
  if b and b.owner == me and b.token == ARGV[5 + (n - 1) * ${COMPLETE_ARGUMENTS} + 2] and not isMine[ids[n]] then
    isMine[ids[n]] = true
    found[#found + 1] = {ids[n], b, n}
    names[#names + 1] = b.lane
  end
end

local alone, updateIds, aloneIn = {}, {}, {}
for m, ahead in ipairs(#names > 0 and R('HMGET', lanes, unpack(names)) or {}) do
  local id, b, n = unpack(found[m])
  if ahead == id .. id and #b.parts == 1 then
    alone[#alone + 1], aloneIn[#aloneIn + 1], updateIds[#updateIds + 1] = id, b.lane, b.parts[1][1]
    tally(b.parts[1][3], -1, -b.parts[1][2])
    results[n] = {'ok'}
  end
end
if #alone > 0 then
  R('ZREM', claims, unpack(alone))
  R('HDEL', batches, unpack(alone))
  R('ZREM', ages, unpack(alone))
  R('HDEL', updates, unpack(updateIds))
  R('HDEL', lanes, unpack(aloneIn))
  remember(updateIds)
end

each(${COMPLETE_ARGUMENTS}, function (i)
  local b = held(ARGV[i + 1], ARGV[i + 2])
  if not b then
    looks = true
    return {'gone'}
  end
  delete(ARGV[i + 1], b)
  remember(partIds(b))
  return {'ok'}
end)

local isMore = true
for n, result in ipairs(results) do
  local i = 5 + (n - 1) * ${COMPLETE_ARGUMENTS}
  token = ARGV[i]
  if result[1] == 'gone' and ARGV[i + 3] == '1' then claimedBefore(result)
  elseif result[1] == 'ok' and ARGV[i + 3] == '1' and isMore then isMore = claimDue(result, 1) == 1 end
end
return finishAll()
`;

// id, token, afterMs, and unless the batch was not handled: attempts, failures
const RETRY = `
local b = held(ARGV[5], ARGV[6])
if b then
  if ARGV[8] then -- these include the crashes
    b.attempts, b.failures, b.crashes, b.alone = tonumber(ARGV[8]), tonumber(ARGV[9]), nil, nil
  end
  release(ARGV[5], b, now + tonumber(ARGV[7]))
end
return finish({b and 'ok' or 'gone', '', '', '', '', ''})
`;

/** What was kept for as long as it is to be, is dropped. */
const PARKED = `
local function unpark(id)
  R('HDEL', parked, id)
  R('ZREM', parkedIds, id)
  R('ZREM', parkedUntil, id)
end
for _, id in ipairs(R('ZRANGEBYSCORE', parkedUntil, '-inf', now, 'LIMIT', 0, 1000)) do unpark(id) end
`;

// id, token, error, attempts, keepMs
const PARK = `${PARKED}
local b = held(ARGV[5], ARGV[6])
if b then
  local jsons, ids = {}, partIds(b)
  for i, stored in ipairs(R('HMGET', updates, unpack(ids))) do jsons[i] = stored and stored:sub(14) or '' end
  delete(ARGV[5], b)
  remember(ids)
  R('HSET', parked, ids[1], cmsgpack.pack({
    lane = b.lane, parts = b.parts, jsons = jsons, album = b.album, late = b.late, why = b.why,
    error = ARGV[7], attempts = ARGV[8], at = now - ahead,
  }))
  R('ZADD', parkedIds, ids[1], ids[1])
  R('ZADD', parkedUntil, now + tonumber(ARGV[9]), ids[1])
end
return finish({b and 'ok' or 'gone', '', '', '', '', ''})
`;

// after, most
const LIST_PARKED = `${PARKED}
local answer = {'ok', '', '', '', '', ''}
for _, id in ipairs(R('ZRANGEBYSCORE', parkedIds, '(' .. ARGV[5], '+inf', 'LIMIT', 0, ARGV[6])) do
  if answered >= ${MOST_CHARS} then break end
  local p = cmsgpack.unpack(R('HGET', parked, id))
  answer[#answer + 1] = cjson.encode({
    id = id, updates = #p.jsons, album = p.album, error = p.error, attempts = p.attempts,
    at = string.format('%.0f', p.at),
  })
  for _, json in ipairs(p.jsons) do
    answer[#answer + 1] = json
    answered = answered + #json
  end
end
return finish(answer)
`;

// id
const REPLAY = `${PARKED}
local packed = R('HGET', parked, ARGV[5])
if not packed then return finish({'none', '', '', '', '', ''}) end
local p = cmsgpack.unpack(packed)
for _, part in ipairs(p.parts) do
  if R('HEXISTS', updates, part[1]) == 1 then return finish({'none', '', '', '', '', ''}) end -- Telegram has sent it again
end
unpark(ARGV[5])
local id = idOf(R('HINCRBY', meta, 'ids', 1))
local b = {
  lane = p.lane, parts = p.parts, album = p.album, late = p.late, why = p.why,
  began = now, due = now, replay = 1, wait = 0,
}
for i, part in ipairs(p.parts) do
  part[3] = me
  R('HSET', updates, part[1], id .. p.jsons[i])
  tally(me, 1, part[2])
end
append(id, b, lane(b.lane))
return finish({'ok', '', '', '', '', ''})
`;

// id
const DISCARD = `${PARKED}
local isThere = R('HEXISTS', parked, ARGV[5]) == 1
if isThere then unpark(ARGV[5]) end
return finish({isThere and 'ok' or 'none', '', '', '', '', ''})
`;

const STATS = `${PARKED}
local oldest = tonumber(R('ZRANGE', ages, 0, 0, 'WITHSCORES')[2] or now)
return finish({'ok', '', '', '', '', '', tostring(R('HLEN', updates)), tostring(R('HLEN', lanes)),
  string.format('%.0f', math.max(0, now - oldest)), tostring(R('HLEN', parked))})
`;

// the first call that is still under way, then id and token of each claim that this owner knows of
const RENEW = `
R('ZADD', owners, now + lease, me)
local underWay = tonumber(ARGV[5])
local answer = {'ok', '', '', '', '', ''}
local isHeld = {}
for i = 6, #ARGV, 2 do
  if held(ARGV[i], ARGV[i + 1]) then isHeld[ARGV[i]] = true else answer[#answer + 1] = ARGV[i] .. ' ' .. ARGV[i + 1] end
end
for _, id in ipairs(R('ZRANGEBYSCORE', claims, me, me)) do
  if not isHeld[id] then
    local b = get(id)
    if not b then R('ZREM', claims, id)
    elseif tonumber(b.told or b.token) < underWay then release(id, b, now) end -- its answer was lost
  end
end
finish(answer)
local other = R('ZRANGE', owners, 0, 0, 'WITHSCORES')
if other[1] ~= me then
  local ms = math.max(0, other[2] - now) -- if it is silent until then, what it has claimed falls due
  if answer[4] == '' or ms < tonumber(answer[4]) then answer[4] = string.format('%.0f', ms) end
end
return answer
`;

/** The scripts by their names. */
export const SCRIPTS: Readonly<
  Record<
    | "enter"
    | "leave"
    | "look"
    | "add"
    | "claim"
    | "complete"
    | "retry"
    | "park"
    | "parked"
    | "replay"
    | "discard"
    | "stats"
    | "renew",
    string
  >
> = {
  enter: NAMES + COMMON + MAKES_ROOM + ENTER,
  leave: NAMES + COMMON + LEAVE,
  look: NAMES + LOOK,
  add: NAMES + COMMON + GUARD + ADD,
  claim: NAMES + COMMON + MAKES_ROOM + GUARD + CLAIM,
  complete: NAMES + COMMON + GUARD + COMPLETE,
  retry: NAMES + COMMON + GUARD + RETRY,
  park: NAMES + COMMON + GUARD + PARK,
  parked: NAMES + COMMON + GUARD + LIST_PARKED,
  replay: NAMES + COMMON + GUARD + REPLAY,
  discard: NAMES + COMMON + GUARD + DISCARD,
  stats: NAMES + COMMON + GUARD + STATS,
  renew: NAMES + COMMON + MAKES_ROOM + KEEP_TIME + GUARD + RENEW,
};

/** The name of a script. */
export type ScriptName = keyof typeof SCRIPTS;
