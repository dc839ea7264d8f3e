"""The Lua that runs inside Redis: what must be checked and written in one step.

Every script touches keys of one slot only: one conversation's, or one work stream. Redis 6.2 suffices. Beside each
script stands a function that makes the command to run it.
"""

from __future__ import annotations

from collections.abc import Sequence

from tertulia_shared.bus.scripts import ownership, repair, work, writing
from tertulia_shared.bus.scripts.script import Script

WRITING: Sequence[Script] = (writing.WRITE, writing.TRANSACT)
"""Those of the connection for writes."""
CALLING: Sequence[Script] = (*ownership.SCRIPTS, repair.MEND, *work.SCRIPTS)
"""Those of the connection for calls."""
