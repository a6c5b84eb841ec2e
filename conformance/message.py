#!/usr/bin/env python3
"""Twilio's own Python client writes a short message, and waits for what becomes of it: see README.md."""

import os
import sys
import time

try:
    from twilio.rest import Client
except ImportError:
    sys.exit("python3-twilio is missing: apt-get install python3-twilio")


def setting(name):
    value = os.environ.get(name)
    if not value:
        print(f"skipped: no server: set {name}", file=sys.stderr)
        sys.exit(2)
    return value


def main():
    if len(sys.argv) != 5:
        sys.exit("message.py FROM TO WORDS STATUS")
    sender, to, words, want = sys.argv[1:]
    client = Client(setting("KADEN_TEST_SID"), setting("KADEN_TEST_TOKEN"))
    client.api.base_url = setting("KADEN_TEST_URL")
    written = client.messages.create(to=to, from_=sender, body=words, status_callback=os.environ.get("KADEN_TEST_CALLBACK"))
    if (written.status, written.direction, written.to) != ("queued", "outbound-api", to):
        sys.exit(f"message.py: made {written.status} {written.direction} to {written.to}")
    end = time.monotonic() + 20
    while time.monotonic() < end:
        now = client.messages(written.sid).fetch()
        if now.status == want:
            if now.body != words:
                sys.exit(f"message.py: the words are {now.body!r}")
            if written.sid not in [m.sid for m in client.messages.list(to=to, limit=20)]:
                sys.exit("message.py: it is not in the list")
            print(written.sid)
            return
        time.sleep(0.05)
    sys.exit(f"message.py: it is {now.status} ({now.error_code}: {now.error_message}), want {want}")


main()
