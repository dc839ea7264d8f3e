"""`tertulia run`: everything on one machine, each service a process, kept alive until Ctrl-C."""
