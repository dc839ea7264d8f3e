"""`tertulia run`: runs all services on one machine, each as a process, until Ctrl-C."""
