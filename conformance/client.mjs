// Twilio's own Node client against a running kaden: see README.md.
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

let twilio;
try {
  ({ default: twilio } = await import('twilio'));
} catch {
  console.error('client.mjs: the npm package twilio is missing: npm ci');
  process.exit(1);
}

process.on('uncaughtException', (e) => {
  console.error(`client.mjs: ${e.message}`);
  process.exit(1);
});

const held = '<Response><Pause length="60"/></Response>';

function setting(name, otherwise) {
  const value = process.env[name] || otherwise;
  if (!value) {
    console.error(`skipped: no server: set ${name}`);
    process.exit(2);
  }
  return value;
}

const url = setting('KADEN_TEST_URL');
const sid = setting('KADEN_TEST_SID');
const token = setting('KADEN_TEST_TOKEN');
const answers = setting('KADEN_TEST_ANSWERS', '+819011112222');
const rings = setting('KADEN_TEST_RINGS', '+819033334444');
const from = setting('KADEN_TEST_FROM', '+815012345678');

function check(ok, what) {
  if (ok) return;
  console.error(`client.mjs: ${what}`);
  process.exit(1);
}

function same(got, want, what) {
  const [g, w] = [JSON.stringify(got), JSON.stringify(want)];
  check(g === w, `${what} is ${g}, want ${w}`);
}

async function eventually(what, ok) {
  for (const end = Date.now() + 20_000; Date.now() < end; await sleep(50)) {
    if (await ok()) return;
  }
  check(false, `20 s went by, and still not: ${what}`);
}

async function refused(status, code, act) {
  try {
    await act();
  } catch (e) {
    same([e.status, e.code], [status, code], `the refusal (${e.message})`);
    return;
  }
  check(false, `nothing was refused, want ${status} ${code}`);
}

// The HTTP server of whoever ordered the call.
const asked = {};
const wrong = [];
const heard = (path) => asked[path] ?? [];
const owner = http.createServer(async (req, res) => {
  let body = '';
  for await (const piece of req) body += piece;
  const full = `http://${req.headers.host}${req.url}`;
  const params = Object.fromEntries(new URLSearchParams(body));
  if (!twilio.validateRequest(token, req.headers['x-twilio-signature'] ?? '', full, params)) {
    wrong.push(`${req.method} ${req.url} is not signed by the account`);
  }
  const { pathname, searchParams } = new URL(full);
  (asked[pathname] ??= []).push({ ...params, ...Object.fromEntries(searchParams) });
  if (pathname === '/status') {
    res.writeHead(204).end();
    return;
  }
  res.writeHead(200, { 'Content-Type': 'text/xml' }).end(held);
});
await new Promise((ready) => owner.listen(0, '127.0.0.1', ready));
const base = `http://127.0.0.1:${owner.address().port}`;

function connect(secret) {
  const c = twilio(sid, secret);
  c.api.baseUrl = url;
  return c;
}
const c = connect(token);
const status = async (id) => (await c.calls(id).fetch()).status;
const nobody = 'CA' + '0'.repeat(32);

const account = await c.api.v2010.accounts(sid).fetch();
same([account.sid, account.status], [sid, 'active'], 'the account');

// What has to be refused.
await refused(400, 21211, () => c.calls.create({ to: '12', from, url: `${base}/voice` }));
await refused(400, 21205, () => c.calls.create({ to: answers, from }));
await refused(404, 20404, () => c.calls(nobody).fetch());
await refused(401, 20003, () => connect('wrong').calls(nobody).fetch());

// A call that is answered, redirected and completed.
const made = await c.calls.create({
  to: answers, from, url: `${base}/voice?team=sre`, timeout: 20, statusCallback: `${base}/status`,
  statusCallbackEvent: ['initiated', 'ringing', 'answered', 'completed'],
});
same([made.status, made.direction, made.to, made.duration], ['queued', 'outbound-api', answers, null], 'the new call');
check(made.dateCreated instanceof Date && !Number.isNaN(made.dateCreated.getTime()), 'dateCreated cannot be read');
await eventually('the call is answered', async () => (await status(made.sid)) === 'in-progress');
await eventually('its TwiML is asked for', () => heard('/voice').length === 1);
for (const [name, want] of Object.entries({
  CallSid: made.sid, AccountSid: sid, From: from, To: answers, CallStatus: 'in-progress',
  Direction: 'outbound-api', ApiVersion: '2010-04-01', team: 'sre',
})) {
  same(heard('/voice')[0][name], want, `${name} of the question for TwiML`);
}
await c.calls(made.sid).update({ url: `${base}/again?a='@:%7e&b=2`, method: 'GET' });
await eventually('the call goes on elsewhere', () => heard('/again').length === 1);
same(heard('/again')[0].a, "'@:~", "the owner's own parameter");
same((await c.calls(made.sid).update({})).status, 'in-progress', 'the call after an empty update');
await c.calls(made.sid).update({ status: 'completed' });
await eventually('the call is completed', async () => (await status(made.sid)) === 'completed');
const over = await c.calls(made.sid).fetch();
check(/^\d+$/.test(over.duration) && over.startTime && over.endTime, `over: ${over.duration} ${over.startTime} ${over.endTime}`);
await refused(400, 21220, () => c.calls(made.sid).update({ url: `${base}/again` }));
await eventually('the last state is told', () => heard('/status').at(-1)?.CallStatus === 'completed');
same(heard('/status').map((v) => v.SequenceNumber), heard('/status').map((_, i) => String(i)), 'the order of callbacks');
// A network may leave ringing out.
same(heard('/status').map((v) => v.CallStatus).filter((s) => s !== 'ringing'), ['initiated', 'in-progress', 'completed'], 'what was told');

// A call that is cancelled while it rings.
const ringing = await c.calls.create({ to: rings, from, twiml: held });
await eventually('the phone rings', async () => (await status(ringing.sid)) === 'ringing');
await c.calls(ringing.sid).update({ status: 'canceled' });
await eventually('it stops ringing', async () => (await status(ringing.sid)) === 'canceled');

// Lists.
const listed = (await c.calls.list({ pageSize: 1, limit: 3, startTimeAfter: new Date(Date.now() - 3_600_000) })).map((x) => x.sid);
same(new Set(listed).size, listed.length, 'the number of calls by pages of one');
check(listed.includes(made.sid) && listed.includes(ringing.sid), `listed by pages of one: ${listed}, want ${made.sid} and ${ringing.sid} among them`);
same((await c.calls.list({ status: 'completed', to: answers, limit: 10 }))[0].sid, made.sid, 'the newest completed call');
await refused(400, 20007, () => c.calls.page({ pageSize: 1001 }));

// What is over can be forgotten.
check(await c.calls(made.sid).remove(), 'it was not deleted');
await refused(404, 20404, () => c.calls(made.sid).fetch());

check(wrong.length === 0, wrong.join('; '));
owner.close();
owner.closeAllConnections();
console.log(`client.mjs: twilio for Node works with ${url}`);
