-- The tables of Tertulia, with the columns and keys of the SQLite store. May be run again: existing tables and rows stay.
-- The program makes the ids, so a repeated write writes the same row.

create table if not exists public.conversations (
    id             uuid primary key,
    title          text not null default '' check (char_length(title) <= 200),
    model_settings jsonb not null default '{}' check (jsonb_typeof(model_settings) = 'object'),
    created_at     timestamptz not null default now(),
    -- the time of the newest message; a new message moves it forward, never back
    updated_at     timestamptz not null default now()
);

create index if not exists conversations_newest on public.conversations (updated_at desc, id desc);

create table if not exists public.characters (
    id            uuid primary key,
    name          text not null check (char_length(name) between 1 and 40),
    -- the form of the name for comparisons: case folded, compatibility forms unified; "C" sorts it like the program
    name_key      text collate "C" not null unique,
    voice         text not null check (char_length(voice) between 1 and 64),
    system_prompt text not null default '' check (char_length(system_prompt) <= 8000),
    image         text not null default '' check (char_length(image) <= 262144),
    active        boolean not null default true,
    created_at    timestamptz not null default now(),
    updated_at    timestamptz not null default now()
);

create table if not exists public.messages (
    id              uuid primary key,
    conversation_id uuid not null references public.conversations (id) on delete cascade,
    turn_id         uuid not null,
    role            text not null check (role in ('user', 'character')),
    -- no foreign key: messages outlive their character, and deleting it in mid-turn must not fail the turn
    character_id    uuid,
    character_name  text not null check (char_length(character_name) <= 80),
    text            text not null check (char_length(text) <= 100000),
    status          text not null check (status in ('streaming', 'failed', 'complete', 'interrupted')),
    position        bigint not null check (position between 0 and 9007199254740991),
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    check ((role = 'user') = (character_id is null))
);

-- not unique: a repeated turn in which other characters answer may use a position twice
create index if not exists messages_in_order on public.messages (conversation_id, position, id);

-- the sets of first rows that were inserted, so that rows that the user deleted stay deleted
create table if not exists public.seeds (
    name       text primary key,
    applied_at timestamptz not null default now()
);

-- -- access: only the server, with the service role's key

alter table public.conversations enable row level security;
alter table public.characters enable row level security;
alter table public.messages enable row level security;
alter table public.seeds enable row level security;

drop policy if exists "the server may do everything" on public.conversations;
create policy "the server may do everything" on public.conversations
    for all to service_role using (true) with check (true);
drop policy if exists "the server may do everything" on public.characters;
create policy "the server may do everything" on public.characters
    for all to service_role using (true) with check (true);
drop policy if exists "the server may do everything" on public.messages;
create policy "the server may do everything" on public.messages
    for all to service_role using (true) with check (true);
drop policy if exists "the server may do everything" on public.seeds;
create policy "the server may do everything" on public.seeds
    for all to service_role using (true) with check (true);

revoke all on public.conversations, public.characters, public.messages, public.seeds from anon, authenticated;
grant usage on schema public to service_role;
grant select, insert, update, delete
    on public.conversations, public.characters, public.messages, public.seeds to service_role;

-- -- triggers

-- A row that a person changes (in the dashboard, say) gets a new time. The program sets its own times.
create or replace function public.tertulia_touch() returns trigger
language plpgsql set search_path = '' as $$
begin
    new.created_at := old.created_at;
    if new.updated_at = old.updated_at
        and new is distinct from old
        and coalesce(current_setting('tertulia.own_times', true), '') <> 'on'
    then
        new.updated_at := now();
    end if;
    return new;
end
$$;

create or replace trigger touch before update on public.characters
    for each row execute function public.tertulia_touch();
create or replace trigger touch before update on public.messages
    for each row execute function public.tertulia_touch();

create or replace function public.tertulia_move_conversation() returns trigger
language plpgsql set search_path = '' as $$
begin
    update public.conversations
        set updated_at = new.updated_at
        where id = new.conversation_id and updated_at < new.updated_at;
    return null;
end
$$;

create or replace trigger move_conversation after insert or update on public.messages
    for each row execute function public.tertulia_move_conversation();

-- A character that a person creates or renames gets its key here; the program's key folds more than `lower` does.
create or replace function public.tertulia_name_key() returns trigger
language plpgsql set search_path = '' as $$
begin
    if new.name_key is null
        or (tg_op = 'UPDATE' and new.name is distinct from old.name and new.name_key = old.name_key)
    then
        new.name_key := btrim(regexp_replace(lower(normalize(new.name, nfkc)), '\s+', ' ', 'g'));
    end if;
    return new;
end
$$;

create or replace trigger a_name_key before insert or update on public.characters
    for each row execute function public.tertulia_name_key();

-- Supabase Realtime announces edited characters, if its publication exists.
do $$
begin
    if exists (select from pg_catalog.pg_publication where pubname = 'supabase_realtime')
        and not exists (
            select from pg_catalog.pg_publication_tables
            where pubname = 'supabase_realtime' and schemaname = 'public' and tablename = 'characters'
        )
    then
        alter publication supabase_realtime add table public.characters;
    end if;
end
$$;
