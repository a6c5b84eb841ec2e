// Mints tokens with twilio-node, of both kinds: access tokens, and the capability tokens of the SDK before. Each line of
// the answer is a token and what it allows.
import twilio from 'twilio';

const [account, key, secret, authToken, application] = process.argv.slice(2);
const { AccessToken, ClientCapability } = twilio.jwt;
const now = Math.floor(Date.now() / 1000);

function say(name, token, allows) {
  console.log(JSON.stringify({ name, token, identity: 'alice', incoming: false, application: '', params: {}, ...allows }));
}

function access(options, grant, algorithm, ...others) {
  const token = new AccessToken(account, key, secret, { identity: 'alice', ...options });
  for (const other of others) token.addGrant(other);
  token.addGrant(new AccessToken.VoiceGrant(grant));
  return token.toJwt(algorithm);
}

const outgoing = { outgoingApplicationSid: application, outgoingApplicationParams: { team: 'sre', customer: 81312345678, vip: true, 件名: 'a&b=c' } };
const params = { team: 'sre', customer: '81312345678', vip: 'true', 件名: 'a&b=c' };
for (const algorithm of ['HS256', 'HS384', 'HS512']) {
  say(algorithm, access({}, { incomingAllow: true, ...outgoing }, algorithm), { incoming: true, application, params });
}
say('incoming alone', access({}, { incomingAllow: true }), { incoming: true });
say('outgoing alone', access({}, { outgoingApplicationSid: application }), { application });
say('nothing', access({}, {}), {});
say('a day', access({ ttl: 86400 }, { incomingAllow: true }), { incoming: true });
say('a region, and not before now', access({ region: 'jp1', nbf: now }, { incomingAllow: true }), { incoming: true });
say('an identity that was a number', access({ identity: 4711 }, { incomingAllow: true }), { incoming: true, identity: '4711' });
say('a mobile phone, and other products', access({}, { incomingAllow: true, pushCredentialSid: 'CR1', endpointId: 'e' }, 'HS256',
  new AccessToken.VideoGrant({ room: 'r' }), new AccessToken.ChatGrant({ serviceSid: 'IS1' }), new AccessToken.SyncGrant({ serviceSid: 'IS1' }),
  new AccessToken.TaskRouterGrant({ workerSid: 'WK1' })), { incoming: true });

function capability(...scopes) {
  const token = new ClientCapability({ accountSid: account, authToken });
  for (const scope of scopes) token.addScope(scope);
  return token.toJwt();
}

const { IncomingClientScope, OutgoingClientScope, EventStreamScope } = ClientCapability;
say('capability: incoming', capability(new IncomingClientScope('alice')), { incoming: true });
say('capability: outgoing, and nobody', capability(new OutgoingClientScope({ applicationSid: application })), { application, identity: 'anonymous' });
say('capability: all', capability(new EventStreamScope({ status: 'x' }), new IncomingClientScope('alice'),
  new OutgoingClientScope({ applicationSid: application, clientName: 'alice', params: { team: 'sre', 件名: 'a&b=c' } })),
{ incoming: true, application, params: { team: 'sre', 件名: 'a&b=c' } });
