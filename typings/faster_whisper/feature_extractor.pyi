from typing import Any

FeatureExtractor: Any
