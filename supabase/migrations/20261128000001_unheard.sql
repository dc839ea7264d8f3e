-- The text of an interrupted reply after the part that was heard. `text` has the part that was heard.
-- May be run again. The release before this one works with this table, too: it ignores the column.

alter table public.messages add column if not exists unheard text not null default '';

-- Not an immutable SQL function: a cached plan holds its result, and no longer asks whether the caller may call it.
create or replace function public.tertulia_schema() returns integer
language plpgsql stable set search_path = '' as $$
begin
    return 8;
end
$$;

-- As before, and with the unheard text. A write of an older release has none.
create or replace function public.tertulia_save_messages(messages jsonb) returns integer
language plpgsql set search_path = '' as $$
declare
    given record;
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
        insert into public.messages as kept (
            id, conversation_id, turn_id, role, character_id, character_name, text, status, position,
            created_at, updated_at, usage, unheard
        ) values (
            given.id, given.conversation_id, given.turn_id, given.role, given.character_id, given.character_name,
            given.text, given.status, given.position, given.created_at, given.updated_at, coalesce(given.usage, '{}'),
            coalesce(given.unheard, '')
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

-- Let PostgREST read the schema again.
notify pgrst, 'reload schema';
