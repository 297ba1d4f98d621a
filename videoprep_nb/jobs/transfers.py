"""Videos from an object storage, and results to one; a job itself works on local files."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from videoprep_nb.core.errors import InputError, NoRoom, StorageError
from videoprep_nb.core.layout import PACKAGE_NAME
from videoprep_nb.core.object_address import ObjectAddress, is_address
from videoprep_nb.core.object_storage import describe, fetch, upload_folder

WatchTransfer = Callable[[str, int, int], None]
"""Called with the address, how many bytes have passed, and of how many."""
Source = Path | ObjectAddress

_WORK_FOLDER = Path("videoprep-output") / "s3"


def source_of(video: Path | str) -> Source:
    """Where a video lies.

    Raises:
        InputError: It is a URL, and none of an object storage that is supported.
    """
    return ObjectAddress.parse(str(video)) if is_address(video) else Path(video)


def work_folder(address: ObjectAddress) -> Path:
    """The local folder of a job whose results go to an address; it is kept until they are there."""
    return (_WORK_FOLDER / address.bucket / address.key).absolute()


def fetch_videos(sources: Sequence[Source], folder: Path, watch: WatchTransfer) -> list[tuple[str, Path]]:
    """Fetch the videos that lie in an object storage.

    Args:
        sources: All videos of a job.
        folder: A new folder for those that are fetched; nothing is left in it after an error.
        watch: Called after each piece.

    Returns:
        Name for people and local file of each video.

    Raises:
        InputError: There is no such object, or it changes meanwhile.
        StorageError: The storage refuses or does not answer any more.
        NoRoom: The disk has not enough room for them.
    """
    remote = {number: source for number, source in enumerate(sources) if isinstance(source, ObjectAddress)}
    if remote:
        needed_bytes = sum(describe(address).size_bytes for address in remote.values())  # all are there, before hours
        free_bytes = shutil.disk_usage(folder.parent).free
        if needed_bytes > free_bytes:
            raise NoRoom(
                f"The videos have {needed_bytes / 1e9:.1f} GB, {free_bytes / 1e9:.1f} GB are free in {folder.parent}; "
                "free some space, or start this in a folder on a larger disk."
            )
    return [
        (source.name, _fetched(source, folder / f"{number:03d}.mp4", watch))
        if isinstance(source, ObjectAddress)
        else (source.name, source)
        for number, source in enumerate(sources)
    ]


def _fetched(address: ObjectAddress, file: Path, watch: WatchTransfer) -> Path:
    fetch(address, file, lambda done, total: watch(str(address), done, total))
    return file


def upload_results(folder: Path, address: ObjectAddress, watch: WatchTransfer) -> None:
    """Upload what a job has made, the package last, and delete the local folder.

    Raises:
        StorageError: It failed; the folder is kept, and the message says where.
    """
    try:
        last = ("result.json", PACKAGE_NAME)
        upload_folder(folder, address, last, lambda done, total: watch(str(address), done, total))
    except (InputError, StorageError) as error:
        raise StorageError(f"{error} The results are kept in {folder}; resume uploads them again.") from error
    shutil.rmtree(folder)
