import { functionsOf } from "./postgres_functions.ts";

/** Version of the tables and functions. A store refuses to open a schema of a later one. */
export const FORMAT = 1;

/**
 * The n-th migration turns version n - 1 into version n. To change the tables, add a migration. Each one also creates all
 * functions again.
 *
 * - `bots`: which bots share the schema. `died_at`: when a process was found to have ended. `wakes` counts up whenever
 *   another process must look at once. `latest`: when somebody renewed last. `ahead`: by how much the time of the store is ahead
 *   of the server's clock.
 * - `owners`: one row for each open store, until `alive_until` unless it is renewed. `died_with`: how many batches it had
 *   claimed, if it has ended and not all of these could be freed at once.
 * - `updates`: one row for each update. The first update of a batch (`part` 0) has the facts of the batch; `place` is the
 *   order of the batches of a lane, and `is_head` marks the first, the only one that may be claimed. `lane` is JSON.
 *   `token` is the call that has claimed it, and `told` the latest call that was told so again. `is_done`: completed in a
 *   transaction of the user's, and still to be removed.
 *   Only partial indexes begin with the bot, so that no plan, however old, reads all that a bot has.
 * - `remembered`: a ring of handled updates. Telegram counts ids up by one, so that an id has its slot until as many later
 *   ones were handled.
 * - `albums`: which albums were claimed.
 * - `parked`: what was given up.
 */
const MIGRATIONS: readonly ((schema: string) => string)[] = [
  (s) => `
create table ${s}.format (version int primary key); -- a table that is published cannot be updated without
insert into ${s}.format values (0);

create table ${s}.bots (
  id int generated always as identity primary key,
  name text not null unique,
  died_at timestamptz,
  wakes bigint not null default 0,
  latest timestamptz not null default '-infinity',
  ahead interval not null default '0'
);

create table ${s}.owners (
  id bigint primary key,
  bot int not null,
  alive_until timestamptz not null,
  died_with int
);
create index owners_of_bots on ${s}.owners (bot);

create table ${s}.updates (
  bot int not null,
  update_id bigint not null,
  batch bigint not null,
  part int not null default 0,
  chars int not null,
  json text not null,
  lane text collate "C",
  place bigint,
  is_head boolean,
  album text collate "C",
  parts int,
  is_late boolean,
  is_replay boolean,
  is_collecting boolean,
  is_done boolean,
  "end" text,
  began_at timestamptz,
  counts_from timestamptz,
  latest_at timestamptz,
  due_at timestamptz,
  wait_until timestamptz,
  not_before timestamptz,
  quiet_ms double precision,
  attempts int,
  failures int,
  crashes int,
  crashes_alone int,
  owner bigint,
  token bigint,
  reserved_for bigint,
  reserved_until timestamptz,
  told bigint,
  primary key (update_id, bot)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000);
create unique index updates_in_lanes on ${s}.updates (bot, lane, place) where place is not null;
create index updates_to_claim on ${s}.updates (bot, due_at) where is_head and owner is null;
create index updates_claimed on ${s}.updates (bot, owner) where owner is not null;
create index updates_reserved on ${s}.updates (bot, reserved_for) where reserved_for is not null;
create index updates_collecting on ${s}.updates (bot, lane, album) where is_collecting;
create index updates_in_albums on ${s}.updates (bot, batch, part) where part > 0;

create table ${s}.remembered (
  bot int not null,
  slot int not null,
  update_id bigint not null,
  at timestamptz not null,
  primary key (bot, slot)
) with (fillfactor = 70);

create table ${s}.albums (
  bot int not null,
  lane text collate "C" not null,
  album text collate "C" not null,
  at timestamptz not null,
  primary key (bot, lane, album)
);
create index albums_by_age on ${s}.albums (bot, at);

create table ${s}.parked (
  bot int not null,
  id bigint not null,
  at timestamptz not null,
  until timestamptz not null,
  error text not null,
  attempts int not null,
  lane text not null,
  album text,
  is_late boolean not null,
  "end" text,
  ids bigint[] not null,
  chars int[] not null,
  jsons text[] not null,
  primary key (bot, id)
);
create index parked_by_age on ${s}.parked (bot, until);
`,
];

/**
 * One statement that makes or migrates the schema: all of it, or nothing. Processes that do so at the same moment wait for
 * each other.
 */
export function migrationOf(schema: string, s: string): string {
  const steps = MIGRATIONS.map((migrate, i) => `if v_version < ${i + 1} then\n${migrate(s)}\nend if;`);
  return `do $telehook$
declare
  v_version int := 0;
begin
  perform pg_advisory_xact_lock(hashtextextended('telehook ${schema}', 0));
  -- Looked up in the tables themselves: names that this connection has looked up before are cached.
  if not exists (select from pg_catalog.pg_namespace where nspname = '${schema}') then create schema ${s}; end if;
  if exists (
    select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname = '${schema}' and c.relname = 'format'
  ) then
    select version into v_version from ${s}.format;
  end if;
  if v_version < ${FORMAT} then
    ${steps.join("\n")}
    ${functionsOf(schema, s)}
    update ${s}.format set version = ${FORMAT};
  end if;
end $telehook$`;
}
