-- The model's settings of a character ({} means those of the conversation), and the usage of a reply's requests.
-- May be run again. The release before this one works with these tables, too: it ignores both columns.

alter table public.characters
    add column if not exists model_settings jsonb not null default '{}' check (jsonb_typeof(model_settings) = 'object');

alter table public.messages
    add column if not exists usage jsonb not null default '{}' check (jsonb_typeof(usage) = 'object');

-- Not an immutable SQL function: a cached plan holds its result, and no longer asks whether the caller may call it.
create or replace function public.tertulia_schema() returns integer
language plpgsql stable set search_path = '' as $$
begin
    return 2;
end
$$;

-- As before, and with the usage. A write without usage keeps the usage that the row has.
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
            created_at, updated_at, usage
        ) values (
            given.id, given.conversation_id, given.turn_id, given.role, given.character_id, given.character_name,
            given.text, given.status, given.position, given.created_at, given.updated_at, coalesce(given.usage, '{}')
        )
        on conflict (id) do update set
            character_name = excluded.character_name, text = excluded.text, status = excluded.status,
            updated_at = excluded.updated_at,
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

-- The sums of a conversation's usage by name, without the messages of one turn (null: with all).
create or replace function public.tertulia_usage(conversation uuid, without_turn uuid) returns jsonb
language sql stable set search_path = '' as $$
    select coalesce(jsonb_object_agg(summed.key, summed.total), '{}')
    from (
        select figure.key, sum((figure.value #>> '{}')::double precision) as total
        from public.messages as message
        cross join lateral jsonb_each(message.usage) as figure (key, value)
        where message.conversation_id = conversation
            and (without_turn is null or message.turn_id <> without_turn)
            and jsonb_typeof(figure.value) = 'number'
        group by figure.key
    ) as summed
$$;

revoke execute on function public.tertulia_usage(uuid, uuid) from public, anon, authenticated;
grant execute on function public.tertulia_usage(uuid, uuid) to service_role;

-- Let PostgREST read the schema again.
notify pgrst, 'reload schema';
