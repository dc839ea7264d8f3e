# the part of google-re2 that Tertulia uses

class Options:
    max_mem: int
    log_errors: bool
    case_sensitive: bool
    dot_nl: bool
    never_capture: bool
    one_line: bool

class error(Exception): ...  # noqa: N801 - the library's name

class _Regexp:
    @property
    def programsize(self) -> int: ...
    def search(self, text: str) -> object | None: ...

def compile(pattern: str, options: Options | None = None) -> _Regexp: ...

class Set:
    @staticmethod
    def SearchSet(options: Options | None = None) -> Set: ...  # noqa: N802 - the library's name
    def Add(self, pattern: str) -> int: ...  # noqa: N802
    def Compile(self) -> None: ...  # noqa: N802
    def Match(self, text: str) -> list[int]: ...  # noqa: N802
