"""The version of the package, which is that of its native library too."""

__version__ = "0.1.0"
