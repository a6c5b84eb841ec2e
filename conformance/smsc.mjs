// A carrier's SMSC that is not ours: the npm package smpp (node-smpp), which packs and unpacks every PDU. The tests move it,
// a line of JSON an order; it says what happens, a line of JSON each.
//
//   node smsc.mjs [KEY CERTIFICATE]     with both: over TLS
//
// Orders: {"how": {"bind": 14, "submit": [88, "drop", 0]}}   how the next ones are answered: a command_status; drop ends the
//                                                              connection instead; quiet says nothing
//         {"deliver": {…}}                                    a deliver_sm, as node-smpp writes it
//         {"unbind": true}                                    ends the session
import { createInterface } from 'node:readline';
import { readFileSync } from 'node:fs';
import smpp from 'smpp';

const say = (what) => process.stdout.write(JSON.stringify(what) + '\n');
const how = { bind: 0, submit: [] };
let session = null;
let count = 0;

function onSession(s) {
  s.on('error', (e) => say({ error: String(e) }));
  s.on('close', () => say({ closed: true }));
  s.on('bind_transceiver', (pdu) => {
    const ok = how.bind === 0 && pdu.system_id === 'kaden' && pdu.password === 'secret';
    session = ok ? s : session;
    s.send(pdu.response({ command_status: ok ? 0 : how.bind || smpp.ESME_RINVPASWD, system_id: 'centre' }));
    say({ bind: { ok, system_id: pdu.system_id, version: pdu.interface_version } });
  });
  s.on('enquire_link', (pdu) => s.send(pdu.response()));
  s.on('unbind', (pdu) => {
    s.send(pdu.response(), () => s.close());
    say({ unbind: true });
  });
  s.on('submit_sm', (pdu) => {
    const next = how.submit.shift() ?? 0;
    const id = `m${++count}`;
    const text = pdu.message_payload?.message ?? pdu.short_message.message;
    say({
      submit: {
        id, how: next, text, from: pdu.source_addr, to: pdu.destination_addr, coding: pdu.data_coding, receipt: pdu.registered_delivery,
        ton: [pdu.source_addr_ton, pdu.source_addr_npi, pdu.dest_addr_ton, pdu.dest_addr_npi], payload: pdu.message_payload !== undefined,
      },
    });
    if (next === 'drop') s.destroy();
    else if (next !== 'quiet') s.send(pdu.response({ command_status: next, ...(next === 0 && { message_id: id }) }));
  });
}

const [key, cert] = process.argv.slice(2);
const server = key ? smpp.createServer({ key: readFileSync(key), cert: readFileSync(cert) }, onSession) : smpp.createServer(onSession);
server.listen(0, '127.0.0.1', () => say({ port: server.address().port }));

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const order = JSON.parse(line);
    if (order.how) Object.assign(how, order.how);
    if (order.deliver) {
      const d = order.deliver;
      // A text with its header is packed by hand: node-smpp wants bytes there.
      if (d.udh) d.short_message = { udh: Buffer.from(d.udh), message: d.short_message };
      delete d.udh;
      const there = session?.deliver_sm(d, (pdu) => say({ delivered: { status: pdu.command_status } }));
      if (!there) say({ error: 'nobody is bound' });
    }
    if (order.unbind) session?.unbind();
  })
  .on('close', () => process.exit(0));
