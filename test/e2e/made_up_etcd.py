#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What answers as etcd's gateway would, with nothing in it, but for one way in which it fails:

  silent     a watch is accepted and never answered
  large      the documents are 20 MiB
  slow       each answer takes longer than anybody waits
  nonsense   whatever is asked, a web page is the answer

It prints its port, and runs until it is killed.
"""
import http.server
import json
import sys
import threading

FAULT = sys.argv[1]
HEADER = {'revision': '7'}
ANSWERS = {
    '/v3/lease/grant': {'header': HEADER, 'ID': '42', 'TTL': '3'},
    '/v3/lease/timetolive': {'header': HEADER, 'ID': '42', 'TTL': '3'},
    '/v3/lease/keepalive': {'result': {'header': HEADER, 'ID': '42', 'TTL': '3'}},
    '/v3/kv/put': {'header': HEADER},
    '/v3/kv/txn': {'header': HEADER, 'succeeded': True, 'responses': []},
}


class Gateway(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def do_POST(self):
        self.rfile.read(int(self.headers['Content-Length']))
        if self.path == '/v3/watch':
            self.watch()
            return
        text = json.dumps(ANSWERS[self.path]).encode()
        if FAULT == 'nonsense':
            text = b'<html>'
        if FAULT == 'large' and self.path == '/v3/kv/txn':
            text += b' ' * (20 << 20)
        if FAULT == 'slow':
            threading.Event().wait()
        self.send_response(200)
        self.send_header('Content-Length', str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def watch(self):
        self.send_response(200)
        self.send_header('Transfer-Encoding', 'chunked')
        self.end_headers()
        if FAULT != 'silent':
            line = json.dumps({'result': {'header': HEADER, 'created': True}}).encode() + b'\n'
            self.wfile.write(b'%x\r\n%s\r\n' % (len(line), line))
        threading.Event().wait()

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Gateway)
print(server.server_port, flush=True)
server.serve_forever()
