// A browser with Twilio's own SDKs, moved by a test: a line of JSON in is an order, a line out is its answer.
//
//   {"id":1,"do":"open","page":"sato","sdk":"2.18"}     a tab with an SDK in it
//   {"id":2,"do":"eval","page":"sato","js":"…"}         what the expression gives, promises awaited
//   {"id":3,"do":"close","page":"sato"}                 the tab is closed, as a person would
//   {"id":4,"do":"offline","page":"sato","on":true}     its network is gone
//   {"id":5,"do":"token", …}                            an access token, by Twilio's own library
//   {"id":6,"do":"visit","page":"me","url":"…"}         any page
//   {"id":7,"do":"shot","page":"me","file":"…"}         a picture of it
//
// Chromium is the machine's own (CHROMIUM names another); its microphone plays KADEN_TEST_MICROPHONE, a WAV file.
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const require = createRequire(import.meta.url);
const bundles = {
  2.18: '@twilio/voice-sdk/dist/twilio.min.js',
  2.9: 'voice-sdk-2.9/dist/twilio.min.js',
  1.15: 'twilio-client/dist/twilio.min.js',
};

// The page that a developer would write: the bundle, and nothing else.
const server = createServer((q, r) => {
  const { pathname } = new URL(q.url, 'http://x');
  const sdk = pathname.match(/^\/sdk\/([\d.]+)\.js$/);
  if (sdk && bundles[sdk[1]]) {
    r.setHeader('Content-Type', 'text/javascript; charset=utf-8');
    r.end(readFileSync(new URL(`node_modules/${bundles[sdk[1]]}`, import.meta.url)));
  } else if (pathname.startsWith('/page/')) {
    r.setHeader('Content-Type', 'text/html; charset=utf-8');
    r.end(`<!doctype html><script src="/sdk/${pathname.slice(6)}.js"></script><script src="/listen.js"></script><button>on duty</button>`);
  } else if (pathname === '/listen.js') {
    r.setHeader('Content-Type', 'text/javascript; charset=utf-8');
    r.end(listen);
  } else if (pathname.endsWith('.wav')) {
    r.setHeader('Content-Type', 'audio/wav');
    r.end(silence());
  } else {
    r.statusCode = 404;
    r.end();
  }
});
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const origin = `http://127.0.0.1:${server.address().port}`;

/** A tenth of a second of nothing, in the place of the SDK's sounds. */
function silence() {
  const b = Buffer.alloc(44 + 1600);
  b.write('RIFF', 0); b.writeUInt32LE(36 + 1600, 4); b.write('WAVEfmt ', 8); b.writeUInt32LE(16, 16); b.writeUInt16LE(1, 20);
  b.writeUInt16LE(1, 22); b.writeUInt32LE(8000, 24); b.writeUInt32LE(16000, 28); b.writeUInt16LE(2, 32); b.writeUInt16LE(16, 34);
  b.write('data', 36); b.writeUInt32LE(1600, 40);
  return b;
}

