class Logger:
    def disable(self, name: str) -> None: ...

logger: Logger
