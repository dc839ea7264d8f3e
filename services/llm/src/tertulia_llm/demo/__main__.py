from __future__ import annotations

from tertulia_llm.demo.main import main

raise SystemExit(main())
