#!/usr/bin/env python3
"""Twilio's own Python client and all that is stored: see README.md."""

import os
import sys

try:
    from twilio.base.exceptions import TwilioRestException
    from twilio.rest import Client
except ImportError:
    sys.exit("python3-twilio is missing: apt-get install python3-twilio")

URL, SID, TOKEN = (os.environ.get("KADEN_TEST_" + n) for n in ("URL", "SID", "TOKEN"))
RINGS = os.environ.get("KADEN_TEST_RINGS") or "+819033334444"


def check(ok, what):
    if not ok:
        print("books.py: " + what, file=sys.stderr)
        sys.exit(1)


def same(got, want, what):
    check(got == want, f"{what} is {got!r}, want {want!r}")


def refused(status, code, do):
    try:
        do()
    except TwilioRestException as e:
        same((e.status, e.code), (status, code), f"the refusal ({e.msg})")
        return
    check(False, f"nothing was refused, want {status} {code}")


def connect(user, secret, account=SID):
    c = Client(user, secret, account)
    c.api.base_url = URL
    return c


def main():
    c = connect(SID, TOKEN)

    key = c.new_keys.create(friendly_name="python")
    as_key = connect(key.sid, key.secret)
    as_key.applications.list(limit=1)
    refused(401, 20003, lambda: as_key.new_keys.create())
    same(c.keys(key.sid).update(friendly_name="python 2").friendly_name, "python 2", "the name of the key")
    check(key.sid in [k.sid for k in c.keys.list()], "the key is not listed")
    check(c.keys(key.sid).delete(), "the key was not deleted")
    refused(401, 20003, lambda: as_key.applications("AP" + "0" * 32).fetch())

    app = c.applications.create(friendly_name="python", voice_url="https://example.com/v", voice_method="GET")
    same((app.voice_method, app.voice_url, app.status_callback), ("GET", "https://example.com/v", None), "the application")
    check(app.date_created is not None, "date_created cannot be read")
    app.update(status_callback="https://example.com/s")
    same(c.applications(app.sid).fetch().status_callback, "https://example.com/s", "its status callback")
    same(len(c.applications.list(friendly_name="python")), 1, "applications of that name")

    free = c.available_phone_numbers("JP").local.list(limit=1)
    same(len(free), 1, "numbers that can be had")
    own = c.incoming_phone_numbers.create(phone_number=free[0].phone_number, voice_application_sid=app.sid, friendly_name="python")
    same((own.voice_application_sid, own.capabilities["voice"]), (app.sid, True), "the number")
    own.update(voice_url="https://example.com/w")
    same([n.voice_url for n in c.incoming_phone_numbers.list(friendly_name="python")], ["https://example.com/w"], "numbers of that name")
    check(own.delete(), "the number was not given back")
    check(app.delete(), "the application was not deleted")

    sub = c.api.accounts.create(friendly_name="python shop")
    same(connect(sub.sid, sub.auth_token, sub.sid).calls.list(), [], "the calls of a new account")
    same(c.api.accounts(sub.sid).update(status="closed").status, "closed", "the sub-account")

    for r in c.recordings.list(limit=5):
        same(c.recordings(r.sid).fetch().sid, r.sid, "the recording")
        if r.call_sid:
            check(c.calls(r.call_sid).recordings.list(), "the recordings of its call are not listed")
    for n in c.notifications.list(log=0, limit=5):
        check(c.notifications(n.sid).fetch().response_body is not None, "a notification without the answer")
        if n.call_sid:
            c.calls(n.call_sid).events.list()
    same(c.tokens.create(ttl=600).ttl, "600", "the token")
    asked = c.validation_requests.create(phone_number=RINGS, friendly_name="python")
    check(len(asked.validation_code) == 6, f"the code is {asked.validation_code}")
    c.calls(asked.call_sid).update(status="completed")
    c.outgoing_caller_ids.list()
    print("books.py: twilio for Python keeps its things at " + URL)


if __name__ == "__main__":
    if not (URL and SID and TOKEN):
        print("skipped: no server: set KADEN_TEST_URL, KADEN_TEST_SID and KADEN_TEST_TOKEN", file=sys.stderr)
        sys.exit(2)
    main()
