"""Git over HTTPS on a free port of the loopback: git's own http-backend, and beside it servers that misbehave.

    git_https_server.py ROOT CERTIFICATE KEY LOG

Prints its port. The first part of a path says what answers; the rest is a repository below ROOT:
    open     everyone                       html     a page with status 200
    basic    user `ann`, password SECRET    missing  404
    token    any user, password SECRET      broken   500
    bounce   a redirect to /token of the    hang     nothing, ever
             host that SLUICE_OTHER_HOST    cut      closes in the middle of the pack
             names                          close    closes, unannounced, after each answer
LOG gets a line for each request: its method, path and status, and the user of basic authentication.
SECRET is SLUICE_TEST_SECRET in the environment.
"""
import base64
import http.server
import os
import ssl
import subprocess
import sys
import threading

ROOT, CERTIFICATE, KEY, LOG = sys.argv[1:5]
SECRET = os.environ["SLUICE_TEST_SECRET"]
LOCK = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.respond(b"")

    def do_POST(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            body = self.read_chunks()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.respond(body)

    def read_chunks(self):
        body = b""
        while True:
            size = int(self.rfile.readline().split(b";")[0], 16)
            body += self.rfile.read(size)
            self.rfile.readline()
            if size == 0:
                return body

    def respond(self, body):
        kind, _, rest = self.path.lstrip("/").partition("/")
        user, password = self.credentials()
        answer = getattr(self, "answer_" + kind, None)
        if kind in ("basic", "token") and not (password == SECRET and (kind == "token" or user == "ann")):
            self.reply(401, "text/plain", b"who are you?\n", [("WWW-Authenticate", 'Basic realm="git"')], user)
        elif answer is not None:
            answer(rest, body)
        else:
            self.git(rest, body, user)

    def answer_html(self, rest, body):
        self.reply(200, "text/html", b"<html><body>Sign in to your company</body></html>\n")

    def answer_missing(self, rest, body):
        self.reply(404, "text/plain", b"no such page\n")

    def answer_broken(self, rest, body):
        self.reply(500, "text/plain", b"out of order\n")

    def answer_bounce(self, rest, body):
        host = os.environ["SLUICE_OTHER_HOST"]
        self.reply(302, "text/plain", b"", [("Location", "https://%s:%d/token/%s" % (host, PORT, rest))])

    def answer_hang(self, rest, body):
        self.note(0, "")
        threading.Event().wait()

    def answer_cut(self, rest, body):
        status, headers, content = self.backend(rest, body)
        self.note(status, "")
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)
        else:
            self.wfile.write(content[: len(content) // 2])
            self.close_connection = True

    def answer_close(self, rest, body):
        self.git(rest, body, "")
        self.close_connection = True

    def git(self, rest, body, user):
        status, headers, content = self.backend(rest, body)
        self.reply(status, None, content, headers, user)

    def backend(self, rest, body):
        path, _, query = rest.partition("?")
        environment = {
            "PATH": os.environ.get("PATH", ""),
            "GIT_PROJECT_ROOT": ROOT,
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": "/" + path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
        }
        ran = subprocess.run(["git", "http-backend"], input=body, stdout=subprocess.PIPE, env=environment, check=False)
        head, _, content = ran.stdout.partition(b"\r\n\r\n")
        status, headers = 200, []
        for line in head.decode().split("\r\n"):
            name, _, value = line.partition(": ")
            if name == "Status":
                status = int(value.split()[0])
            elif name:
                headers.append((name, value))
        return status, headers, content

    def credentials(self):
        kind, _, text = self.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "basic":
            return "", ""
        user, _, password = base64.b64decode(text).decode().partition(":")
        return user, password

    def reply(self, status, content_type, content, headers=(), user=""):
        self.note(status, user)
        self.send_response(status)
        if content_type is not None:
            self.send_header("Content-Type", content_type)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def note(self, status, user):
        with LOCK, open(LOG, "a", encoding="utf-8") as log:
            host = self.headers.get("Host", "").partition(":")[0]
            log.write("%s %s %s %d %s\n" % (self.command, host, self.path, status, user))

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
PORT = server.server_address[1]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(CERTIFICATE, KEY)
# The handshake is made by the thread that serves the connection: a client that is slow delays nobody else.
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
print(PORT, flush=True)
server.serve_forever()
