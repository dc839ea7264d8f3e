-- Finds versions without reading the whole conversation, and without their texts.
-- May be run again. The release before this one works with this database, too.

-- Where the versions of messages belong that are set aside and were shown. `roots`: the ids of the first versions.
create or replace function public.tertulia_version_places(conversation uuid, roots uuid[]) returns jsonb
language sql stable set search_path = '' as $$
    select coalesce(jsonb_agg(jsonb_build_object('id', found.id, 'root', wanted.root, 'position', found.position)), '[]')
    from unnest(roots) as wanted (root) cross join lateral (
        select first.* from public.set_aside as first where first.id = wanted.root
        union all select later.* from public.set_aside as later where later.replaces = wanted.root
    ) as found
    where found.conversation_id = conversation and found.branch = found.id
        and (found.status <> 'streaming' or found.text <> '')
$$;

-- As before, but each step looks the next messages up by their indexes: with one condition of several alternatives,
-- PostgreSQL reads the whole conversation for each message of a branch.
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
        from under cross join lateral (
            select member.* from public.set_aside as member where member.branch = under.id
            union all select version.* from public.set_aside as version where version.id = under.root
            union all select version.* from public.set_aside as version where version.replaces = under.root
        ) as other
        -- `is true`: else PostgreSQL may use the index of the conversation
        where (other.conversation_id = conversation) is true and other.branch is not null
    )
    select array_agg(under.id) into doomed from under;
    perform public.tertulia_move_aside(conversation, at_table.id, at_table.position, null, at_table.position + 1)
        from public.messages as at_table where at_table.id = any (doomed);
    update public.set_aside as aside set text = '', unheard = '', branch = null, displaced_by = null
        where aside.id = any (doomed);
end
$$;

revoke execute on function public.tertulia_version_places(uuid, uuid[]) from public, anon, authenticated;
grant execute on function public.tertulia_version_places(uuid, uuid[]) to service_role;

-- Not an immutable SQL function: a cached plan holds its result, and no longer asks whether the caller may call it.
create or replace function public.tertulia_schema() returns integer
language plpgsql stable set search_path = '' as $$
begin
    return 12;
end
$$;

-- Let PostgREST read the schema again.
notify pgrst, 'reload schema';
