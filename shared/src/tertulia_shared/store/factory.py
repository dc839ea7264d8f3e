"""Makes the store of the settings."""

from __future__ import annotations

from tertulia_shared.settings import CommonSettings
from tertulia_shared.store.errors import StoreUnusable
from tertulia_shared.store.port import Store
from tertulia_shared.store.sqlite import SQLiteStore


def chosen_store(settings: CommonSettings) -> Store:
    """Create the store, not yet open. Only this function imports the libraries of a single store.

    Raises:
        StoreUnusable: a package that it needs is not installed.
    """
    if settings.store == "sqlite":
        return SQLiteStore(settings.data_dir / "tertulia.db", moves_broken_aside=True)
    try:
        from tertulia_shared.store.supabase import SupabaseStore  # noqa: PLC0415 - see above
    except ImportError as error:
        raise StoreUnusable(
            f"TERTULIA_STORE=supabase needs the package supabase ({error}): install tertulia-shared[supabase]."
        ) from error
    return SupabaseStore(settings.supabase_url, settings.supabase_key)
