-- What services leave here in their own transactions is sent once they have committed: at least once, and of each key in the
-- order in which it was written. A service needs `insert` on `homeroom_outbox` and nothing else.
create table homeroom_outbox (
  seq bigint generated always as identity primary key,
  -- Tells duplicates apart: of rows with one id there is one, and what is sent twice has the same.
  id text not null unique default gen_random_uuid()::text,
  -- For whoever looks after it: whose event it is.
  tenant text,
  namespace text not null,
  event text not null,
  -- Rows of one key are sent one after the other; rows without one, in any order.
  key text,
  payload jsonb,
  created_at timestamptz not null default clock_timestamp(),
  due_at timestamptz not null default clock_timestamp(),
  attempts integer not null default 0,
  reason text,
  -- Slots share the work between servers; a key is in one slot.
  slot smallint not null generated always as (abs(hashtext(coalesce(key, id)) % 64)) stored
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
create index homeroom_outbox_of_slot on homeroom_outbox (slot, seq);
create index homeroom_outbox_of_key on homeroom_outbox (key, seq) where key is not null;

create table homeroom_outbox_slots (
  slot smallint primary key,
  holder text,
  until timestamptz,
  served_at timestamptz not null default '-infinity'
) with (fillfactor = 50);
insert into homeroom_outbox_slots (slot) select generate_series(0, 63);

-- What could not be sent, and why. To try again: insert it into `homeroom_outbox`, and delete it here.
create table homeroom_outbox_dead (
  seq bigint primary key,
  id text not null,
  tenant text,
  namespace text not null,
  event text not null,
  key text,
  payload jsonb,
  created_at timestamptz not null,
  attempts integer not null,
  reason text not null,
  died_at timestamptz not null default clock_timestamp()
);
create index homeroom_outbox_dead_by_time on homeroom_outbox_dead (died_at);

create function homeroom_outbox_tell() returns trigger language plpgsql as $$
begin
  perform pg_notify('homeroom_outbox', '');
  return null;
end $$;
create trigger homeroom_outbox_tell after insert on homeroom_outbox for each statement execute function homeroom_outbox_tell();
