// Writes documents with twilio-node's own builder. Each line of standard input is a document as a tree: {tag, attrs,
// text, kids, tail}; each line of the answer is what the builder made of it, as a JSON string.
import { createInterface } from 'node:readline';
import twilio from 'twilio';

const method = (tag) => tag.replace(/-(.)/, (_, c) => c.toUpperCase()).replace(/^./, (c) => c.toLowerCase());

function build(parent, { tag, attrs = {}, text = '', kids = [], tail = '' }) {
  const make = parent[method(tag)].bind(parent);
  const element = text || ['Say', 'Sms'].includes(tag) ? make(attrs, text) : make(attrs);
  for (const kid of kids) build(element, kid);
  if (tail) parent.addText(tail);
}

for await (const line of createInterface({ input: process.stdin })) {
  const response = new twilio.twiml.VoiceResponse();
  for (const kid of JSON.parse(line).kids) build(response, kid);
  console.log(JSON.stringify(response.toString()));
}
