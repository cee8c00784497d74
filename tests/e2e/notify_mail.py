#!/usr/bin/python3
"""notify_mail.py LOG: what Python's parser makes of the mails in LOG."""
import email
import email.policy
import json
import struct
import sys

mails = [json.loads(line) for line in open(sys.argv[1])]
parsed = []
for mail in mails:
    message = email.message_from_string(mail['data'],
                                        policy=email.policy.default)
    parsed.append(message)
    for part in message.walk():
        assert not part.defects, part.defects
    assert message['Bcc'] is None
    for name in ('From', 'To', 'Subject', 'Date', 'Message-ID'):
        assert not message[name].defects, (name, message[name].defects)
        assert len(message.get_all(name)) == 1, name
    assert message['Auto-Submitted'] == 'auto-generated'
    assert message['From'].addresses[0].addr_spec == 'kymo@example.com'
    assert message['From'].addresses[0].display_name == 'k\u00ffmo'
    text = message.get_body(('plain',)).get_content()
    html = message.get_body(('html',)).get_content()
    assert 'threshold 1' in text and 'threshold 1' in html
    assert '/a<b>&' in text and '/a&lt;b&gt;&amp;' in html
    related = [part for part in message.walk()
               if part.get_content_type() == 'image/png']
    png = related[0].get_payload(decode=True)
    assert struct.unpack('>II', png[16:24]) == (600, 160)
    assert 'cid:' + related[0]['Content-ID'].strip('<>') in html

firing, resolved = parsed[0], parsed[-1]
assert firing['Subject'].startswith('[FIRING:1] '), firing['Subject']
assert firing['Subject'].endswith(' (sh\u00f6p)'), firing['Subject']
assert resolved['Subject'].startswith('[RESOLVED] ')
assert resolved['References'] == firing['Message-ID']
assert resolved['In-Reply-To'] == firing['Message-ID']
assert firing['References'] is None
ids = [message['Message-ID'] for message in parsed]
print(len(mails), 'mails', len(set(ids)), 'ids', mails[0]['to'],
      'tls' if mails[0]['tls'] else 'plain',
      'login' if mails[0]['login'] else 'anonymous')
