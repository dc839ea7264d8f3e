-- Texts that do not fit a conversation's settings, or belong to no conversation: personas, lorebooks, summaries.
-- May be run again. The release before this one works with this database, too: it ignores the table, and the trigger
-- deletes a conversation's documents when that release deletes it.

create table if not exists public.documents (
    kind       text collate "C" not null check (char_length(kind) between 1 and 40),
    -- the id of a conversation, or '': it belongs to everybody. So it is no foreign key.
    owner      text collate "C" not null check (char_length(owner) <= 36),
    id         text collate "C" not null check (char_length(id) between 1 and 64),
    -- JSON as text: jsonb does not keep the order, the spelling of numbers and the escapes
    content    text not null check (char_length(content) <= 1048576),
    updated_at timestamptz not null default now(),
    primary key (kind, owner, id)
);

create index if not exists documents_of_owner on public.documents (owner);

alter table public.documents enable row level security;
drop policy if exists "the server may do everything" on public.documents;
create policy "the server may do everything" on public.documents
    for all to service_role using (true) with check (true);
revoke all on public.documents from anon, authenticated;
grant select, insert, update, delete on public.documents to service_role;

create or replace function public.tertulia_delete_documents() returns trigger
language plpgsql set search_path = '' as $$
begin
    delete from public.documents where owner = old.id::text;
    return null;
end
$$;

create or replace trigger delete_documents after delete on public.conversations
    for each row execute function public.tertulia_delete_documents();

-- Saves a document, unless the stored one is newer. The lock keeps its conversation until the transaction ends.
create or replace function public.tertulia_save_document(document jsonb) returns void
language plpgsql set search_path = '' as $$
declare
    given public.documents := jsonb_populate_record(null::public.documents, document);
begin
    if given.owner <> '' then
        perform from public.conversations where id = given.owner::uuid for key share;
        if not found then
            raise exception 'no such conversation' using errcode = 'PT404', detail = given.owner;
        end if;
    end if;
    insert into public.documents as kept (kind, owner, id, content, updated_at)
        values (given.kind, given.owner, given.id, given.content, given.updated_at)
        on conflict (kind, owner, id) do update set content = excluded.content, updated_at = excluded.updated_at
        where excluded.updated_at >= kept.updated_at;
end
$$;

revoke execute on function public.tertulia_save_document(jsonb), public.tertulia_delete_documents()
    from public, anon, authenticated;
grant execute on function public.tertulia_save_document(jsonb), public.tertulia_delete_documents() to service_role;

-- Not an immutable SQL function: a cached plan holds its result, and no longer asks whether the caller may call it.
create or replace function public.tertulia_schema() returns integer
language plpgsql stable set search_path = '' as $$
begin
    return 10;
end
$$;

-- Let PostgREST read the schema again.
notify pgrst, 'reload schema';
