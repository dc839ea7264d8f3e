"""The Lua scripts that run inside Redis, for checks and writes that must be atomic.

Every script touches keys of one slot only: one conversation's, or one work stream. Redis 6.2 suffices. Each script has
a function that builds the command to run it.
"""

from __future__ import annotations

from collections.abc import Sequence

from tertulia_shared.bus.scripts import choosing, ownership, repair, work, writing
from tertulia_shared.bus.scripts.script import Script

WRITING: Sequence[Script] = (writing.WRITE, writing.OPEN, writing.TRANSACT)
"""The scripts of the connection for writes."""
CALLING: Sequence[Script] = (*ownership.SCRIPTS, repair.MEND, *work.SCRIPTS, *choosing.SCRIPTS)
"""The scripts of the connection for calls."""
