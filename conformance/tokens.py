"""Mints tokens with twilio for Python, as tokens.mjs does with that for Node."""
import json
import sys

from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VideoGrant, VoiceGrant
from twilio.jwt.client import ClientCapabilityToken

account, key, secret, auth_token, application = sys.argv[1:]


def say(name, token, **allows):
    jwt = token.to_jwt()
    jwt = jwt.decode() if isinstance(jwt, bytes) else jwt
    print(json.dumps({"name": name, "token": jwt, "identity": "alice", "incoming": False, "application": "", "params": {}, **allows}))


def access(*grants, **options):
    return AccessToken(account, key, secret, grants=list(grants), **{"identity": "alice", **options})


params = {"team": "sre", "customer": 81312345678, "vip": True, "件名": "a&b=c"}
said = {"team": "sre", "customer": "81312345678", "vip": "true", "件名": "a&b=c"}
say("both ways", access(VoiceGrant(incoming_allow=True, outgoing_application_sid=application, outgoing_application_params=params)), incoming=True, application=application, params=said)
say("incoming alone", access(VoiceGrant(incoming_allow=True)), incoming=True)
say("outgoing alone", access(VoiceGrant(outgoing_application_sid=application)), application=application)
say("a day, a region, a mobile phone and another product",
    access(VideoGrant(room="r"), VoiceGrant(incoming_allow=True, push_credential_sid="CR1", endpoint_id="e"), ttl=86400, region="jp1"), incoming=True)

token = ClientCapabilityToken(account, auth_token)
token.allow_client_incoming("alice")
say("capability: incoming", token, incoming=True)
token = ClientCapabilityToken(account, auth_token)
token.allow_client_outgoing(application, team="sre")
say("capability: outgoing, and nobody", token, application=application, params={"team": "sre"}, identity="anonymous")
token = ClientCapabilityToken(account, auth_token)
token.allow_client_outgoing(application, team="sre")
token.allow_client_incoming("alice")
token.allow_event_stream(status="x")
say("capability: all", token, incoming=True, application=application, params={"team": "sre"})
