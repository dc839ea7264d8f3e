"""`make bench`: the pipeline's benchmark."""

import uvloop

from bench.pipeline import main

uvloop.run(main())
