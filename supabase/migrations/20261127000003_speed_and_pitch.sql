-- How a character speaks: a factor of its voice's own speed, and semitones from its voice's own pitch.
-- May be run again. The release before this one works with this table, too: it ignores the columns.

alter table public.characters
    add column if not exists speed double precision not null default 1 check (speed between 0.5 and 2),
    add column if not exists pitch double precision not null default 0 check (pitch between -6 and 6);

-- Not an immutable SQL function: a cached plan holds its result, and no longer asks whether the caller may call it.
create or replace function public.tertulia_schema() returns integer
language plpgsql stable set search_path = '' as $$
begin
    return 4;
end
$$;

-- Let PostgREST read the schema again.
notify pgrst, 'reload schema';
