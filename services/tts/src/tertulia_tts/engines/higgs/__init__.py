"""The ``higgs`` engine: Higgs Audio v2 (boson-multimodal) on a GPU, with cloned voices. See ``engine``."""
