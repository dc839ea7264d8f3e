-- The roles of a Supabase project. May be run again.
select 'create role ' || name || ' nologin' from unnest(array['anon', 'authenticated', 'service_role']) as wanted (name)
    where not exists (select from pg_roles where rolname = name)
\gexec
select 'create role authenticator login noinherit' where not exists (select from pg_roles where rolname = 'authenticator')
\gexec
\getenv password AUTHENTICATOR_PASSWORD
alter role authenticator password :'password';
grant anon, authenticated, service_role to authenticator;
grant usage on schema public to anon, authenticated, service_role;
