#!/usr/bin/env python3
"""Twilio's own Python client verifies a telephone and watches usage: see README.md."""

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
        print("verify.py: " + what, file=sys.stderr)
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


def main():
    c = Client(SID, TOKEN)
    c.api.base_url = URL
    c.verify.base_url = URL
    services = c.verify.v2.services

    made = services.create(friendly_name="python", code_length=4, custom_code_enabled=True)
    same((made.code_length, made.custom_code_enabled, made.date_created is not None), (4, True, True), "the service")
    service = services(made.sid)
    same(service.update(friendly_name="python shop").friendly_name, "python shop", "the name of the service")
    same(service.fetch().code_length, 4, "its code length")
    services.create(friendly_name="another").delete()
    check(made.sid in [s.sid for s in services.list(page_size=1)], "the service is not listed")

    refused(400, 60200, lambda: service.verifications.create(to="110", channel="call"))
    refused(400, 60200, lambda: service.verifications.create(to=RINGS, channel="pigeon"))
    refused(400, 60223, lambda: service.verifications.create(to=RINGS, channel="email"))
    asked = service.verifications.create(to=RINGS, channel="call", custom_code="4711", locale="en")
    same((asked.status, asked.valid, asked.to, asked.channel, len(asked.send_code_attempts)), ("pending", False, RINGS, "call", 1), "the verification")
    check(asked.date_created is not None, "date_created cannot be read")
    refused(429, 60212, lambda: service.verifications.create(to=RINGS, channel="call", custom_code="4711"))
    same(service.verifications(asked.sid).fetch().status, "pending", "the verification")
    wrong = service.verification_checks.create(to=RINGS, code="0000")
    same((wrong.status, wrong.valid), ("pending", False), "a wrong code")
    right = service.verification_checks.create(verification_sid=asked.sid, code="4711")
    same((right.status, right.valid, right.sid), ("approved", True, asked.sid), "the right code")
    refused(404, 20404, lambda: service.verification_checks.create(to=RINGS, code="4711"))
    refused(404, 20404, lambda: service.verifications(asked.sid).update(status="canceled"))
    check(service.delete(), "the service was not deleted")
    refused(404, 20404, lambda: service.fetch())

    usage = c.api.accounts(SID).usage
    trigger = usage.triggers.create(
        callback_url="https://example.com/t", trigger_value="+1000", usage_category="calls", trigger_by="count", recurring="daily", friendly_name="python"
    )
    check(float(trigger.trigger_value) == float(trigger.current_value) + 1000, f"so much more than now: {trigger.current_value}, {trigger.trigger_value}")
    same(trigger.update(callback_method="GET").callback_method, "GET", "the method")
    check(trigger.sid in [t.sid for t in usage.triggers.list(recurring="daily", usage_category="calls")], "the trigger is not listed")
    check(trigger.delete(), "the trigger was not deleted")
    for span in ("today", "yesterday", "this_month", "last_month", "all_time"):
        records = getattr(usage.records, span).list(category="calls")
        check(records and float(records[0].count) >= 0 and records[0].count_unit == "calls", f"{span} without calls")
    usage.records.daily.list(limit=20, page_size=5)
    usage.records.yearly.list()
    print("verify.py: twilio for Python verifies at " + URL)


if __name__ == "__main__":
    if not (URL and SID and TOKEN):
        print("skipped: no server: set KADEN_TEST_URL, KADEN_TEST_SID and KADEN_TEST_TOKEN", file=sys.stderr)
        sys.exit(2)
    main()
