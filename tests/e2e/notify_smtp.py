#!/usr/bin/python3
"""notify_smtp.py PORT plain|starttls|smtps LOG CERT KEY: an SMTP server that
wants user u and password p where there is TLS, and writes mails to LOG as JSON
lines. Recipients reject@.. get 550, defer@.. 451 once; the first mail to
lost@.. is taken, and the connection cut instead of an answer.
"""
import asyncio
import json
import ssl
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

port, mode, log, cert, key = sys.argv[1:6]
seen = set()


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith('reject'):
            return '550 no such user'
        if address.startswith('defer') and address not in seen:
            seen.add(address)
            return '451 try later'
        envelope.rcpt_tos.append(address)
        return '250 OK'

    async def handle_DATA(self, server, session, envelope):
        text = envelope.content.decode('utf-8')
        with open(log, 'a') as file:
            file.write(json.dumps({
                'from': envelope.mail_from, 'to': envelope.rcpt_tos,
                'tls': session.ssl is not None or mode == 'smtps',
                'login': bool(session.authenticated), 'data': text}) + '\n')
        if envelope.rcpt_tos[0].startswith('lost') and 'lost' not in seen:
            seen.add('lost')
            server.transport.abort()
        return '250 OK'


def login(server, session, envelope, mechanism, data):
    good = (data.login, data.password) == (b'u', b'p')
    return AuthResult(success=good, handled=good)


context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(cert, key)
options = {'authenticator': login, 'enable_SMTPUTF8': True}
if mode == 'starttls':
    options.update(tls_context=context, require_starttls=True,
                   auth_required=True)
elif mode == 'smtps':
    options.update(auth_require_tls=False, auth_required=True)
else:
    options.update(auth_require_tls=False)


class Server(Controller):
    def factory(self):
        return SMTP(self.handler, **options)


Server(Handler(), hostname='127.0.0.1', port=int(port),
       ssl_context=context if mode == 'smtps' else None).start()
print('up', flush=True)
asyncio.new_event_loop().run_forever()
