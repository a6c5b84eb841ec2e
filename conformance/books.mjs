// Twilio's own Node client and all that is stored: see README.md.
import twilio from 'twilio';

const setting = (name, otherwise) => process.env[name] || otherwise;
const [url, sid, token] = ['URL', 'SID', 'TOKEN'].map((n) => setting(`KADEN_TEST_${n}`));
if (!url || !sid || !token) {
  console.error('skipped: no server: set KADEN_TEST_URL, KADEN_TEST_SID and KADEN_TEST_TOKEN');
  process.exit(2);
}
const rings = setting('KADEN_TEST_RINGS', '+819033334444');

function check(ok, what) {
  if (ok) return;
  console.error(`books.mjs: ${what}`);
  process.exit(1);
}
const same = (got, want, what) => check(JSON.stringify(got) === JSON.stringify(want), `${what} is ${JSON.stringify(got)}, want ${JSON.stringify(want)}`);

async function refused(status, code, act) {
  try {
    await act();
  } catch (e) {
    same([e.status, e.code], [status, code], `the refusal (${e.message})`);
    return;
  }
  check(false, `nothing was refused, want ${status} ${code}`);
}

function connect(user, secret, account = sid) {
  const c = twilio(user, secret, { accountSid: account });
  c.api.baseUrl = url;
  return c;
}
const c = connect(sid, token);

const key = await c.newKeys.create({ friendlyName: 'node' });
const asKey = connect(key.sid, key.secret);
same((await asKey.applications.list()).length >= 0, true, 'the list of applications with a key');
await refused(401, 20003, () => asKey.newKeys.create({}));
same((await c.keys(key.sid).update({ friendlyName: 'node 2' })).friendlyName, 'node 2', 'the name of the key');
check((await c.keys.list()).some((k) => k.sid === key.sid), 'the key is not listed');
await c.keys(key.sid).remove();
await refused(401, 20003, () => asKey.applications.list());

const app = await c.applications.create({ friendlyName: 'node', voiceUrl: 'https://example.com/v', voiceMethod: 'GET' });
same([app.voiceMethod, app.voiceUrl, app.statusCallback], ['GET', 'https://example.com/v', null], 'the application');
await c.applications(app.sid).update({ statusCallback: 'https://example.com/s' });
same((await c.applications(app.sid).fetch()).statusCallback, 'https://example.com/s', 'its status callback');
same((await c.applications.list({ friendlyName: 'node' })).length, 1, 'applications of that name');

const free = await c.availablePhoneNumbers('JP').local.list({ limit: 1 });
check(free.length === 1, 'no number can be had');
const own = await c.incomingPhoneNumbers.create({ phoneNumber: free[0].phoneNumber, voiceApplicationSid: app.sid, friendlyName: 'node' });
same([own.voiceApplicationSid, own.capabilities.voice], [app.sid, true], 'the number');
await c.incomingPhoneNumbers(own.sid).update({ voiceUrl: 'https://example.com/w' });
same((await c.incomingPhoneNumbers.list({ friendlyName: 'node' })).map((n) => n.voiceUrl), ['https://example.com/w'], 'numbers of that name');
check(await c.incomingPhoneNumbers(own.sid).remove(), 'the number was not given back');
check(await c.applications(app.sid).remove(), 'the application was not deleted');

const sub = await c.api.v2010.accounts.create({ friendlyName: 'node shop' });
same(await connect(sub.sid, sub.authToken, sub.sid).calls.list(), [], 'the calls of a new account');
same((await c.api.v2010.accounts(sub.sid).update({ status: 'closed' })).status, 'closed', 'the sub-account');

for (const r of await c.recordings.list({ limit: 5 })) {
  same((await c.recordings(r.sid).fetch()).sid, r.sid, 'the recording');
  if (r.callSid) check((await c.calls(r.callSid).recordings.list()).length > 0, 'the recordings of its call are not listed');
}
for (const n of await c.api.v2010.accounts(sid).notifications.list({ log: 0, limit: 5 })) {
  const whole = await c.api.v2010.accounts(sid).notifications(n.sid).fetch();
  check(typeof whole.responseBody === 'string', 'a notification without the answer');
  if (n.callSid) await c.calls(n.callSid).events.list();
}
same((await c.tokens.create({ ttl: 600 })).ttl, '600', 'the token');
const asked = await c.validationRequests.create({ phoneNumber: rings, friendlyName: 'node' });
check(/^\d{6}$/.test(asked.validationCode), `the code is ${asked.validationCode}`);
await c.calls(asked.callSid).update({ status: 'completed' });
await c.outgoingCallerIds.list();
console.log(`books.mjs: twilio for Node keeps its things at ${url}`);
