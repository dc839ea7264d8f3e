-- Versions of messages. `messages` has what is at the table; `replaces` is the id of the first version of the message.
-- `set_aside` has the other versions and the messages that followed them.
-- May be run again. The release before this one works with this database, too: it ignores the column and the table.

alter table public.messages add column if not exists replaces uuid;

create index if not exists messages_replacing on public.messages (replaces) where replaces is not null;

create table if not exists public.set_aside (
    id              uuid primary key,
    conversation_id uuid not null references public.conversations (id) on delete cascade,
    turn_id         uuid not null,
    role            text not null check (role in ('user', 'character')),
    character_id    uuid,
    character_name  text not null check (char_length(character_name) <= 80),
    text            text not null check (char_length(text) <= 100000),
    status          text not null check (status in ('streaming', 'failed', 'complete', 'interrupted')),
    position        bigint not null check (position between 0 and 9007199254740991),
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    usage           jsonb not null default '{}' check (jsonb_typeof(usage) = 'object'),
    unheard         text not null default '',
    replaces        uuid,
    -- the version that begins the branch of the message; null if the message was removed: the row then has no text, and
    -- only prevents that a late write brings the message back
    branch          uuid,
    -- the version that took the place of the branch
    displaced_by    uuid,
    check ((role = 'user') = (character_id is null))
);

create index if not exists set_aside_in_order on public.set_aside (conversation_id, position, id);
create index if not exists set_aside_branches on public.set_aside (branch);
create index if not exists set_aside_replacing on public.set_aside (replaces) where replaces is not null;

alter table public.set_aside enable row level security;
drop policy if exists "the server may do everything" on public.set_aside;
create policy "the server may do everything" on public.set_aside
    for all to service_role using (true) with check (true);
revoke all on public.set_aside from anon, authenticated;
grant select, insert, update, delete on public.set_aside to service_role;

-- -- moving messages

-- Locks a conversation, so that its messages are moved by one call at a time.
create or replace function public.tertulia_lock(conversation uuid) returns void
language plpgsql set search_path = '' as $$
begin
    perform set_config('tertulia.own_times', 'on', true);
    perform from public.conversations as locked where locked.id = conversation for no key update;
end
$$;

-- Sets a version and what follows it aside, below the position `before`.
create or replace function public.tertulia_move_aside(
    conversation uuid, version uuid, version_position bigint, displaced uuid, before bigint
) returns void
language sql set search_path = '' as $$
    with moved as (
        delete from public.messages as at_table
        where at_table.conversation_id = conversation and at_table.position < before
            and (at_table.position, at_table.id) >= (version_position, version)
        returning at_table.*
    )
    insert into public.set_aside (
        id, conversation_id, turn_id, role, character_id, character_name, text, status, position,
        created_at, updated_at, usage, unheard, replaces, branch, displaced_by
    )
    select moved.id, moved.conversation_id, moved.turn_id, moved.role, moved.character_id, moved.character_name,
        moved.text, moved.status, moved.position, moved.created_at, moved.updated_at, moved.usage, moved.unheard,
        moved.replaces, version, displaced
    from moved
$$;

-- Brings a branch back to the table.
create or replace function public.tertulia_restore(wanted uuid) returns void
language sql set search_path = '' as $$
    with moved as (
        delete from public.set_aside as aside where aside.branch = wanted returning aside.*
    )
    insert into public.messages (
        id, conversation_id, turn_id, role, character_id, character_name, text, status, position,
        created_at, updated_at, usage, unheard, replaces
    )
    select moved.id, moved.conversation_id, moved.turn_id, moved.role, moved.character_id, moved.character_name,
        moved.text, moved.status, moved.position, moved.created_at, moved.updated_at, moved.usage, moved.unheard,
        moved.replaces
    from moved
$$;

-- The version that a deleted version had displaced; the newest one if that is unknown.
create or replace function public.tertulia_displaced(conversation uuid, root uuid, deleted uuid) returns uuid
language sql stable set search_path = '' as $$
    select aside.id from public.set_aside as aside
    where aside.conversation_id = conversation and (aside.id = root or aside.replaces = root) and aside.branch = aside.id
    order by aside.displaced_by is not distinct from deleted desc, aside.position desc, aside.id desc
    limit 1
$$;

-- As before, and with the versions: a new message that replaces another one takes its place. A message that is set aside
-- is updated there; a removed one stays removed.
create or replace function public.tertulia_save_messages(messages jsonb) returns integer
language plpgsql set search_path = '' as $$
declare
    given record;
    current record;
    missing text;
    saved integer := 0;
