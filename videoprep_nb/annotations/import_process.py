"""An import in a process of its own: what a hostile file does to it harms nobody else.

Run it with the parameters as JSON. It prints why an import was refused, and nothing if it was not.
"""

import resource
import sys
from contextlib import suppress

from videoprep_nb.annotations.import_annotations import import_annotations
from videoprep_nb.annotations.params import ImportAnnotationsParams
from videoprep_nb.core.errors import InputError, VideoPrepError
from videoprep_nb.core.file_names import visible

_MAX_MEMORY_BYTES = 8 << 30


def _import(params: ImportAnnotationsParams) -> None:
    with suppress(ValueError, OSError):  # a lower limit holds already
        resource.setrlimit(resource.RLIMIT_AS, (_MAX_MEMORY_BYTES, _MAX_MEMORY_BYTES))
    try:
        import_annotations(params)
    except MemoryError:
        raise InputError(
            f"The exports need more than {_MAX_MEMORY_BYTES >> 30} GB of memory; import the tasks one by one."
        ) from None


if __name__ == "__main__":
    try:
        _import(ImportAnnotationsParams.model_validate_json(sys.argv[1]))
    except VideoPrepError as error:
        sys.stdout.buffer.write(visible(str(error)).encode())
