"""The least that could show the same slices: no session, database or permission check, no viewer.

A script of a few lines fetches the slices, as many at a time as the viewer does, undoes the filter, and paints
the first one. What the project's own page takes longer than this is what the project costs.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CODEC = Path(__file__).parents[1] / "static" / "readerstudy" / "js" / "viewer" / "codec.js"
PAGE = b"<!doctype html><title>bare page</title><canvas></canvas><script type=module src=bare.js></script>"
SCRIPT = """
import { unfilterSlice } from "./codec.js";
const [slices, rows, columns, first] = [%d, %d, %d, %d];
const canvas = document.querySelector("canvas");
canvas.width = columns;
canvas.height = rows;
const context = canvas.getContext("2d");
const volume = new Int16Array(slices * rows * columns);
const order = [...Array(slices).keys()].sort((a, b) => Math.abs(a - first) - Math.abs(b - first));
let loaded = 0;
async function fetchInTurn() {
  for (let slice = order.shift(); slice !== undefined; slice = order.shift()) {
    const response = await fetch(`slices/${slice}`);
    const pixels = unfilterSlice(new Uint8Array(await response.arrayBuffer()), rows * columns);
    volume.set(pixels, slice * rows * columns);
    if (slice === first) paint(pixels);
    canvas.dataset.loaded = ++loaded;
  }
}
function paint(pixels) {
  const image = context.createImageData(columns, rows);
  const target = new Uint32Array(image.data.buffer);
  for (let p = 0; p < pixels.length; p++) {
    target[p] = 0xff000000 | (Math.max(0, Math.min(255, (pixels[p] + 160) * 0.64)) * 0x010101);
  }
  context.putImageData(image, 0, 0);
  canvas.dataset.painted = first;
}
for (let request = 0; request < 3; request++) fetchInTurn();
"""


@contextmanager
def serve_bare_page(members: list[bytes], rows: int, columns: int, first: int) -> Iterator[str]:
    """Serve a page that shows the slices; yield its address.

    Parameters
    ----------
    members : list of bytes
        The slices' gzip members.
    rows, columns : int
        Pixels of a slice.
    first : int
        The slice that the page fetches and paints first.
    """
    script = SCRIPT % (len(members), rows, columns, first)
    plain = {"/": ("text/html", PAGE), "/bare.js": ("text/javascript", script.encode())}
    plain["/codec.js"] = ("text/javascript", CODEC.read_bytes())

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path.startswith("/slices/"):
                member = members[int(self.path.removeprefix("/slices/"))]
                self._send("application/octet-stream", member, encoding="gzip")
            elif self.path in plain:
                self._send(*plain[self.path])
            else:
                self.send_error(404)

        def _send(self, content_type: str, body: bytes, encoding: str = "identity") -> None:
            self.send_response(200)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Encoding", encoding)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
