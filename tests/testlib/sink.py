"""A receiver of webhooks: sink.py PORT DIRECTORY LINE.

Each request is a line of DIRECTORY/heard: LINE, with {answer}, {path}, {id},
{status}, {names}, {alerts} (name:summary), {auth} and {url} of it; its body is a
line of DIRECTORY/PATH.body. The answer is 200, or what DIRECTORY/PATH.answer
says, or DIRECTORY/all.answer.
"""
import http.server
import json
import os
import sys

directory = sys.argv[2]


class Sink(http.server.BaseHTTPRequestHandler):
    def answer(self):
        for name in self.path[1:] + '.answer', 'all.answer':
            path = os.path.join(directory, name)
            if os.path.exists(path):
                with open(path) as file:
                    return int(file.read())
        return 200

    def do_POST(self):
        body = self.rfile.read(int(self.headers['content-length']))
        answer = self.answer()
        said = json.loads(body)
        alerts = said.get('alerts', [])
        names = [alert['labels']['alertname'] for alert in alerts]
        with open(directory + self.path + '.body', 'ab') as file:
            file.write(body + b'\n')
        with open(directory + '/heard', 'a') as heard:
            print(sys.argv[3].format(
                answer=answer, path=self.path, id=self.headers['webhook-id'],
                status=said.get('status'), names=','.join(names),
                alerts=','.join(
                    name + ':' + alert['annotations'].get('summary', '')
                    for name, alert in zip(names, alerts)),
                auth=self.headers['authorization'],
                url=said.get('externalURL')), file=heard)
        self.send_response(answer)
        self.send_header('content-length', '0')
        self.end_headers()

    def log_message(self, *args):
        pass


http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])),
                                Sink).serve_forever()