begin
    perform set_config('tertulia.own_times', 'on', true);
    -- lock in the order of the ids, so that two of these calls never wait for each other
    perform from public.conversations
        where id in (select (value ->> 'conversation_id')::uuid from jsonb_array_elements(messages))
        order by id for no key update;
    select value ->> 'conversation_id' into missing
        from jsonb_array_elements(messages)
        where not exists (
            select from public.conversations where id = (value ->> 'conversation_id')::uuid
        )
        limit 1;
    if missing is not null then
        raise exception 'no such conversation' using errcode = 'PT404', detail = missing;
    end if;
    for given in
        select item.*
        from jsonb_array_elements(messages) with ordinality as listed (value, place)
        cross join lateral jsonb_populate_record(null::public.messages, listed.value) as item
        order by listed.place
    loop
        if exists (select from public.set_aside as aside where aside.id = given.id) then
            update public.set_aside as kept set
                character_name = given.character_name, text = given.text, unheard = coalesce(given.unheard, ''),
                status = given.status, updated_at = given.updated_at,
                usage = case when coalesce(given.usage, '{}') = '{}' then kept.usage else given.usage end
            where kept.id = given.id and kept.conversation_id = given.conversation_id and kept.branch is not null and (
                public.tertulia_rank(given.status) > public.tertulia_rank(kept.status)
                or (given.status = kept.status and given.updated_at >= kept.updated_at)
            );
            if not exists (
                select from public.set_aside as kept
                where kept.id = given.id and kept.conversation_id = given.conversation_id
            ) then
                raise exception 'a message of another conversation' using errcode = 'PT409', detail = given.id::text;
            end if;
            continue;
        end if;
        if given.replaces is not null
            and not exists (select from public.messages as kept where kept.id = given.id)
        then
            select at_table.id, at_table.position into current from public.messages as at_table
                where at_table.conversation_id = given.conversation_id
                    and (at_table.id = given.replaces or at_table.replaces = given.replaces);
            if current.id is not null and current.position < given.position then
                perform public.tertulia_move_aside(
                    given.conversation_id, current.id, current.position, given.id, given.position
                );
            elsif current.id is not null or exists (
                select from public.set_aside as aside
                where aside.conversation_id = given.conversation_id and aside.branch is not null
                    and (aside.id = given.replaces or aside.replaces = given.replaces)
            ) then
                perform public.tertulia_insert_aside(to_jsonb(given) || jsonb_build_object('branch', given.id));
                continue;
            end if;
        end if;
        insert into public.messages as kept (
            id, conversation_id, turn_id, role, character_id, character_name, text, status, position,
            created_at, updated_at, usage, unheard, replaces
        ) values (
            given.id, given.conversation_id, given.turn_id, given.role, given.character_id, given.character_name,
            given.text, given.status, given.position, given.created_at, given.updated_at, coalesce(given.usage, '{}'),
            coalesce(given.unheard, ''), given.replaces
        )
        on conflict (id) do update set
            character_name = excluded.character_name, text = excluded.text, unheard = excluded.unheard,
            status = excluded.status, updated_at = excluded.updated_at,
            usage = case when excluded.usage = '{}' then kept.usage else excluded.usage end
        where kept.conversation_id = excluded.conversation_id and (
            public.tertulia_rank(excluded.status) > public.tertulia_rank(kept.status)
            or (excluded.status = kept.status and excluded.updated_at >= kept.updated_at)
        );
        if found then
            saved := saved + 1;
        elsif not exists (
            select from public.messages as kept
            where kept.id = given.id and kept.conversation_id = given.conversation_id
        ) then
            raise exception 'a message of another conversation' using errcode = 'PT409', detail = given.id::text;
        end if;
    end loop;
    return saved;
end
$$;

-- Inserts one row of `set_aside`.
create or replace function public.tertulia_insert_aside(given jsonb) returns void
language sql set search_path = '' as $$
    insert into public.set_aside (
        id, conversation_id, turn_id, role, character_id, character_name, text, status, position,
        created_at, updated_at, usage, unheard, replaces, branch, displaced_by
    )
    select item.id, item.conversation_id, item.turn_id, item.role, item.character_id, item.character_name, item.text,
        item.status, item.position, item.created_at, item.updated_at, coalesce(item.usage, '{}'),
        coalesce(item.unheard, ''), item.replaces, item.branch, item.displaced_by
    from jsonb_populate_record(null::public.set_aside, given) as item
$$;

