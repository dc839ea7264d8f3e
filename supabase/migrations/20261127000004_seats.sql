-- The place of a character in the order that the user chose; 1000: none, it sits behind those that have one.
-- May be run again. The release before this one works with this table, too: it ignores the column.

alter table public.characters
    add column if not exists seat integer not null default 1000 check (seat between 0 and 1000);

-- Seat the characters in the order of these ids; the others lose their seats.
create or replace function public.tertulia_seat_characters(ids uuid[]) returns void
language plpgsql set search_path = '' as $$
begin
    perform set_config('tertulia.own_times', 'on', true);
    -- lock in the order of the ids, so that two of these calls never wait for each other
    perform from public.characters order by id for no key update;
    update public.characters as seated
        set seat = coalesce(array_position(ids, seated.id) - 1, 1000)
        where seated.seat <> coalesce(array_position(ids, seated.id) - 1, 1000);
end
$$;

revoke execute on function public.tertulia_seat_characters(uuid[]) from public, anon, authenticated;
grant execute on function public.tertulia_seat_characters(uuid[]) to service_role;

-- Not an immutable SQL function: a cached plan holds its result, and no longer asks whether the caller may call it.
create or replace function public.tertulia_schema() returns integer
language plpgsql stable set search_path = '' as $$
begin
    return 5;
end
$$;

-- Let PostgREST read the schema again.
notify pgrst, 'reload schema';
