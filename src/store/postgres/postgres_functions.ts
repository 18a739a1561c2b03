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
 * What the store does, as one function per operation, so that each operation is one statement that any client and any
 * connection pooler can send. A statement is a transaction: all of it happens, or nothing.
 *
 * Every operation gets the same five arguments first: the bot, the owner (one per open store), its lease in milliseconds,
 * the number of the call, which is the token of what the call claims, and the time in milliseconds since 1970, or null for
 * the server's. It returns lines of text. The last one is the status, then in how many milliseconds something that this
 * call knows of falls due, or "-", how many other owners there are, and which of the updates that the caller has asked
 * about are not here any longer. Batches come before it: a line of facts, and one with the JSON of each update. Instead of
 * all that, the only line is "?" if this owner was taken for dead, or "!" if the call has only freed what an owner had
 * claimed that ended, and is to be made again.
 *
 * Two operations, add and complete, are for a list of calls: JSON, with an object for each, which has the call's number.
 * The first line that they return has the number of each call, its status, and how many lines are its own. Then come the
 * lines of all calls, in that order, and last a line as above, which is for all of them. The status "locked" says that a
 * call would have had to wait, and is to be made alone.
 *
 * Locks. What changes the order of a lane holds the lane's advisory lock until the end of its transaction, so that a
 * batch that is added is either seen by the one that removes the batch before it, or sees that the lane is empty.
 *
 * - A list holds many lanes and waits for none of them: a lane that somebody else holds is "locked", and so is a claimed
 *   batch that a transaction of the user's holds. What it cannot know before, such as an update that such a transaction
 *   remembers, makes the list fail after MOST_WAIT_MS, and each of its calls is made alone.
 * - A call that is alone holds one lane, and waits for it before it locks anything else but the row of its own owner. It
 *   fails after MOST_WAIT_ALONE_MS: it would keep a connection of the pool for as long as a transaction of the user's is open,
 *   and the server may learn after hours that its client is gone.
 * - Rows of other lanes, and of other owners, are only locked where that needs no waiting (SKIP LOCKED): there is always
 *   somebody who looks again. What frees the claims of others is a call of its own, without a lane.
 * - The row in "bots" is locked last: whoever holds it waits for nothing else.
 */

/*
 * Functions are written in SQL only if the server inlines them. It would plan others again in every call.
 */

/** Plans must not depend on how full a table was when it was last looked at. */
const PLANS =
  "set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set jit = off set plan_cache_mode = force_generic_plan";

/** How long a list waits for a lock. What holds one for longer is a transaction of the user's. */
const MOST_WAIT_MS = 100;
/** The same for a call that is alone. */
const MOST_WAIT_ALONE_MS = 1_000;

const COMMON = "p_bot int, p_owner bigint, p_lease double precision, p_call bigint, p_now double precision";
const GUARD = (s: string) => `
  g := ${s}.guard(p_bot, p_owner, p_lease, p_now);
  if g.refusal is not null then return next g.refusal; return; end if;`;
const LIST = "p_bot int, p_owner bigint, p_lease double precision, p_now double precision, p_list text";
const GUARD_LIST = (s: string) =>
  `${GUARD(s)}
  perform set_config('lock_timeout', case when v_waits then '${MOST_WAIT_ALONE_MS}' else '${MOST_WAIT_MS}' end, true);`;
/** The lane of a call that is alone. */
const LOCK_LANE = (lane: string) => `
  perform set_config('lock_timeout', '${MOST_WAIT_ALONE_MS}', true);
  perform pg_advisory_xact_lock(hashtextextended(${lane}, p_bot));`;
/** The calls of a list that add. */
const ADDED =
  `json_to_recordset(p_list::json) as c(call bigint, mode text, id bigint, json text, lane text, chars int,
      attempts int, failures int, reserved double precision, album text, quiet double precision, wait double precision,
      most int)`;
/** The calls of a list that complete. */
const COMPLETED =
  "json_to_recordset(p_list::json) as c(call bigint, lane text, id bigint, token bigint, claims boolean)";
/*
 * In a query over a list, look-ups are subqueries that return one value, so that each is a search in an index: a join
 * might read a whole table instead.
 */
const REMEMBERED = (s: string, id: string, at: string) =>
  `coalesce((select true from ${s}.remembered
      where bot = p_bot and slot = ${id} % ${REMEMBERED_UPDATES} and update_id = ${id}
      and at > ${at} - ${REMEMBERED_MS} * interval '1 millisecond'), false)`;
const CLAIM = "p_lane text, p_id bigint, p_token bigint";
/** A claim of the owner's. Not "owner = p_owner": the index of all that it has claimed might be read instead. */
const HELD = (id: string, token: string) =>
  `bot = p_bot and update_id = ${id} and owner is not distinct from p_owner and token = ${token}`;
const FIND = (s: string) =>
  `${LOCK_LANE("p_lane")}
  select * into r from ${s}.updates
    where ${HELD("p_id", "p_token")} for update;`;

