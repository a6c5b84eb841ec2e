// A small call centre on kaden, as a program for Twilio would be written: documents by twilio-node's own builder, calls
// ordered by its client, requests validated by its validator. Nothing in it knows kaden but the address of the API.
//
//   /voice      the menu: 1 waits in the queue, 2 is put through to a clerk, everything else hears the menu again
//   /agent      an agent who is called hears that somebody waits, and takes the caller with 1
//   /desk/…     the agent's screen: transfer into a conference with a supervisor, hold, resume
//
// Its first line of output is its address; each further one is a request that it got, as JSON.
import http from 'node:http';
import twilio from 'twilio';

const { KADEN_TEST_URL, KADEN_TEST_SID, KADEN_TEST_TOKEN, CENTRE_FROM, CENTRE_AGENT, CENTRE_BUSY, CENTRE_SUPERVISOR } = process.env;
const client = twilio(KADEN_TEST_SID, KADEN_TEST_TOKEN);
client.api.baseUrl = KADEN_TEST_URL;

// What the program remembers: who waits, who talks to whom, and where they meet.
const state = { caller: '', agent: '', room: '', conference: '' };

const document = (tell) => {
  const r = new twilio.twiml.VoiceResponse();
  tell(r);
  return r.toString();
};

// The conference in which they meet. The supervisor ends it; the caller hears thanks then.
const meet = (label) => document((r) => r.dial({ action: '/bye' }).conference(
  { participantLabel: label, beep: false, waitUrl: '', statusCallback: '/conference', statusCallbackEvent: 'start end join leave hold' },
  state.room,
));

// A second of 440 Hz, as a telephone's WAV.
const music = (() => {
  const b = Buffer.alloc(44 + 16000);
  b.write('RIFF', 0);
  b.writeUInt32LE(36 + 16000, 4);
  b.write('WAVEfmt ', 8);
  b.writeUInt32LE(16, 16);
  b.writeUInt16LE(1, 20);
  b.writeUInt16LE(1, 22);
  b.writeUInt32LE(8000, 24);
  b.writeUInt32LE(16000, 28);
  b.writeUInt16LE(2, 32);
  b.writeUInt16LE(16, 34);
  b.write('data', 36);
  b.writeUInt32LE(16000, 40);
  for (let i = 0; i < 8000; i++) b.writeInt16LE(Math.round(8000 * Math.sin((2 * Math.PI * 440 * i) / 8000)), 44 + 2 * i);
  return b;
})();

const pages = {
  '/voice': () => document((r) => {
    r.gather({ numDigits: 1, action: '/menu', timeout: 20 }).say('Press 1 for support, 2 for a clerk.');
    r.say('Goodbye.');
  }),
  '/menu': ({ CallSid, Digits }) => document((r) => {
    if (Digits === '1') {
      state.caller = CallSid;
      r.enqueue({ action: '/left', waitUrl: '/waiting' }, 'support');
    } else if (Digits === '2') {
      const dial = r.dial({ action: '/dialled', sequential: true, timeout: 20 });
      dial.sip({ url: '/whisper', statusCallback: '/leg', statusCallbackEvent: 'initiated ringing answered completed' }, CENTRE_BUSY);
      dial.sip({ url: '/whisper', statusCallback: '/leg', statusCallbackEvent: 'initiated ringing answered completed' }, CENTRE_AGENT);
    } else {
      r.redirect('/voice');
    }
  }),
  '/dialled': () => document((r) => {
    r.say('The clerk has gone.');
    r.hangup();
  }),

  // The clerk, or a mailbox: only a key puts the caller through.
  '/whisper': () => document((r) => {
    r.gather({ numDigits: 1, action: '/accept', timeout: 10 }).say('A call from the menu. Press 1.');
    r.hangup();
  }),
  '/accept': ({ Digits }) => document((r) => Digits === '1' || r.hangup()),

  '/waiting': ({ QueuePosition }) => {
    if (QueuePosition === '1' && !state.agent) {
      state.agent = 'called';
      client.calls
        .create({
          to: CENTRE_AGENT, from: CENTRE_FROM, url: `${base}/agent`, statusCallback: `${base}/status`,
          statusCallbackEvent: ['initiated', 'ringing', 'answered', 'completed'],
        })
        .then((call) => { state.agent = call.sid; }, failed);
    }
    return document((r) => r.play({ loop: 3 }, '/music.wav'));
  },
  '/agent': () => document((r) => {
    r.gather({ numDigits: 1, action: '/take', timeout: 10 }).say('A caller waits. Press 1 to take the call.');
    r.hangup();
  }),
  '/take': () => document((r) => r.dial({ action: '/wrapup' }).queue({ url: '/connecting' }, 'support')),
  '/connecting': () => document((r) => r.say('You are put through.')),
  '/left': () => document((r) => r.say('Thank you for calling.')),
  // The agent whose caller was transferred follows; everybody else is done.
  '/wrapup': () => (state.room ? meet('agent') : document((r) => r.say('The call is over.'))),
  '/room': () => meet('caller'),
  '/bye': () => document((r) => r.say('Thank you for calling.')),
  '/hold': () => document((r) => r.play({ loop: 0 }, '/music.wav')),
  '/conference': (p) => {
    state.conference = p.ConferenceSid;
    return '';
  },
  '/status': () => '',
  '/leg': () => '',
};

const held = (hold) => client.conferences(state.conference).participants('caller').update(hold ? { hold, holdUrl: `${base}/hold` } : { hold });
const desk = {
  '/desk/transfer': async () => {
    state.room = `case ${state.caller}`;
    await client.calls(state.caller).update({ url: `${base}/room` });
  },
  '/desk/supervisor': () => client.conferences(state.conference).participants.create({
    to: CENTRE_SUPERVISOR, from: CENTRE_FROM, label: 'supervisor', beep: 'false', endConferenceOnExit: true,
  }),
  '/desk/hold': () => held(true),
  '/desk/resume': () => held(false),
  '/desk/members': async () => (await client.conferences(state.conference).participants.list()).map((p) => `${p.label}${p.hold ? ' on hold' : ''}`),
  '/desk/queue': async () => (await client.queues.list()).map((q) => `${q.friendlyName} ${q.currentSize}`),
};

function failed(e) {
  console.log(JSON.stringify({ path: 'failed', error: String(e) }));
}

const server = http.createServer(async (req, res) => {
  let body = '';
  for await (const piece of req) body += piece;
  const full = `http://${req.headers.host}${req.url}`;
  const path = new URL(full).pathname;
  if (path === '/music.wav') {
    res.writeHead(200, { 'Content-Type': 'audio/x-wav' }).end(music);
    return;
  }
  try {
    if (desk[path]) {
      res.writeHead(200).end(JSON.stringify((await desk[path]()) ?? null));
      return;
    }
    const params = Object.fromEntries(new URLSearchParams(body));
    const signed = twilio.validateRequest(KADEN_TEST_TOKEN, req.headers['x-twilio-signature'] ?? '', full, params);
    Object.assign(params, Object.fromEntries(new URL(full).searchParams)); // of a GET
    console.log(JSON.stringify({ path, signed, params }));
    const answer = pages[path](params);
    res.writeHead(answer ? 200 : 204, { 'Content-Type': 'text/xml' }).end(answer);
  } catch (e) {
    failed(e);
    res.writeHead(500).end(String(e));
  }
});
await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
const base = `http://127.0.0.1:${server.address().port}`;
console.log(base);
