"""Raw videos in, one package of frames and person proposals out."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("videoprep-nb")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0.0.0"
