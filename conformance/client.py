#!/usr/bin/env python3
"""Twilio's own Python client against a running kaden: see README.md."""

import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

try:
    from twilio.base.exceptions import TwilioException, TwilioRestException
    from twilio.request_validator import RequestValidator
    from twilio.rest import Client
except ImportError:
    sys.exit("python3-twilio is missing: apt-get install python3-twilio")

HELD = '<Response><Pause length="60"/></Response>'


def setting(name, otherwise=None):
    value = os.environ.get(name) or otherwise
    if value is None:
        print(f"skipped: no server: set {name}", file=sys.stderr)
        sys.exit(2)
    return value


URL, SID, TOKEN = (setting("KADEN_TEST_" + n) for n in ("URL", "SID", "TOKEN"))
ANSWERS = setting("KADEN_TEST_ANSWERS", "+819011112222")
RINGS = setting("KADEN_TEST_RINGS", "+819033334444")
FROM = setting("KADEN_TEST_FROM", "+815012345678")


def check(ok, what):
    if not ok:
        print("client.py: " + what, file=sys.stderr)
        sys.exit(1)


def same(got, want, what):
    check(got == want, f"{what} is {got!r}, want {want!r}")


def eventually(what, ok):
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if ok():
            return
        time.sleep(0.05)
    check(False, "20 s went by, and still not: " + what)


def refused(status, code, do):
    try:
        do()
    except TwilioRestException as e:
        same((e.status, e.code), (status, code), f"the refusal ({e.msg})")
        return
    check(False, f"nothing was refused, want {status} {code}")


class Owner(BaseHTTPRequestHandler):
    """The HTTP server of whoever ordered the call."""

    asked, wrong = {}, []

    def do_GET(self):
        self.answer({})

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.answer(parse_qs(body, keep_blank_values=True))

    def answer(self, form):
        url = f"http://{self.headers['Host']}{self.path}"
        params = {k: v[0] for k, v in form.items()}
        if not RequestValidator(TOKEN).validate(url, params, self.headers.get("X-Twilio-Signature", "")):
            self.wrong.append(f"{self.command} {self.path} is not signed by the account")
        parts = urlsplit(self.path)
        params.update({k: v[0] for k, v in parse_qs(parts.query).items()})
        self.asked.setdefault(parts.path, []).append(params)
        if parts.path == "/status":
            self.send_response(204)
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(HELD)))
        self.end_headers()
        self.wfile.write(HELD.encode())

    def log_message(self, *args):
        pass


def heard(path):
    return list(Owner.asked.get(path, []))


def connect(token):
    c = Client(SID, token)
    c.api.base_url = URL
    return c


def main():
    here = ThreadingHTTPServer(("127.0.0.1", 0), Owner)
    threading.Thread(target=here.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{here.server_port}"
    c = connect(TOKEN)

    def status(sid):
        return c.calls(sid).fetch().status

    account = c.api.accounts(SID).fetch()
    same((account.sid, account.status), (SID, "active"), "the account")
    check(SID in [a.sid for a in c.api.accounts.list(limit=50)], "the account is not in the list of accounts")

    # What has to be refused.
    refused(400, 21211, lambda: c.calls.create(to="12", from_=FROM, url=base + "/voice"))
    refused(400, 21205, lambda: c.calls.create(to=ANSWERS, from_=FROM))
    refused(404, 20404, lambda: c.calls("CA" + "0" * 32).fetch())
    refused(401, 20003, lambda: connect("wrong").calls("CA" + "0" * 32).fetch())

    # A call that is answered, redirected and completed.
    made = c.calls.create(
        to=ANSWERS, from_=FROM, url=base + "/voice?team=sre", timeout=20, status_callback=base + "/status",
        status_callback_event=["initiated", "ringing", "answered", "completed"])
    same((made.status, made.direction, made.to, made.duration), ("queued", "outbound-api", ANSWERS, None), "the new call")
    check(made.date_created is not None, "date_created cannot be read")
    eventually("the call is answered", lambda: status(made.sid) == "in-progress")
    eventually("its TwiML is asked for", lambda: len(heard("/voice")) == 1)
    for name, want in {
            "CallSid": made.sid, "AccountSid": SID, "From": FROM, "To": ANSWERS, "CallStatus": "in-progress",
            "Direction": "outbound-api", "ApiVersion": "2010-04-01", "team": "sre"}.items():
        same(heard("/voice")[0].get(name), want, name + " of the question for TwiML")
    c.calls(made.sid).update(url=base + "/again?a='@:%7e&b=2", method="GET")
    eventually("the call goes on elsewhere", lambda: len(heard("/again")) == 1)
    same(heard("/again")[0].get("a"), "'@:~", "the owner's own parameter")
    same(c.calls(made.sid).update().status, "in-progress", "the call after an empty update")
    c.calls(made.sid).update(status="completed")
    eventually("the call is completed", lambda: status(made.sid) == "completed")
    over = c.calls(made.sid).fetch()
    check(over.duration.isdigit() and over.start_time and over.end_time, f"over: {over.duration!r} {over.start_time!r} {over.end_time!r}")
    refused(400, 21220, lambda: c.calls(made.sid).update(url=base + "/again"))
    eventually("the last state is told", lambda: heard("/status") and heard("/status")[-1]["CallStatus"] == "completed")
    told = heard("/status")
    same([v["SequenceNumber"] for v in told], [str(i) for i in range(len(told))], "the order of callbacks")
    # A network may leave ringing out.
    same([v["CallStatus"] for v in told if v["CallStatus"] != "ringing"], ["initiated", "in-progress", "completed"], "what was told")

    # A call that is cancelled while it rings.
    ringing = c.calls.create(to=RINGS, from_=FROM, twiml=HELD)
    eventually("the phone rings", lambda: status(ringing.sid) == "ringing")
    c.calls(ringing.sid).update(status="canceled")
    eventually("it stops ringing", lambda: status(ringing.sid) == "canceled")

    # Lists.
    listed = [x.sid for x in c.calls.list(page_size=1, limit=3)]
    same(len(listed), len(set(listed)), "the number of calls by pages of one")
    check({made.sid, ringing.sid} <= set(listed), f"listed by pages of one: {listed}, want {made.sid} and {ringing.sid} among them")
    first = c.calls.page(page_size=1)
    back = first.next_page().previous_page()
    same(next(iter(back)).sid, next(iter(first)).sid, "the page before the second one")
    same(c.calls.list(status="completed", to=ANSWERS, limit=10)[0].sid, made.sid, "the newest completed call")
    try:
        c.calls.page(page_size=1001)
        check(False, "a page of 1001 was not refused")
    except TwilioException as e:  # this client does not decode the refusal of a page
        check("20007" in str(e), f"a page of 1001 is refused with {e}")

    # What is over can be forgotten.
    check(c.calls(made.sid).delete(), "it was not deleted")
    refused(404, 20404, lambda: c.calls(made.sid).fetch())

    check(not Owner.wrong, "; ".join(Owner.wrong))
    here.shutdown()
    print("client.py: twilio for Python works with " + URL)


if __name__ == "__main__":
    try:
        main()
    except Exception as e:
        check(False, f"{type(e).__name__}: {e}")
