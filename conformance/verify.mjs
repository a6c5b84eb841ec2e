// Twilio's own Node client verifies a telephone and watches usage: see README.md.
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
  console.error(`verify.mjs: ${what}`);
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

const c = twilio(sid, token);
c.api.baseUrl = url;
c.verify.baseUrl = url;
const services = c.verify.v2.services;

const made = await services.create({ friendlyName: 'node', codeLength: 4, customCodeEnabled: true });
same([made.codeLength, made.customCodeEnabled, made.dateCreated instanceof Date], [4, true, true], 'the service');
const service = services(made.sid);
same((await service.update({ friendlyName: 'node shop' })).friendlyName, 'node shop', 'the name of the service');
same((await service.fetch()).codeLength, 4, 'its code length');
await services.create({ friendlyName: 'another' }).then((s) => services(s.sid).remove());
check((await services.list({ pageSize: 1 })).some((s) => s.sid === made.sid), 'the service is not listed');

await refused(400, 60200, () => service.verifications.create({ to: '110', channel: 'call' }));
await refused(400, 60200, () => service.verifications.create({ to: rings, channel: 'pigeon' }));
await refused(400, 60223, () => service.verifications.create({ to: rings, channel: 'email' }));
const asked = await service.verifications.create({ to: rings, channel: 'call', customCode: '4711', locale: 'en' });
same([asked.status, asked.valid, asked.to, asked.channel, asked.sendCodeAttempts.length], ['pending', false, rings, 'call', 1], 'the verification');
await refused(429, 60212, () => service.verifications.create({ to: rings, channel: 'call', customCode: '4711' }));
same((await service.verifications(asked.sid).fetch()).status, 'pending', 'the verification');
const wrong = await service.verificationChecks.create({ to: rings, code: '0000' });
same([wrong.status, wrong.valid], ['pending', false], 'a wrong code');
const right = await service.verificationChecks.create({ verificationSid: asked.sid, code: '4711' });
same([right.status, right.valid, right.sid], ['approved', true, asked.sid], 'the right code');
await refused(404, 20404, () => service.verificationChecks.create({ to: rings, code: '4711' }));
await refused(404, 20404, () => service.verifications(asked.sid).update({ status: 'canceled' }));
check(await service.remove(), 'the service was not deleted');
await refused(404, 20404, () => service.fetch());

const usage = c.api.v2010.accounts(sid).usage;
const trigger = await usage.triggers.create({
  callbackUrl: 'https://example.com/t', triggerValue: '+1000', usageCategory: 'calls', triggerBy: 'count', recurring: 'daily', friendlyName: 'node',
});
check(Number(trigger.triggerValue) === Number(trigger.currentValue) + 1000, `so much more than now: ${trigger.currentValue}, ${trigger.triggerValue}`);
same((await usage.triggers(trigger.sid).update({ callbackMethod: 'GET' })).callbackMethod, 'GET', 'the method');
check((await usage.triggers.list({ recurring: 'daily', usageCategory: 'calls' })).some((t) => t.sid === trigger.sid), 'the trigger is not listed');
check(await usage.triggers(trigger.sid).remove(), 'the trigger was not deleted');
for (const span of ['today', 'yesterday', 'thisMonth', 'lastMonth', 'allTime']) {
  const [calls] = await usage.records[span].list({ category: 'calls' });
  check(calls && Number(calls.count) >= 0 && calls.countUnit === 'calls', `${span} without calls`);
}
await usage.records.daily.list({ limit: 20, pageSize: 5 });
await usage.records.yearly.list();
console.log(`verify.mjs: twilio for Node verifies at ${url}`);
