-- Operations of more than one request on a table; each is one transaction. May be run again.

-- The version of these migrations. The program reads it at the start, and reports the remedy if it is too old.
create or replace function public.tertulia_schema() returns integer
language sql immutable set search_path = '' as $$ select 1 $$;

-- Of two writes of one message the one with the higher rank wins, or with equal rank the newer. A late "streaming" must
-- not undo the full text, nor a late full text the heard part.
create or replace function public.tertulia_rank(status text) returns integer
language sql immutable set search_path = '' as $$
    select array_position(array['streaming', 'failed', 'complete', 'interrupted'], status)
$$;

-- Inserts or updates messages, all or none. An update keeps the first write's turn, role, position and created_at.
-- Errors: PT404, the detail being the id of a conversation that does not exist; PT409, the detail being the id of a
-- message that belongs to another conversation.
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
            created_at, updated_at
        ) values (
            given.id, given.conversation_id, given.turn_id, given.role, given.character_id, given.character_name,
            given.text, given.status, given.position, given.created_at, given.updated_at
        )
        on conflict (id) do update set
            character_name = excluded.character_name, text = excluded.text, status = excluded.status,
            updated_at = excluded.updated_at
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

-- The first `most` messages after a position, and those that share the last one's position.
create or replace function public.tertulia_messages(conversation uuid, behind bigint, most integer) returns jsonb
language sql stable set search_path = '' as $$
    select coalesce(jsonb_agg(to_jsonb(page) order by page.position, page.id), '[]')
    from (
        select * from public.messages as listed
        where listed.conversation_id = conversation and listed.position > behind
        order by listed.position
        fetch first most rows with ties
    ) as page
$$;

-- The first `most` conversations after a position in the list, newest first.
create or replace function public.tertulia_conversations(before_time timestamptz, before_id uuid, most integer)
returns jsonb
language sql stable set search_path = '' as $$
    select coalesce(jsonb_agg(to_jsonb(page) order by page.updated_at desc, page.id desc), '[]')
    from (
        select listed.id, listed.title, listed.created_at, listed.updated_at
        from public.conversations as listed
        where before_time is null or (listed.updated_at, listed.id) < (before_time, before_id)
        order by listed.updated_at desc, listed.id desc
        limit most
    ) as page
$$;

revoke execute on function
    public.tertulia_schema(), public.tertulia_rank(text), public.tertulia_save_messages(jsonb),
    public.tertulia_messages(uuid, bigint, integer), public.tertulia_conversations(timestamptz, uuid, integer)
    from public, anon, authenticated;
grant execute on function
    public.tertulia_schema(), public.tertulia_rank(text), public.tertulia_save_messages(jsonb),
    public.tertulia_messages(uuid, bigint, integer), public.tertulia_conversations(timestamptz, uuid, integer)
    to service_role;

-- Let PostgREST read the schema again.
notify pgrst, 'reload schema';
