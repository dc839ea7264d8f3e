-- The list of conversations with a preview of each, and the search for a text in them.
-- May be run again. The release before this one works with this database, too: it uses `tertulia_conversations`.

-- In upper or lower case of any language: the database's own collation may be "C", which knows ASCII only.
create or replace function public.tertulia_contains(within text, wanted text) returns boolean
language sql immutable set search_path = '' as $$
    select position(
        lower(wanted collate pg_catalog."und-x-icu") in lower(within collate pg_catalog."und-x-icu")
    ) > 0
$$;

-- `preview` is the newest message with a text; of the messages that contain the text, if one does, the newest.
create or replace function public.tertulia_list_conversations(
    before_time timestamptz, before_id uuid, most integer, containing text
)
returns jsonb
language sql stable set search_path = '' as $$
    select coalesce(jsonb_agg(to_jsonb(page) order by page.updated_at desc, page.id desc), '[]')
    from (
        select listed.id, listed.title, listed.created_at, listed.updated_at, (
            select jsonb_build_object('character_name', said.character_name, 'text', said.text)
            from public.messages as said
            where said.conversation_id = listed.id and said.text <> ''
            order by public.tertulia_contains(said.text, containing) desc, said.position desc, said.id desc
            limit 1
        ) as preview
        from public.conversations as listed
        where (before_time is null or (listed.updated_at, listed.id) < (before_time, before_id))
            and (containing = '' or public.tertulia_contains(listed.title, containing) or exists (
                select from public.messages as said
                where said.conversation_id = listed.id and public.tertulia_contains(said.text, containing)
            ))
        order by listed.updated_at desc, listed.id desc
        limit most
    ) as page
$$;

revoke execute on function
    public.tertulia_contains(text, text), public.tertulia_list_conversations(timestamptz, uuid, integer, text)
    from public, anon, authenticated;
grant execute on function
    public.tertulia_contains(text, text), public.tertulia_list_conversations(timestamptz, uuid, integer, text)
    to service_role;

-- Not an immutable SQL function: a cached plan holds its result, and no longer asks whether the caller may call it.
create or replace function public.tertulia_schema() returns integer
language plpgsql stable set search_path = '' as $$
begin
    return 6;
end
$$;

-- Let PostgREST read the schema again.
notify pgrst, 'reload schema';
