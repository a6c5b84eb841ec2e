"""Writes documents with twilio's own builder for Python, as builders.mjs does with that for Node. What the builder of an
older library has no method for, it adds as any other element."""
import json
import re
import sys

from twilio.twiml.voice_response import VoiceResponse

SPECIAL = {"from": "from_", "for": "for_", "xml:lang": "xml_lang", "interpret-as": "interpret_as"}


def snake(name):
    return SPECIAL.get(name) or re.sub("([A-Z])", r"_\1", name).lower()


def build(parent, tree):
    tag, text = tree["tag"], tree.get("text", "")
    attrs = {snake(k): v for k, v in tree.get("attrs", {}).items()}
    name = re.sub("(?<!^)([A-Z])", r"_\1", tag).lower().replace("-", "_")
    make = getattr(parent, "break_" if name == "break" else name, None)
    if make is None:
        element = parent.add_child(tag, text or None)
        element.attrs = tree.get("attrs", {})
    elif text:
        element = make(text, **attrs)
    else:
        try:
            element = make(**attrs)
        except TypeError:  # it wants a text, and the document has none
            element = make("", **attrs)
    for kid in tree.get("kids", []):
        build(element, kid)
    if tree.get("tail"):
        parent.nest(tree["tail"])


for line in sys.stdin:
    response = VoiceResponse()
    for kid in json.loads(line)["kids"]:
        build(response, kid)
    print(json.dumps(str(response)), flush=True)