/** Creates or replaces all functions. */
export function functionsOf(schema: string, s: string): string {
  const MS = "interval '1 millisecond'";
  return `
create or replace function ${s}.at(p_now double precision) returns timestamptz language sql volatile as $f$
  select case when p_now is null then clock_timestamp() else to_timestamp(p_now / 1000) end
$f$;

-- The server's clock may be set back, or another server take over whose clock is behind: the time of the store goes on from
-- the latest that was seen, or all that waits would wait for as long as that is.
create or replace function ${s}.keep_time(p_bot int, p_now double precision) returns interval language plpgsql as $f$
begin
  update ${s}.bots set ahead = latest - ${s}.at(p_now)
    where id = p_bot and latest > ${s}.at(p_now) + ahead + ${MOST_SET_BACK_MS} * ${MS};
  return (select ahead from ${s}.bots where id = p_bot);
end $f$;

create or replace function ${s}.ms(p_interval interval) returns double precision language sql immutable as $f$
  select (extract(epoch from p_interval) * 1000)::double precision
$f$;

create or replace function ${s}.answer(p_status text, p_next double precision, p_others int, p_gone text default null)
returns text language sql stable as $f$
  select concat_ws(' ', p_status, coalesce(p_next::text, '-'), p_others, p_gone)
$f$;

-- Which of these updates are not here.
create or replace function ${s}.gone(p_bot int, p_ids text) returns text language plpgsql stable as $f$
begin
  if p_ids = '' then return null; end if;
  return (select string_agg(id::text, ',') from unnest(string_to_array(p_ids, ',')::bigint[]) as id
    where (select true from ${s}.updates where bot = p_bot and update_id = id) is null);
end $f$;

-- Tells other owners to claim: each text is an owner, or 0 for all, and in how many milliseconds. Comes last, see "Locks".
create or replace function ${s}.tell(p_bot int, p_from bigint, p_told text[]) returns void language plpgsql as $f$
begin
  if p_told is null then return; end if;
  perform set_config('lock_timeout', '0', true); -- this lock, and that of the commit, are for everybody
  update ${s}.bots set wakes = wakes + 1 where id = p_bot;
  perform pg_notify('${schema}', concat_ws(' ', p_bot, p_from, told)) from unnest(p_told) as told;
end $f$;

-- Albums that were collecting while nobody was here, or when an owner ended: their sender needs time to come back, once.
create or replace function ${s}.extend_albums(p_bot int, p_at timestamptz) returns void language sql as $f$
  with collecting as (
    select update_id, p_at + (2000 + least(greatest(0, ${s}.ms(p_at - latest_at)), ${LONGEST_PAUSE_MS})) * ${MS} as back_at
    from ${s}.updates where bot = p_bot and is_collecting
      and not (latest_at <= p_at - ${LONGEST_PAUSE_MS} * ${MS} and due_at > p_at) for update skip locked
  )
  update ${s}.updates u set "end" = 'quiet', counts_from = c.back_at, due_at = c.back_at + quiet_ms * ${MS},
    not_before = c.back_at + quiet_ms * ${MS}, wait_until = greatest(wait_until, c.back_at + quiet_ms * ${MS})
  from collecting c where u.bot = p_bot and u.update_id = c.update_id
$f$;

-- Frees what owners had claimed that have ended without closing the store. Returns whether there were any.
create or replace function ${s}.bury(p_bot int, p_owner bigint, p_at timestamptz) returns boolean language plpgsql as $f$
declare
  v_has_freed boolean := false;
  o ${s}.owners;
  v_claims int;
  v_suspects int;
begin
  for o in
    select * from ${s}.owners where bot = p_bot and id <> p_owner and alive_until <= p_at order by id for update skip locked
  loop
    v_has_freed := true;
    select count(*), count(*) filter (where crashes >= ${SUSPECT_CRASHES}) into v_claims, v_suspects
      from ${s}.updates where bot = p_bot and owner = o.id and not is_done;
    v_claims := coalesce(o.died_with, v_claims);
    with free as (
      select update_id from ${s}.updates where bot = p_bot and owner = o.id for update skip locked
    )
    update ${s}.updates u set owner = null, token = null, due_at = p_at, crashes = crashes + 1,
      crashes_alone = crashes_alone
        + (v_claims = 1 or (crashes >= ${SUSPECT_CRASHES} and v_suspects = 1))::int
      from free where u.bot = p_bot and u.update_id = free.update_id;
    with free as (
      select update_id from ${s}.updates where bot = p_bot and reserved_for = o.id for update skip locked
    )
    update ${s}.updates u set reserved_for = null, reserved_until = null
      from free where u.bot = p_bot and u.update_id = free.update_id;
    if o.died_with is null then
      update ${s}.bots set died_at = p_at where id = p_bot;
      perform ${s}.extend_albums(p_bot, p_at);
    end if;
    -- A transaction of the user's may still hold some of these: they are freed once it has ended.
    if exists (select from ${s}.updates where bot = p_bot and owner = o.id) then
      update ${s}.owners set died_with = v_claims, alive_until = p_at + interval '1 second' where id = o.id;
    else
      delete from ${s}.owners where id = o.id;
    end if;
  end loop;
  return v_has_freed;
end $f$;

-- Begins every operation. The refusal is "?" if this owner was taken for dead, "!" if the call is to be made again.
create or replace function ${s}.guard(p_bot int, p_owner bigint, p_lease double precision, p_now double precision,
  out at timestamptz, out ahead interval, out others int, out silent_at timestamptz, out refusal text) language plpgsql as $f$
declare
  v_until timestamptz;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'the isolation level is %', current_setting('transaction_isolation') using errcode = 'TH002';
  end if;
  select max(alive_until) filter (where id = p_owner), count(*) filter (where id <> p_owner),
      min(alive_until) filter (where id <> p_owner), (select b.ahead from ${s}.bots b where b.id = p_bot)
    into v_until, others, silent_at, ahead from ${s}.owners where bot = p_bot;
  at := ${s}.at(p_now) + ahead;
  if v_until is null then
    refusal := '?';
    return;
  end if;
  if v_until < at + p_lease / 2 * ${MS} then -- otherwise the renewal does this
    update ${s}.owners set alive_until = at + p_lease * ${MS}, died_with = null where id = p_owner;
    if not found then -- another one has taken it for dead just now
      refusal := '?';
      return;
    end if;
  end if;
  if silent_at <= at then
    if ${s}.bury(p_bot, p_owner, at) then
      refusal := '!';
      return;
    end if;
    select count(*), min(greatest(alive_until, at + 50 * ${MS})) into others, silent_at -- another one may be at it
      from ${s}.owners where bot = p_bot and id <> p_owner;
  end if;
end $f$;

-- Locks a lane. Returns false if that would need waiting, and the call must not wait.
create or replace function ${s}.lock_lane(p_bot int, p_lane text, p_waits boolean) returns boolean language plpgsql as $f$
begin
  if not p_waits then return pg_try_advisory_xact_lock(hashtextextended(p_lane, p_bot)); end if;
  perform pg_advisory_xact_lock(hashtextextended(p_lane, p_bot));
  return true;
end $f$;

create or replace function ${s}.remember_album(p_bot int, p_lane text, p_album text, p_at timestamptz)
returns void language plpgsql as $f$
begin
  insert into ${s}.albums values (p_bot, p_lane, p_album, p_at)
    on conflict (bot, lane, album) do update set at = excluded.at;
  if random() < 0.01 then
    delete from ${s}.albums where ctid = any (array(
      select ctid from ${s}.albums where bot = p_bot and at <= greatest(p_at - ${REMEMBERED_MS} * ${MS},
        (select a.at from ${s}.albums a where a.bot = p_bot order by a.at desc offset ${REMEMBERED_ALBUMS} limit 1))
      for update skip locked));
  end if;
end $f$;

-- What an album is with that many parts; as albumState in album_rules.ts.
create or replace function ${s}.album_state(p_quiet double precision, p_wait double precision, p_most int, p_parts int,
  p_counts_from timestamptz, p_not_before timestamptz, p_at timestamptz,
  out is_collecting boolean, out due_at timestamptz, out "end" text, out wait_until timestamptz)
language plpgsql immutable as $f$
begin
  is_collecting := p_parts < p_most;
  due_at := p_at;
  "end" := 'full';
  wait_until := p_counts_from + p_wait * ${MS};
  if not is_collecting then return; end if;
  due_at := greatest(p_at + p_quiet * ${MS}, p_not_before);
  "end" := 'quiet';
  if due_at <= wait_until then return; end if;
  due_at := wait_until;
  "end" := 'maxWait';
end $f$;

-- In how many milliseconds something falls due that this owner may claim. What another one has reserved for longer than
-- any sender waits is left to later calls.
create or replace function ${s}.next(p_bot int, p_owner bigint, p_at timestamptz, p_extra double precision)
returns double precision language plpgsql stable as $f$
begin
  return (select case when min(due) <= p_at then 0 else ${s}.ms(min(due) - p_at) end from (
    (select due_at as due from ${s}.updates where bot = p_bot and is_head and owner is null
      and (reserved_for is null or reserved_for = p_owner or reserved_until <= p_at)
      and (p_extra = 0 or not (is_collecting and "end" = 'quiet'))
      order by due_at limit 1)
    union all
    -- These two are few: "offset 0" keeps the planner from searching all that wait instead.
    (select min(greatest(due_at, reserved_until)) from (
      select * from ${s}.updates where bot = p_bot and reserved_for is not null offset 0
    ) as reserved where reserved_for <> p_owner and is_head and owner is null
      and reserved_until < p_at + interval '1 minute')
    union all
    (select min(least(due_at + p_extra * ${MS}, wait_until)) from (
      select * from ${s}.updates where p_extra > 0 and bot = p_bot and is_collecting offset 0
    ) as collecting where "end" = 'quiet' and is_head and owner is null)
  ) as all_due);
end $f$;

-- Removes batches, whose lanes are locked, and makes the next one of each lane claimable. Returns when the first of these
-- is due that the caller may claim, and who is to be told of others.
create or replace function ${s}.remove(p_bot int, p_owner bigint, p_at timestamptz, p_ids bigint[], p_lanes text[],
  p_have_parts boolean, out next double precision, out told text[]) language plpgsql as $f$
declare
  r record;
  v_ids bigint[] := p_ids;
  v_heads bigint[];
begin
  if p_have_parts then
    with parts as (
      delete from ${s}.updates where bot = p_bot and batch = any (p_ids) and part > 0 returning update_id
    )
    select p_ids || array_agg(update_id) into v_ids from parts;
  end if;
  insert into ${s}.remembered
    select distinct on (id % ${REMEMBERED_UPDATES}) p_bot, id % ${REMEMBERED_UPDATES}, id, p_at from unnest(v_ids) as id
      order by id % ${REMEMBERED_UPDATES}, id desc
    on conflict (bot, slot) do update set update_id = excluded.update_id, at = excluded.at;
  delete from ${s}.updates where bot = p_bot and update_id = any (p_ids);
  for r in
    select head.* from unnest(p_lanes) as of_lane cross join lateral (
      select update_id, is_head, owner, due_at, reserved_for, reserved_until from ${s}.updates
        where bot = p_bot and lane = of_lane and place is not null order by place limit 1
    ) as head
  loop
    if not r.is_head then v_heads := array_append(v_heads, r.update_id); end if;
    if r.owner is not null then continue; end if;
    if r.reserved_for <> p_owner and r.reserved_until > p_at then
      told := array_append(told, concat_ws(' ', r.reserved_for, ceil(greatest(0, ${s}.ms(r.due_at - p_at)))));
      next := least(next, ${s}.ms(r.reserved_until - p_at));
    else
      next := least(next, greatest(0, ${s}.ms(r.due_at - p_at)));
    end if;
  end loop;
  if v_heads is not null then
    update ${s}.updates set is_head = true where bot = p_bot and update_id = any (v_heads);
  end if;
end $f$;

-- Whether a batch was completed in a transaction of the user's.
create or replace function ${s}.is_done(p_bot int, r ${s}.updates, p_at timestamptz)
returns boolean language plpgsql stable as $f$
begin
  return r.is_done or (r.album is null and not r.is_replay and ${REMEMBERED(s, "r.update_id", "p_at")});
end $f$;

create or replace function ${s}.facts(r ${s}.updates, p_ids bigint[], p_at timestamptz)
returns text language sql stable as $f$
  select json_build_object('id', r.update_id, 'token', r.token::text, 'lane', r.lane, 'ids', p_ids, 'album', r.album,
    'isLate', r.is_late, 'end', r."end", 'waitedMs', greatest(0, ${s}.ms(p_at - r.began_at)),
    'attempts', r.attempts, 'failures', r.failures, 'crashes', r.crashes, 'crashesAlone', r.crashes_alone,
    'isReplay', r.is_replay)::text
$f$;

-- Claims what is due, the first to fall due first: a batch for each of these calls, unless the answer is long. With p_extra
-- below 0, nothing that collects.
create or replace function ${s}.claim_due(p_bot int, p_owner bigint, p_calls bigint[], p_at timestamptz,
  p_extra double precision) returns table (call bigint, lines text[]) language plpgsql as $f$
declare
  e record;
  r ${s}.updates;
  v_claimed bigint[] := '{}';
  v_chars int := 0;
  v_done bigint[];
  v_lanes text[];
  v_have_parts boolean := false;
begin
  for e in
    select u as batch, u.album is null and not u.is_replay and ${
    REMEMBERED(s, "u.update_id", "p_at")
  } as is_remembered
      from ${s}.updates u where bot = p_bot and is_head and owner is null and due_at <= p_at
      and (reserved_for is null or reserved_for = p_owner or reserved_until <= p_at)
      and (not is_collecting or (p_extra >= 0 and
        ("end" <> 'quiet' or least(due_at + p_extra * ${MS}, wait_until) <= p_at)))
    order by due_at limit cardinality(p_calls) for update of u skip locked
  loop
    r := e.batch;
    if r.is_done or e.is_remembered then
      if ${s}.lock_lane(p_bot, r.lane, false) then
        v_done := array_append(v_done, r.update_id);
        v_lanes := array_append(v_lanes, r.lane);
        v_have_parts := v_have_parts or r.parts > 1;
      end if;
      continue;
    end if;
    v_claimed := array_append(v_claimed, r.update_id);
    call := p_calls[cardinality(v_claimed)];
    r.token := call;
    if r.album is null then
      lines := array[${s}.facts(r, array[r.update_id], p_at), r.json];
    else
      perform ${s}.remember_album(p_bot, r.lane, r.album, p_at);
      lines := array[${s}.facts(r, r.update_id || array(
          select update_id from ${s}.updates where bot = p_bot and batch = r.update_id and part > 0 order by part), p_at),
        r.json] || array(select json from ${s}.updates where bot = p_bot and batch = r.update_id and part > 0 order by part);
    end if;
    return next;
    v_chars := v_chars + length(array_to_string(lines, ''));
    exit when v_chars >= ${MOST_CHARS};
  end loop;
  if cardinality(v_claimed) > 0 then
    update ${s}.updates set owner = p_owner, token = p_calls[array_position(v_claimed, update_id)], told = null,
      is_collecting = false, reserved_for = null, reserved_until = null where bot = p_bot and update_id = any (v_claimed);
  end if;
  if v_done is not null then
    perform ${s}.tell(p_bot, p_owner, told) from ${s}.remove(p_bot, p_owner, p_at, v_done, v_lanes, v_have_parts);
  end if;
end $f$;

create or replace function ${s}.enter(p_name text, p_owner bigint, p_lease double precision, p_now double precision)
returns setof text language plpgsql ${PLANS} as $f$
declare
  v_bot int;
  v_wakes bigint;
  v_at timestamptz;
  v_others int;
begin
  select id into v_bot from ${s}.bots where name = p_name;
  if not found then
    insert into ${s}.bots (name) values (p_name) on conflict (name) do nothing;
    select id into v_bot from ${s}.bots where name = p_name;
  end if;
  v_at := ${s}.at(p_now) + ${s}.keep_time(v_bot, p_now);
  insert into ${s}.owners (id, bot, alive_until) values (p_owner, v_bot, v_at + p_lease * ${MS})
    on conflict (id) do update set alive_until = excluded.alive_until, died_with = null;
  perform ${s}.bury(v_bot, p_owner, v_at);
  select count(*) into v_others from ${s}.owners where bot = v_bot and id <> p_owner;
  if v_others = 0 then perform ${s}.extend_albums(v_bot, v_at); end if;
  update ${s}.bots set latest = greatest(latest, v_at) where id = v_bot returning wakes into v_wakes;
  return next v_bot || ' ' || v_wakes;
  return next ${s}.answer('ok', ${s}.next(v_bot, p_owner, v_at, 0), v_others);
end $f$;

create or replace function ${s}.leave(${COMMON}) returns setof text language plpgsql ${PLANS} as $f$
begin
  perform from ${s}.owners where id = p_owner for update;
  with mine as (select update_id from ${s}.updates where bot = p_bot and owner = p_owner for update skip locked)
  update ${s}.updates u set owner = null, token = null, due_at = ${s}.at(p_now)
    from mine where u.bot = p_bot and u.update_id = mine.update_id;
  with mine as (select update_id from ${s}.updates where bot = p_bot and reserved_for = p_owner for update skip locked)
  update ${s}.updates u set reserved_for = null, reserved_until = null
    from mine where u.bot = p_bot and u.update_id = mine.update_id;
  -- What a transaction of the user's still holds is freed when the lease has ended.
  delete from ${s}.owners where id = p_owner
    and not exists (select from ${s}.updates where bot = p_bot and owner = p_owner);
  if exists (select from ${s}.owners where bot = p_bot and id <> p_owner) then
    perform ${s}.tell(p_bot, p_owner, '{0 0}');
  end if;
  return next 'ok - 0';
end $f$;

create or replace function ${s}.add(${LIST}) returns setof text language plpgsql ${PLANS} as $f$
declare
  g record;
  e record;
  a record;
  v_single record;
  r ${s}.updates;
  v_waits boolean := json_array_length(p_list::json) = 1;
  v_is_careful boolean;
  v_mode text;
  v_is_claimed boolean;
  v_said text;
  v_free bigint[];
  v_status text;
  v_next double precision;
  v_lines text[] := '{}';
  v_rows ${s}.updates[];
begin${GUARD_LIST(s)}
  v_is_careful := exists (select from ${s}.bots where id = p_bot and died_at > g.at - ${CAREFUL_MS} * ${MS});
  -- The usual case, "alone", needs no lock and writes nothing.
  select string_agg(concat_ws(',', call, status, 0), ' ') filter (where status <> 'free'),
      array_agg(call) filter (where status = 'free')
    into v_said, v_free from (
      select call, case
        when mode = 'behind' and not v_is_careful and not ${REMEMBERED(s, "c.id", "g.at")}
          and (select true from ${s}.updates where bot = p_bot and update_id = c.id) is null
          and (select place from ${s}.updates where bot = p_bot and lane = c.lane and place is not null
            order by place limit 1) is null
        then 'alone'
        when ${s}.lock_lane(p_bot, lane, v_waits) then 'free'
        else 'locked'
      end as status from ${ADDED} offset 0
    ) as calls;
  if v_free is null then
    return next v_said;
    return next ${s}.answer('ok', null, g.others);
    return;
  end if;
  select false as is_collecting, g.at as due_at, null::text as "end", g.at as wait_until into v_single;
  -- Begins after all these lanes were locked, and so sees what is in them. A list has each lane once.
  for e in
    select *, ${REMEMBERED(s, "c.id", "g.at")} as is_remembered,
      (select u from ${s}.updates u where bot = p_bot and update_id = c.id) as known,
      (select place from ${s}.updates where bot = p_bot and lane = c.lane and place is not null
        order by place limit 1) as first,
      (select place from ${s}.updates where bot = p_bot and lane = c.lane and place is not null
        order by place desc limit 1) as last,
      (select true from ${s}.updates where bot = p_bot and lane = c.lane and is_collecting limit 1) as collects,
      coalesce((select at > g.at - ${REMEMBERED_MS} * ${MS} from ${s}.albums
        where bot = p_bot and lane = c.lane and album = c.album), false) as is_late
      from ${ADDED} where call = any (v_free)
  loop
    g.at := ${s}.at(p_now) + g.ahead; -- now that nothing is waited for: the quiet time of an album begins
    v_mode := case when e.mode = 'behind' and v_is_careful then 'claim' else e.mode end;
    v_status := null;
    if (e.known).bot is not null or e.is_remembered then
      v_status := 'known';
      -- Perhaps claimed by an earlier call, whose answer was lost.
      if (e.known).owner = p_owner and v_mode in ('claim', 'adopt') then
        update ${s}.updates set told = e.call where bot = p_bot and update_id = (
          select update_id from ${s}.updates
            where bot = p_bot and update_id = e.id and owner is not distinct from p_owner for update skip locked
        ) returning * into r;
        if found then
          v_lines := array_append(v_lines, ${s}.facts(r, array[e.id], g.at));
          v_said := concat_ws(' ', v_said, concat_ws(',', e.call, v_status, 1));
          continue;
        end if;
      end if;
    elsif e.collects and e.album is not null and v_mode <> 'adopt' then
      select * into r from ${s}.updates where bot = p_bot and lane = e.lane and album = e.album and is_collecting for update;
      if found then
        -- A part that joins ends the time that the album got for an absence.
        a := ${s}.album_state(e.quiet, e.wait, e.most, r.parts + 1, r.counts_from, null, g.at);
        insert into ${s}.updates (bot, update_id, batch, part, chars, json)
          values (p_bot, e.id, r.update_id, r.parts, e.chars, e.json);
        update ${s}.updates set parts = parts + 1, latest_at = g.at, is_collecting = a.is_collecting, due_at = a.due_at,
          "end" = a."end", wait_until = a.wait_until where bot = p_bot and update_id = r.update_id;
        if r.is_head then v_next := least(v_next, greatest(0, ${s}.ms(a.due_at - g.at))); end if;
        v_status := 'added';
      end if;
    end if;
    if v_status is null and (v_mode = 'join' or (v_mode = 'behind' and e.first is null)) then v_status := 'alone'; end if;
    if v_status is not null then
      v_said := concat_ws(' ', v_said, concat_ws(',', e.call, v_status, 0));
      continue;
    end if;
    if e.collects and e.album is null and v_mode <> 'adopt' then
      with ended as (
        update ${s}.updates set is_collecting = false, "end" = 'next', due_at = least(due_at, g.at)
        where bot = p_bot and lane = e.lane and is_collecting returning is_head
      )
      select case when bool_or(is_head) then 0 else v_next end into v_next from ended;
    end if;
    v_is_claimed := v_mode = 'adopt' or (v_mode = 'claim' and e.first is null);
    a := v_single;
    if e.album is not null then a := ${s}.album_state(e.quiet, e.wait, e.most, 1, g.at, null, g.at); end if;
    r := row(
      p_bot, e.id, e.id, 0, e.chars, e.json, e.lane,
      case when e.first is null then 0 when v_mode = 'adopt' then e.first - 1 else e.last + 1 end,
      e.first is null or v_mode = 'adopt', e.album, 1,
      e.is_late, false, a.is_collecting and not v_is_claimed, false, a."end", g.at, g.at, g.at, a.due_at,
      a.wait_until, null, e.quiet, e.attempts, e.failures, 0, 0,
      case when v_is_claimed then p_owner end, case when v_is_claimed then e.call end,
      case when e.reserved > 0 and not v_is_claimed then p_owner end,
      case when e.reserved > 0 and not v_is_claimed then g.at + e.reserved * ${MS} end,
      null
    );
    v_rows := array_append(v_rows, r);
    if v_mode = 'adopt' and e.first is not null then
      update ${s}.updates set is_head = false where bot = p_bot and lane = e.lane and place = e.first;
    end if;
    if v_is_claimed then
      if e.album is not null then perform ${s}.remember_album(p_bot, e.lane, e.album, g.at); end if;
      v_lines := array_append(v_lines, ${s}.facts(r, array[e.id], g.at));
      v_said := concat_ws(' ', v_said, concat_ws(',', e.call, 'claimed', 1));
    else
      if e.first is null then v_next := least(v_next, ${s}.ms(a.due_at - g.at)); end if;
      v_said := concat_ws(' ', v_said, concat_ws(',', e.call, 'added', 0));
    end if;
  end loop;
  if v_rows is not null then insert into ${s}.updates select * from unnest(v_rows); end if;
  return next v_said;
  return query select unnest(v_lines);
  return next ${s}.answer('ok', v_next, g.others);
end $f$;

create or replace function ${s}.claim(${COMMON}, p_most int, p_extra double precision, p_asked text)
returns setof text language plpgsql ${PLANS} as $f$
declare
  g record;
begin${GUARD(s)}
  return query select unnest(lines) from ${s}.claim_due(p_bot, p_owner, array_fill(p_call, array[p_most]), g.at, p_extra);
  return next ${s}.answer('ok', ${s}.next(p_bot, p_owner, g.at, p_extra), g.others, ${s}.gone(p_bot, p_asked));
end $f$;

create or replace function ${s}.complete(${LIST}, p_asked text) returns setof text language plpgsql ${PLANS} as $f$
declare
  g record;
  e record;
  v_waits boolean := json_array_length(p_list::json) = 1;
  v_said text;
  v_free bigint[];
  v_ids bigint[];
  v_lanes text[];
  v_have_parts boolean := false;
  v_calls bigint[] := '{}';
  v_statuses text[] := '{}';
  v_counts int[] := '{}';
  v_claiming bigint[];
  v_lines text[] := '{}';
  v_next double precision;
  v_told text[];
begin${GUARD_LIST(s)}
  select string_agg(call || ',locked,0', ' ') filter (where not is_free), array_agg(call) filter (where is_free)
    into v_said, v_free from (
      select call, ${s}.lock_lane(p_bot, lane, v_waits) as is_free from ${COMPLETED} offset 0
    ) as calls;
  for e in
    select c.*, u.* from ${COMPLETED} left join lateral (
      select parts from ${s}.updates where ${HELD("c.id", "c.token")} for update skip locked
    ) as u on true where call = any (v_free)
  loop
    if e.parts is null then
      if v_waits then
        select parts into e.parts from ${s}.updates where ${HELD("e.id", "e.token")} for update;
      elsif exists (select from ${s}.updates where ${HELD("e.id", "e.token")}) then
        v_said := concat_ws(' ', v_said, e.call || ',locked,0');
        continue;
      end if;
    end if;
    v_calls := array_append(v_calls, e.call);
    v_statuses := array_append(v_statuses, case when e.parts is null then 'gone' else 'ok' end);
    v_counts := array_append(v_counts, 0);
    if e.claims then v_claiming := array_append(v_claiming, e.call); end if;
    if e.parts is not null then
      v_ids := array_append(v_ids, e.id);
      v_lanes := array_append(v_lanes, e.lane);
      v_have_parts := v_have_parts or e.parts > 1;
    end if;
  end loop;
  if v_ids is not null then
    select next, told into v_next, v_told from ${s}.remove(p_bot, p_owner, g.at, v_ids, v_lanes, v_have_parts);
  end if;
  if v_claiming is not null then
    for e in select * from ${s}.claim_due(p_bot, p_owner, v_claiming, g.at, -1) loop
      v_counts[array_position(v_calls, e.call)] := cardinality(e.lines);
      v_lines := v_lines || e.lines;
    end loop;
    v_next := ${s}.next(p_bot, p_owner, g.at, 0);
  end if;
  return next concat_ws(' ', v_said, (
    select string_agg(concat_ws(',', call, status, count), ' ' order by n)
    from unnest(v_calls, v_statuses, v_counts) with ordinality as calls(call, status, count, n)));
  return query select unnest(v_lines);
  return next ${s}.answer('ok', v_next, g.others, ${s}.gone(p_bot, p_asked));
  perform ${s}.tell(p_bot, p_owner, v_told);
end $f$;

create or replace function ${s}.retry(${COMMON}, ${CLAIM}, p_after double precision, p_attempts int, p_failures int)
returns setof text language plpgsql ${PLANS} as $f$
declare
  g record;
  r ${s}.updates;
  v_next double precision;
  v_told text[];
begin${GUARD(s)}${FIND(s)}
  if found and ${s}.is_done(p_bot, r, g.at) then
    select next, told into v_next, v_told
      from ${s}.remove(p_bot, p_owner, g.at, array[p_id], array[p_lane], r.parts > 1);
  elsif r.update_id is not null then
    update ${s}.updates set owner = null, token = null, due_at = g.at + p_after * ${MS},
      attempts = coalesce(p_attempts, attempts), failures = coalesce(p_failures, failures),
      crashes = case when p_attempts is null then crashes else 0 end,
      crashes_alone = case when p_attempts is null then crashes_alone else 0 end
      where bot = p_bot and update_id = p_id;
    if r.is_head then v_next := p_after; end if;
  end if;
  return next ${s}.answer(case when r.update_id is null then 'gone' else 'ok' end, v_next, g.others);
  perform ${s}.tell(p_bot, p_owner, v_told);
end $f$;

create or replace function ${s}.park(${COMMON}, ${CLAIM}, p_error text, p_attempts int, p_keep double precision)
returns setof text language plpgsql ${PLANS} as $f$
declare
  g record;
  r ${s}.updates;
  v_next double precision;
  v_told text[];
begin${GUARD(s)}${FIND(s)}
  if found then
    if not ${s}.is_done(p_bot, r, g.at) then
      insert into ${s}.parked
        select p_bot, p_id, g.at - g.ahead, g.at + p_keep * ${MS}, p_error, p_attempts, r.lane, r.album, r.is_late, r."end",
          array_agg(update_id), array_agg(chars), array_agg(json)
        from (
          select r.update_id, r.chars, r.json
          union all
          (select update_id, chars, json from ${s}.updates
            where r.parts > 1 and bot = p_bot and batch = p_id and part > 0 order by part)
        ) as all_parts
        on conflict (bot, id) do update set at = excluded.at, until = excluded.until, error = excluded.error,
          attempts = excluded.attempts, lane = excluded.lane, album = excluded.album, is_late = excluded.is_late,
          "end" = excluded."end", ids = excluded.ids, chars = excluded.chars, jsons = excluded.jsons;
    end if;
    select next, told into v_next, v_told
      from ${s}.remove(p_bot, p_owner, g.at, array[p_id], array[p_lane], r.parts > 1);
  end if;
  delete from ${s}.parked where bot = p_bot and id = any (array(
    select id from ${s}.parked where bot = p_bot and until <= g.at for update skip locked));
  return next ${s}.answer(case when r.update_id is null then 'gone' else 'ok' end, v_next, g.others);
  perform ${s}.tell(p_bot, p_owner, v_told);
end $f$;

create or replace function ${s}.parked(${COMMON}, p_after bigint, p_most int)
returns setof text language plpgsql ${PLANS} as $f$
declare
  g record;
  k ${s}.parked;
  v_chars int := 0;
begin${GUARD(s)}
  for k in
    select * from ${s}.parked where bot = p_bot and id > p_after and until > g.at order by id limit p_most
  loop
    return next json_build_object('id', k.id, 'parts', cardinality(k.jsons), 'album', k.album, 'error', k.error,
      'attempts', k.attempts, 'parkedAt', extract(epoch from k.at) * 1000)::text;
    return query select unnest(k.jsons);
    v_chars := v_chars + length(array_to_string(k.jsons, ''));
    exit when v_chars >= ${MOST_CHARS};
  end loop;
  return next ${s}.answer('ok', null, g.others);
end $f$;

create or replace function ${s}.replay(${COMMON}, p_id bigint) returns setof text language plpgsql ${PLANS} as $f$
declare
  g record;
  k ${s}.parked;
  v_last bigint;
begin${GUARD(s)}
  select * into k from ${s}.parked where bot = p_bot and id = p_id;${LOCK_LANE("k.lane")}
  delete from ${s}.parked where bot = p_bot and id = p_id and until > g.at
    and not exists (select from ${s}.updates where bot = p_bot and update_id = any (k.ids)) -- Telegram has sent it again
    returning * into k;
  if not found then
    return next ${s}.answer('none', null, g.others);
    return;
  end if;
  select max(place) into v_last from ${s}.updates where bot = p_bot and lane = k.lane and place is not null;
  insert into ${s}.updates values (
    p_bot, p_id, p_id, 0, k.chars[1], k.jsons[1], k.lane, coalesce(v_last + 1, 0), v_last is null, k.album,
    cardinality(k.ids), k.is_late, true, false, false, k."end", g.at, g.at, g.at, g.at, g.at, null, 0, 0, 0, 0, 0
  );
  insert into ${s}.updates (bot, update_id, batch, part, chars, json)
    select p_bot, k.ids[i], p_id, i - 1, k.chars[i], k.jsons[i] from generate_series(2, cardinality(k.ids)) as i;
  for i in 1 .. cardinality(k.ids) loop
    return next k.ids[i] || ' ' || k.chars[i];
  end loop;
  return next ${s}.answer('ok', ${s}.next(p_bot, p_owner, g.at, 0), g.others);
end $f$;

create or replace function ${s}.discard(${COMMON}, p_id bigint) returns setof text language plpgsql ${PLANS} as $f$
declare
  g record;
  v_until timestamptz;
begin${GUARD(s)}
  delete from ${s}.parked where bot = p_bot and id = p_id returning until into v_until;
  return next ${s}.answer(case when v_until > g.at then 'ok' else 'none' end, null, g.others);
end $f$;

create or replace function ${s}.stats(${COMMON}) returns setof text language plpgsql as $f$
declare
  g record;
begin${GUARD(s)}
  return query select concat_ws(' ', count(*), count(*) filter (where is_head),
      greatest(0, ${s}.ms(g.at - min(began_at))), (select count(*) from ${s}.parked where bot = p_bot and until > g.at))
    from ${s}.updates where bot = p_bot;
  return next ${s}.answer('ok', null, g.others);
end $f$;

-- p_held: "id token" of each claim that this owner knows of. Calls from p_under_way on have no answer yet.
create or replace function ${s}.renew(${COMMON}, p_under_way bigint, p_held text, p_asked text)
returns setof text language plpgsql ${PLANS} as $f$
declare
  g record;
  v_held text[] := string_to_array(nullif(p_held, ''), ',');
begin
  perform ${s}.keep_time(p_bot, p_now);${GUARD(s)}
  update ${s}.owners set alive_until = g.at + p_lease * ${MS}, died_with = null where id = p_owner;
  return query select held from unnest(v_held) as held where (
    select true from ${s}.updates where ${
    HELD("split_part(held, ' ', 1)::bigint", "split_part(held, ' ', 2)::bigint")
  }) is null;
  -- Claims whose answer was lost; and those of an owner that was taken for dead while it claimed, and has not come back.
  with lost as (
    select update_id from ${s}.updates
    where bot = p_bot and owner is not null and case
      when owner = p_owner then greatest(token, told) < p_under_way
        and (update_id || ' ' || token) not in (select unnest(v_held))
      else not exists (select from ${s}.owners where id = owner)
    end
    for update skip locked
  )
  update ${s}.updates u set owner = null, token = null, due_at = g.at
    from lost where u.bot = p_bot and u.update_id = lost.update_id;
  -- The status is in how many milliseconds the lease of another owner ends, if that is not renewed.
  return next ${s}.answer(coalesce(ceil(${s}.ms(g.silent_at - g.at))::text, '-'), ${s}.next(p_bot, p_owner, g.at, 0), g.others,
    ${s}.gone(p_bot, p_asked));
  update ${s}.bots set latest = g.at where id = p_bot and latest < g.at; -- last, see "Locks"
end $f$;

-- For all others: something is due that the caller has no room for.
create or replace function ${s}.nudge(p_bot int, p_owner bigint) returns setof text language plpgsql as $f$
begin
  perform ${s}.tell(p_bot, p_owner, '{0 0}');
  return next 'ok - 0';
end $f$;

-- What the pollers compare.
create or replace function ${s}.news(p_bots text) returns setof text language sql stable as $f$
  select id || ' ' || wakes from ${s}.bots where id = any (string_to_array(p_bots, ',')::int[])
$f$;

-- Completes an update in the transaction that the caller has begun. An error here also ends the transaction.
create or replace function ${s}.complete_in(p_bot int, p_owner bigint, p_now double precision, p_id bigint, p_token bigint,
  p_update bigint) returns setof text language plpgsql ${PLANS} as $f$
declare
  r ${s}.updates;
  v_at timestamptz := ${s}.at(p_now) + (select ahead from ${s}.bots where id = p_bot);
  v_ids bigint[] := array[p_update];
  v_id bigint;
begin
  if p_id is not null then
    update ${s}.updates set is_done = true
      where ${HELD("p_id", "p_token")} and not is_done returning * into r;
    if not found then raise exception 'claim' using errcode = 'TH001'; end if;
    v_ids := p_id || array(
      select update_id from ${s}.updates where bot = p_bot and batch = p_id and part > 0 order by part);
  elsif exists (select from ${s}.updates where bot = p_bot and update_id = p_update
    and coalesce(owner <> p_owner, false)) then
    raise exception 'claim' using errcode = 'TH001';
  end if;
  foreach v_id in array v_ids loop
    insert into ${s}.remembered as known values (p_bot, v_id % ${REMEMBERED_UPDATES}, v_id, v_at)
      on conflict (bot, slot) do update set update_id = excluded.update_id, at = excluded.at
      where known.update_id <> excluded.update_id or known.at <= v_at - ${REMEMBERED_MS} * ${MS} or r.is_replay;
    if not found then raise exception 'handled' using errcode = 'TH001'; end if;
  end loop;
  return next 'ok';
end $f$;
`;
}