// In the page: events() of an object are written down, and heard(stream) is the loudest frequency of a second.
const listen = `
window.seen = [];
window.at = {}; // when something was seen last
window.note = (what, ...more) => (window.at[what] = performance.now()) && window.seen.push([what, ...more.map((m) => { try { return JSON.parse(JSON.stringify(m)) } catch { return String(m) } })]);
window.follow = (name, o, kinds) => kinds.forEach((k) => o.on(k, (e) => window.note(name + ' ' + k, e && e.code ? e.code : undefined)));
window.until = async (what, ms = 20000) => {
  for (const end = Date.now() + ms; Date.now() < end; await new Promise((r) => setTimeout(r, 20))) if (await what()) return true;
  throw new Error('not within ' + ms + ' ms: ' + what + ' seen: ' + JSON.stringify(window.seen));
};
window.saw = (what, ms) => window.until(() => window.seen.some(([k]) => k === what), ms);
window.quiet = { incoming: '/none.wav', outgoing: '/none.wav', disconnect: '/none.wav' };
for (const k of ['0','1','2','3','4','5','6','7','8','9','s','h']) window.quiet['dtmf' + k] = '/none.wav';
window.heard = async (stream, ms = 1000) => {
  const context = new AudioContext();
  await context.resume();
  const source = context.createMediaStreamSource(stream), analyser = context.createAnalyser();
  analyser.fftSize = 8192;
  analyser.smoothingTimeConstant = 0;
  source.connect(analyser);
  const bins = new Float32Array(analyser.frequencyBinCount), sum = new Float64Array(bins.length);
  for (const end = Date.now() + ms; Date.now() < end; await new Promise((r) => setTimeout(r, 50))) {
    analyser.getFloatFrequencyData(bins);
    bins.forEach((db, i) => { if (db > -200) sum[i] += 10 ** (db / 10); });
  }
  let best = 1;
  for (let i = 1; i < sum.length; i++) if (sum[i] > sum[best]) best = i;
  const hertz = (best * context.sampleRate) / analyser.fftSize, loud = 10 * Math.log10(sum[best] / (ms / 50) + 1e-20);
  await context.close();
  return { hertz: Math.round(hertz), loud: Math.round(loud) };
};
// When a call's first sound was heard that is more than silence, on the page's clock.
window.firstSound = async (call, ms = 10000) => {
  for (const end = Date.now() + ms; Date.now() < end; await new Promise((r) => setTimeout(r, 4))) {
    const all = await call()?._mediaHandler?.version?.pc?.getStats();
    if (all && [...all.values()].some((s) => s.type === 'inbound-rtp' && s.totalAudioEnergy > 1e-6)) return performance.now();
  }
  throw new Error('no sound within ' + ms + ' ms');
};
window.hears = async (stream, hertz, ms = 15000) => {
  let got;
  for (const end = Date.now() + ms; Date.now() < end; ) {
    const s = stream();
    got = s ? await window.heard(s, 400) : undefined;
    if (!s) await new Promise((r) => setTimeout(r, 50));
    else if (Math.abs(got.hertz - hertz) < 25 && got.loud > -60) return got;
  }
  throw new Error('no ' + hertz + ' Hz, but ' + JSON.stringify(got));
};
`;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--no-sandbox', '--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream', '--autoplay-policy=no-user-gesture-required',
    '--ignore-certificate-errors',
    ...(process.env.KADEN_TEST_MICROPHONE ? [`--use-file-for-fake-audio-capture=${process.env.KADEN_TEST_MICROPHONE}`] : []),
  ],
});
const pages = new Map();

async function open(name, url, o = {}) {
  const context = await browser.newContext({
    ignoreHTTPSErrors: true, permissions: o.denied ? [] : ['microphone'], viewport: o.viewport, locale: o.locale, colorScheme: o.scheme,
  });
  const page = await context.newPage();
  // Nothing leaves this machine, and what would have left is counted.
  const away = [];
  await context.route((u) => !['127.0.0.1', 'localhost'].includes(u.hostname), (route) => { away.push(route.request().url()); route.abort(); });
  const said = [];
  page.on('console', (m) => { if (m.type() === 'error') said.push(m.text()); });
  page.on('pageerror', (e) => said.push(String(e)));
  pages.set(name, { page, context, away, said });
  await page.goto(url);
}

const orders = {
  open: (o) => open(o.page, `${origin}/page/${o.sdk}`, o),
  visit: (o) => (pages.has(o.page) ? pages.get(o.page).page.goto(o.url) : open(o.page, o.url, o)),
  eval: (o) => pages.get(o.page).page.evaluate(o.js),
  click: (o) => pages.get(o.page).page.click(o.what, { timeout: 10000 }),
  fill: (o) => pages.get(o.page).page.fill(o.what, o.text),
  offline: (o) => pages.get(o.page).context.setOffline(o.on),
  shot: (o) => pages.get(o.page).page.screenshot({ path: o.file, fullPage: true }).then(() => undefined),
  said: (o) => pages.get(o.page).said,
  away: (o) => pages.get(o.page).away,
  close: async (o) => {
    const { page, context } = pages.get(o.page);
    pages.delete(o.page);
    await page.close({ runBeforeUnload: false });
    await context.close();
  },
  token: (o) => {
    const { AccessToken } = require('twilio').jwt;
    const token = new AccessToken(o.account, o.key, o.secret, { identity: o.identity, ttl: o.ttl ?? 3600 });
    token.addGrant(new AccessToken.VoiceGrant({ incomingAllow: o.incoming ?? true, outgoingApplicationSid: o.application, outgoingApplicationParams: o.params }));
    return token.toJwt();
  },
};

console.log(JSON.stringify({ ready: browser.version() }));
// Orders are independent: several pages may wait for something at once.
createInterface({ input: process.stdin }).on('line', async (line) => {
  const o = JSON.parse(line);
  try {
    const value = await orders[o.do](o);
    console.log(JSON.stringify({ id: o.id, value: value ?? null }));
  } catch (e) {
    console.log(JSON.stringify({ id: o.id, error: String(e?.message ?? e) }));
  }
}).on('close', async () => {
  await browser.close();
  server.close();
});
