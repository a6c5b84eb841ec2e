// Twilio's own Node client as a program has it that knows nothing of kaden: the address is built in. See README.md.
import twilio from 'twilio';

const { KADEN_TEST_SID: sid, KADEN_TEST_TOKEN: token, KADEN_TEST_ANSWERS: to, KADEN_TEST_FROM: from } = process.env;
const client = twilio(sid, token);
const account = await client.api.v2010.accounts(sid).fetch();
if (account.sid !== sid) throw new Error(`another account: ${account.sid}`);
const placed = await client.calls.create({ to, from, twiml: '<Response><Hangup/></Response>' });
const found = await client.calls(placed.sid).fetch();
if (found.sid !== placed.sid || found.to !== to) throw new Error(`another call: ${found.sid} to ${found.to}`);
for (const friendlyName of ['node', 'node']) await client.verify.v2.services.create({ friendlyName });
const services = await client.verify.v2.services.list({ pageSize: 1 }); // of several pages, at the same address
if (services.length < 2) throw new Error(`services that verify: ${services.length}`);
console.log(found.sid);
