"""An import in a process of its own: what a hostile file does to it harms nobody else.

Run it with the parameters as JSON. It prints why an import was refused, and nothing if it was not.
"""

import sys

from videoprep_nb.annotations.import_annotations import import_annotations
from videoprep_nb.annotations.params import ImportAnnotationsParams
from videoprep_nb.core.errors import InputError, VideoPrepError
from videoprep_nb.core.file_names import visible
from videoprep_nb.core.memory import MEMORY_ADVICE, gigabytes, limit_memory, memory_limit_bytes

_MAX_MEMORY_BYTES = 8 * 10**9


def _import(params: ImportAnnotationsParams) -> None:
    limit_bytes = min(_MAX_MEMORY_BYTES, memory_limit_bytes())
    limit_memory(limit_bytes)
    try:
        import_annotations(params)
    except MemoryError:
        raise InputError(
            f"The exports need more memory than the {gigabytes(limit_bytes)} that an import may take; import the tasks "
            f"one by one, or {MEMORY_ADVICE}."
        ) from None


if __name__ == "__main__":
    try:
        _import(ImportAnnotationsParams.model_validate_json(sys.argv[1]))
    except VideoPrepError as error:
        sys.stdout.buffer.write(visible(str(error)).encode())
