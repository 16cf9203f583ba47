"""Receives requests on a free port of the loopback, and answers by the path.

    http_recorder.py LOG

Prints its port. /hang never answers, /STATUS/… answers with that status (3xx with a Location of /followed),
/metrics gives counters that rise with time: 40 requests a second, one in 20 of them a 500, and their durations.
LOG gets one JSON object a line for each other request: method, path, headers (in lower case) and body.
"""
import http.server
import json
import sys
import threading
import time

LOG = sys.argv[1]
BEGIN = time.monotonic()
LOCK = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/metrics":
            return self.reply(200, metrics(time.monotonic() - BEGIN))
        self.note("")
        self.answer()

    def do_POST(self):
        self.note(self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode())
        self.answer()

    def answer(self):
        if self.path.startswith("/hang"):
            threading.Event().wait()
        status = self.path.split("/")[1]
        self.reply(int(status) if status.isdigit() else 200, "{}")

    def note(self, body):
        headers = {name.lower(): value for name, value in self.headers.items()}
        with LOCK, open(LOG, "a", encoding="utf-8") as log:
            log.write(json.dumps({"method": self.command, "path": self.path, "headers": headers, "body": body}) + "\n")

    def reply(self, status, text):
        content = text.encode()
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", "/followed")
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments):
        pass


def metrics(seconds):
    lines = []
    for code, rate in (("200", 38), ("500", 2)):
        lines.append('http_requests_total{code="%s"} %f' % (code, rate * seconds))
    for bound, rate in (("0.1", 20), ("0.3", 36), ("0.5", 40), ("+Inf", 40)):
        lines.append('http_request_duration_seconds_bucket{le="%s"} %f' % (bound, rate * seconds))
    return "\n".join(lines) + "\n"


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
