-- The JSON of the character card from which a character was imported, as it came; '' if there is none. It is text, not
-- jsonb: jsonb does not keep the order, the spelling of numbers and the escapes.
-- May be run again. The release before this one works with this table, too: it ignores the column.

alter table public.characters
    add column if not exists card text not null default '' check (char_length(card) <= 1048576);

-- Not an immutable SQL function: a cached plan holds its result, and no longer asks whether the caller may call it.
create or replace function public.tertulia_schema() returns integer
language plpgsql stable set search_path = '' as $$
begin
    return 9;
end
$$;

-- Let PostgREST read the schema again.
notify pgrst, 'reload schema';
