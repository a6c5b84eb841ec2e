#!/usr/bin/env python3
"""Twilio's own Python client as a program has it that knows nothing of kaden: the address is built in. See README.md."""

import os

from twilio.rest import Client

SID, TOKEN, TO, FROM = (os.environ["KADEN_TEST_" + n] for n in ("SID", "TOKEN", "ANSWERS", "FROM"))
client = Client(SID, TOKEN)
account = client.api.accounts(SID).fetch()
assert account.sid == SID, account.sid
placed = client.calls.create(to=TO, from_=FROM, twiml="<Response><Hangup/></Response>")
found = client.calls(placed.sid).fetch()
assert (found.sid, found.to) == (placed.sid, TO), (found.sid, found.to)
for _ in range(2):
    client.verify.v2.services.create(friendly_name="python")
services = client.verify.v2.services.list(page_size=1)  # of several pages, at the same address
assert len(services) >= 2, len(services)
print(found.sid)
