// Validates requests as an owner's server would: twilio-node's own validator, unmodified. Each line of standard
// input is a request (url, params, token, signature); each line of the answer is true or false.
import { createInterface } from 'node:readline';
import twilio from 'twilio';

for await (const line of createInterface({ input: process.stdin })) {
  const { token, signature, url, params } = JSON.parse(line);
  console.log(twilio.validateRequest(token, signature, url, params));
}
