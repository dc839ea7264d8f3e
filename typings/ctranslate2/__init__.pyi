from typing import Any

from ctranslate2 import models as models

class StorageView:
    @staticmethod
    def from_array(array: Any) -> StorageView: ...

def get_cuda_device_count() -> int: ...
def get_supported_compute_types(device: str, device_index: int = 0) -> set[str]: ...
