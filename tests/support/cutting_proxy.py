"""A bad line to a server: connections that are cut after some bytes."""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

_PIECE_BYTES = 16 * 1024


@contextmanager
def cutting_proxy(port: int, cut_after_bytes: Sequence[int]) -> Iterator[int]:
    """Pass connections on to a port of this machine.

    Args:
        port: The port of the server.
        cut_after_bytes: After how many bytes in both directions each of the first connections is cut; the others are
            not.

    Yields:
        The port to connect to.
    """
    limits = iter(cut_after_bytes)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_accept, args=(listener, port, limits), daemon=True).start()
        yield int(listener.getsockname()[1])
        with suppress(OSError):  # where nobody waits
            listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, port: int, limits: Iterator[int]) -> None:
    while True:
        try:
            near, _ = listener.accept()
        except OSError:
            return
        _Line(near, socket.create_connection(("127.0.0.1", port)), next(limits, None)).start()


class _Line:
    def __init__(self, near: socket.socket, far: socket.socket, limit_bytes: int | None) -> None:
        self._ends = (near, far)
        self._left_bytes = limit_bytes
        self._lock = threading.Lock()

    def start(self) -> None:
        near, far = self._ends
        for source, sink in ((near, far), (far, near)):
            threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while (piece := source.recv(_PIECE_BYTES)) and self._may_pass(len(piece)):
                sink.sendall(piece)
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _may_pass(self, size_bytes: int) -> bool:
        with self._lock:
            if self._left_bytes is None:
                return True
            self._left_bytes -= size_bytes
            return self._left_bytes >= 0