-- Inserts messages that are set aside, all or none; one whose id exists stays as it is. Errors: as
-- `tertulia_save_messages`.
create or replace function public.tertulia_save_set_aside(messages jsonb) returns void
language plpgsql set search_path = '' as $$
declare
    given jsonb;
    owner uuid;
begin
    perform from public.conversations
        where id in (select (value ->> 'conversation_id')::uuid from jsonb_array_elements(messages))
        order by id for no key update;
    for given in select listed.value from jsonb_array_elements(messages) as listed (value)
    loop
        if not exists (
            select from public.conversations as known where known.id = (given ->> 'conversation_id')::uuid
        ) then
            raise exception 'no such conversation' using errcode = 'PT404', detail = given ->> 'conversation_id';
        end if;
        select known.conversation_id into owner from (
            select at_table.id, at_table.conversation_id from public.messages as at_table
            union all select aside.id, aside.conversation_id from public.set_aside as aside
        ) as known where known.id = (given ->> 'id')::uuid;
        if owner is null then
            perform public.tertulia_insert_aside(given);
        elsif owner <> (given ->> 'conversation_id')::uuid then
            raise exception 'a message of another conversation' using errcode = 'PT409', detail = given ->> 'id';
        end if;
    end loop;
end
$$;

-- Brings a version and its branch back to the table, in place of the version that is there.
create or replace function public.tertulia_choose_version(conversation uuid, version uuid, before bigint) returns void
language plpgsql set search_path = '' as $$
declare
    root uuid;
    current record;
begin
    perform public.tertulia_lock(conversation);
    select coalesce(aside.replaces, aside.id) into root from public.set_aside as aside
        where aside.id = version and aside.branch = version and aside.conversation_id = conversation;
    select at_table.id, at_table.position into current from public.messages as at_table
        where at_table.conversation_id = conversation and (at_table.id = root or at_table.replaces = root);
    if current.id is null or current.position >= before then
        return;
    end if;
    perform public.tertulia_move_aside(conversation, current.id, current.position, version, before);
    perform public.tertulia_restore(version);
end
$$;

-- Removes a message, its other versions and the branches under them. What follows it at the table stays.
create or replace function public.tertulia_remove_message(conversation uuid, message uuid) returns void
language plpgsql set search_path = '' as $$
declare
    first uuid;
    doomed uuid[];
begin
    perform public.tertulia_lock(conversation);
    select coalesce(known.replaces, known.id) into first from (
        select at_table.id, at_table.replaces from public.messages as at_table
            where at_table.id = message and at_table.conversation_id = conversation
        union all select aside.id, aside.replaces from public.set_aside as aside
            where aside.id = message and aside.conversation_id = conversation and aside.branch is not null
    ) as known;
    with recursive under (id, root) as (
        select each.id, first from (
            select at_table.id, at_table.replaces from public.messages as at_table
                where at_table.conversation_id = conversation
            union all select aside.id, aside.replaces from public.set_aside as aside
                where aside.conversation_id = conversation and aside.branch is not null
        ) as each
        where each.id = first or each.replaces = first
        union
        select other.id, coalesce(other.replaces, other.id)
        from under join public.set_aside as other
            on other.branch = under.id or other.id = under.root or other.replaces = under.root
        where other.conversation_id = conversation and other.branch is not null
    )
    select array_agg(under.id) into doomed from under;
    perform public.tertulia_move_aside(conversation, at_table.id, at_table.position, null, at_table.position + 1)
        from public.messages as at_table where at_table.id = any (doomed);
    update public.set_aside as aside set text = '', unheard = '', branch = null, displaced_by = null
        where aside.id = any (doomed);
end
$$;

-- Deletes the messages of a turn from position `first` up to and without `stop`; what they displaced comes back. A
-- conversation that then has neither messages, settings nor documents is deleted, too.
create or replace function public.tertulia_delete_messages(conversation uuid, turn uuid, first bigint, stop bigint)
returns void
language plpgsql set search_path = '' as $$
declare
    gone public.messages[];
    hidden public.set_aside[];
    deleted record;
    displaced uuid;
