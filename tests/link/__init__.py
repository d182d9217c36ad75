"""A TCP proxy that stands on the link between the planes and remembers every byte."""

import socket
import threading
from dataclasses import dataclass, field


@dataclass
class RecordingLink:
    """Forwards connections on ``port`` to ``target``; ``heard`` is all that passed, both ways."""

    target: tuple[str, int]
    heard: bytearray = field(default_factory=bytearray)
    _listener: socket.socket = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> "RecordingLink":
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(self.target, timeout=10)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pass, args=(source, sink), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                with self._lock:
                    self.heard += data
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            end.close()
