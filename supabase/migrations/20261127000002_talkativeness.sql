-- How often a character answers a remark that is addressed to no one.
-- May be run again. The release before this one works with this table, too: it ignores the column.

alter table public.characters
    add column if not exists talkativeness integer not null default 50 check (talkativeness between 0 and 100);

-- Not an immutable SQL function: a cached plan holds its result, and no longer asks whether the caller may call it.
create or replace function public.tertulia_schema() returns integer
language plpgsql stable set search_path = '' as $$
begin
    return 3;
end
$$;

-- Let PostgREST read the schema again.
notify pgrst, 'reload schema';