begin
    perform public.tertulia_lock(conversation);
    with taken as (
        delete from public.messages as at_table
        where at_table.conversation_id = conversation and at_table.turn_id = turn
            and at_table.position >= first and at_table.position < stop
        returning at_table
    )
    select array_agg(taken.at_table) into gone from taken;
    with taken as (
        delete from public.set_aside as aside
        where aside.conversation_id = conversation and aside.turn_id = turn
            and aside.position >= first and aside.position < stop
        returning aside
    )
    select array_agg(taken.aside) into hidden from taken;
    for deleted in select * from unnest(gone) as item order by item.position desc, item.id desc
    loop
        displaced := public.tertulia_displaced(conversation, coalesce(deleted.replaces, deleted.id), deleted.id);
        if displaced is not null and not exists (
            select from public.messages as at_table
            where at_table.conversation_id = conversation and (
                at_table.id = coalesce(deleted.replaces, deleted.id)
                or at_table.replaces = coalesce(deleted.replaces, deleted.id)
            )
        ) then
            perform public.tertulia_restore(displaced);
        end if;
    end loop;
    -- in the middle of a branch: the version that was displaced there joins that branch again
    for deleted in select * from unnest(hidden) as item order by item.position desc, item.id desc
    loop
        displaced := public.tertulia_displaced(conversation, coalesce(deleted.replaces, deleted.id), deleted.id);
        if displaced is not null and deleted.branch <> deleted.id and not exists (
            select from public.set_aside as aside
            where aside.branch = deleted.branch and aside.conversation_id = conversation and (
                aside.id = coalesce(deleted.replaces, deleted.id)
                or aside.replaces = coalesce(deleted.replaces, deleted.id)
            )
        ) then
            update public.set_aside as aside set branch = deleted.branch, displaced_by = null
                where aside.branch = displaced;
        end if;
    end loop;
    delete from public.conversations as emptied
        where emptied.id = conversation and emptied.model_settings = '{}'
            and not exists (select from public.messages as kept where kept.conversation_id = conversation)
            and not exists (
                select from public.set_aside as kept
                where kept.conversation_id = conversation and kept.branch is not null
            )
            and not exists (select from public.documents as kept where kept.owner = conversation::text);
end
$$;

-- The messages that are set aside, in the order of their positions, without the removed ones.
create or replace function public.tertulia_versions(conversation uuid) returns jsonb
language sql stable set search_path = '' as $$
    select coalesce(jsonb_agg(to_jsonb(aside) order by aside.position, aside.id), '[]')
    from public.set_aside as aside
    where aside.conversation_id = conversation and aside.branch is not null
$$;

-- As before, and with the messages that are set aside or removed: their tokens were used, too.
create or replace function public.tertulia_usage(conversation uuid, without_turn uuid) returns jsonb
language sql stable set search_path = '' as $$
    select coalesce(jsonb_object_agg(summed.key, summed.total), '{}')
    from (
        select figure.key, sum((figure.value #>> '{}')::double precision) as total
        from (
            select at_table.usage, at_table.turn_id from public.messages as at_table
                where at_table.conversation_id = conversation
            union all select aside.usage, aside.turn_id from public.set_aside as aside
                where aside.conversation_id = conversation
        ) as message
        cross join lateral jsonb_each(message.usage) as figure (key, value)
        where (without_turn is null or message.turn_id <> without_turn)
            and jsonb_typeof(figure.value) = 'number'
        group by figure.key
    ) as summed
$$;

revoke execute on function
    public.tertulia_lock(uuid), public.tertulia_move_aside(uuid, uuid, bigint, uuid, bigint),
    public.tertulia_restore(uuid), public.tertulia_displaced(uuid, uuid, uuid), public.tertulia_insert_aside(jsonb),
    public.tertulia_save_set_aside(jsonb), public.tertulia_choose_version(uuid, uuid, bigint),
    public.tertulia_remove_message(uuid, uuid), public.tertulia_delete_messages(uuid, uuid, bigint, bigint),
    public.tertulia_versions(uuid)
    from public, anon, authenticated;
grant execute on function
    public.tertulia_lock(uuid), public.tertulia_move_aside(uuid, uuid, bigint, uuid, bigint),
    public.tertulia_restore(uuid), public.tertulia_displaced(uuid, uuid, uuid), public.tertulia_insert_aside(jsonb),
    public.tertulia_save_set_aside(jsonb), public.tertulia_choose_version(uuid, uuid, bigint),
    public.tertulia_remove_message(uuid, uuid), public.tertulia_delete_messages(uuid, uuid, bigint, bigint),
    public.tertulia_versions(uuid)
    to service_role;

-- Not an immutable SQL function: a cached plan holds its result, and no longer asks whether the caller may call it.
create or replace function public.tertulia_schema() returns integer
language plpgsql stable set search_path = '' as $$
begin
    return 11;
end
$$;

-- Let PostgREST read the schema again.
notify pgrst, 'reload schema';
