import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { remark } from './details';
import { foremost, inView, loud, merged, names, untaken, withAlert, withEvent, withOlder, withPage } from './reduce';
import { href, parse } from './route';
import { called, sentence, sentences, worthSaying } from './sentences';
import { fared } from './sound';
import { answeredBy, cause, outcomes, severities, standing } from './standing';
import { ago, clock, clockZone, day, sameDay, secondsBetween, skew, span, zone } from './time';
import type { Alert, Attempt, Event, Lang, Setup, Warning } from './types';
import { minutesText, planText, repeatText, stepText, warningText, words } from './words';

const langs: Lang[] = ['en', 'ja'];
const nameOf = names({ people: [{ id: 'sato', name: '佐藤', contacts: [] }, { id: 'bob', contacts: [] }], groups: [], plans: [] } as Setup);

function event(kind: string, more: Partial<Event> = {}): Event {
  return { seq: 1, at: '2026-11-22T03:12:08Z', kind, ...more };
}

function alert(id: string, more: Partial<Alert> = {}): Alert {
  return {
    id, source: 'json', key: id, title: id, severity: 'critical', status: 'stored', repeats: 0, now: [],
    opened: '2026-11-22T03:12:08Z', updated: '2026-11-22T03:12:08Z', ...more,
  };
}

describe('sentences', () => {
  const kinds = [...readFileSync(new URL('../../../../timeline/timeline.go', import.meta.url), 'utf8').matchAll(/^(?:const )?\s*\w+ +Kind += "([^"]+)"/gm)].map((m) => m[1]!);

  test('each kind of the timeline has one, in both languages', () => {
    expect(kinds.length).toBeGreaterThan(30);
    expect(kinds).toContain('notice.raised');
    expect(Object.keys(sentences).toSorted()).toEqual(kinds.toSorted());
    for (const kind of kinds) {
      for (const lang of langs) {
        const s = sentence(event(kind, { person: 'sato', digit: '1' }), lang, nameOf).text;
        expect(s, kind).not.toBe('');
        expect(/[\p{sc=Hiragana}\p{sc=Katakana}]/u.test(s), `${kind} in ${lang}: ${s}`).toBe(lang === 'ja');
      }
    }
  });

  test('an attempt names its person', () => {
    for (const kind of kinds.filter((k) => k.startsWith('attempt.'))) {
      expect(sentence(event(kind, { person: 'sato' }), 'ja', nameOf).text, kind).toContain('佐藤さん');
      expect(sentence(event(kind, { person: 'bob' }), 'en', nameOf).text, kind).toContain('bob');
    }
  });

  test('doors are not people', () => {
    expect(called('console', 'ja', nameOf)).toBe('コンソールの操作者');
    expect(called('api', 'en', nameOf)).toBe('A program');
    expect(called('bob', 'ja', nameOf)).toBe('bob さん');
    expect(called('link', 'ja', nameOf)).toBe('リンクを開いた人');
    expect(called(undefined, 'en', nameOf)).toBe('somebody');
    expect(sentence(event('notice.raised', { cause: 'stopped', person: 'sato', text: 'the call-out was stopped' }), 'ja', nameOf)).toMatchObject({ text: '佐藤さんが呼び出しを止めました', detail: '' });
  });

  test('money is told in Japanese too', () => {
    const say = (text: string) => remark(text, 'ja', nameOf);
    expect(say('17.6 JPY over ntt: 61s talked, 2 × 1m')).toMatchObject({ text: '17.6 JPY（回線 ntt・通話 61 秒、2 × 1 分）', lang: 'ja' });
    expect(say('0 JPY over ntt: nobody answered').text).toBe('0 JPY（回線 ntt・応答なし）');
    expect(say('unknown over ntt: when it ended is not known').text).toBe('不明（回線 ntt）');
    const used = `the month's budget is used up: 20 of 20 JPY of budget "calls"`;
    expect(say(`telephones are not rung for this warning: ${used}; it would ring if it were critical`).text).toContain('警告のため電話を鳴らしません');
    expect(say(`Nobody was called: telephones are not rung for this warning: ${used}; it would ring if it were critical.`).text).toContain('使い切りました');
    expect(say(`not called for a warning: ${used}`).text).toContain('使用額 20');
    expect(say(`80 % of the month's budget is reached: 16 of 20 JPY of budget "calls"; what 2 more calls have cost is not known`).text).toBe('今月の予算「calls」の 80 % に達しました（16 / 20 JPY）');
    expect(say(`100 % of the month's budget is reached: 20 of 20 JPY of budget "calls"; from now on warnings ring no telephone; what is graver, or has no severity, still does; calls over the REST API are refused`).text)
      .toBe('今月の予算「calls」の 100 % に達しました（20 / 20 JPY）。これより警告では電話を鳴らしません。REST API からの発信は断ります');
    expect(sentence(event('notice.raised', { cause: 'budget', text: 'x' }), 'ja', nameOf).text).toBe('予算のお知らせ');
  });

  test('a line that is down is named for what it is', () => {
    const say = (text: string) => remark(text, 'ja', nameOf).text;
    expect(say('trunk ntt cannot be used: 403 Forbidden; compare user: and password:')).toBe('回線「ntt」が使えません（403 Forbidden; compare user: and password:）');
    expect(say('SMSC carrier cannot be used: no answer; is it there?')).toBe('SMSC「carrier」が使えません（no answer; is it there?）');
    expect(say('SMSC carrier can be used again')).toBe('SMSC「carrier」がまた使えるようになりました');
    expect(say('trunk ntt is down: 3 calls in a row')).toBe('回線「ntt」が使えません（3 calls in a row）');
    expect(say('trunk ntt works again')).toBe('回線「ntt」がまた使えるようになりました');
  });

  test('a kind of a newer server shows itself', () => {
    expect(sentence(event('alert.snoozed', { text: 'until 4' }), 'ja', nameOf)).toMatchObject({ text: 'alert.snoozed', detail: 'until 4' });
  });

  test('what is in the sentence is not said again', () => {
    expect(sentence(event('callout.started', { text: 'night' }), 'en', nameOf)).toMatchObject({ text: 'Calling began with the plan night', detail: '' });
    expect(sentence(event('alert.exhausted', { text: 'nobody took it' }), 'ja', nameOf)).toMatchObject({ detail: 'だれも引き受けませんでした', detailLang: 'ja' });
  });

  test('turns of the story are read out, each ring is not', () => {
    expect(['alert.stored', 'attempt.confirmed', 'callout.stalled', 'notice.raised'].map((k) => worthSaying(event(k)))).toEqual([true, true, true, true]);
    expect(['attempt.ringing', 'attempt.dialing', 'call.ended'].map((k) => worthSaying(event(k)))).toEqual([false, false, false]);
  });
});

/** The kind behind the name of a constant of timeline/timeline.go. */
function kindOf(name: string): string {
  const go = readFileSync(new URL('../../../../timeline/timeline.go', import.meta.url), 'utf8');
  return new RegExp(`\\b${name} +Kind += "([^"]+)"`).exec(go)?.[1] ?? '';
}

describe('remarks of the machine', () => {
  test.each([
    ['step 1, round 2: 1 person, one after another', '第 1 段・2 巡目：1 人、順次'],
    ['step 2, round 1: 3 people, together, everyone is asked', '第 2 段・1 巡目：3 人、一斉、全員に確認'],
    ['for up to 20s: sato did not answer', '最長 20 秒（佐藤は応答なし）'],
    ['for up to 1m30s, method 2 of 3: round 2', '最長 1 分 30 秒・連絡先 2/3（2 巡目）'],
    ['for up to 20s, method 1 of 3 together: round 2', '最長 20 秒・連絡先 1/3（同時に鳴らす）（2 巡目）'],
    ['is on another phone', '本人が別の電話に出ています'],
    ['rest of 2m before round 3', '3 巡目まで 2 分の休み'],
    ['grace of 1m before the first ring', '最初の呼び出しまで 1 分の猶予'],
    ['nobody is rung for 29m30s', '29 分 30 秒のあいだ、だれも呼びません'],
    ['hand-over, round 1: 1 person, one after another', '引き継ぎ・1 巡目：1 人、順次'],
    ['for up to 20s: it is handed over', '最長 20 秒（引き継ぎのため）'],
    ['lapsed: sato did not answer', '佐藤から返事がないため'],
    ['gives it to sato', '引き継ぐ相手：佐藤'],
    ['Nobody was called: nobody of plan "night" can be called: kato: no trunk', '架電計画「night」には呼び出せる人がいません'],
    ['ring time is over (SIP 487)', '呼び出し時間が終わりました'],
    ['sato is on duty in no browser (SIP 480)', '佐藤を待受しているブラウザがありません'],
    ['bob keeps the turn, again in 30s: there is no trunk to the telephone network', 'bobの順番のまま、30 秒後にもう一度（電話網への回線がありません）'],
    ['step 3 has been held up by our own fault for 2m', '第 3 段がこちら側の障害で 2 分止まっています'],
    ['for a line on ntt, place 2 in the queue', '回線待ち（2 番目）'],
    ['hung up after a talk with sato, bob', '佐藤、bobとの通話のあと、電話を切りました'],
    ['hung up, after 40s; to be called back: 090-1234-5678', '電話を切りました（40 秒）。折り返し先：090-1234-5678'],
    ['was told that nobody could be reached, after 1m3s; showed no number', 'だれにもつながらなかったことを伝えました（1 分 3 秒）。番号非通知'],
    ['the caller wants somebody again', '電話をかけてきた人が、もう一度呼び出しを求めたため'],
    ['Nobody was called: sato took it before anybody was rung.', '呼び出す前に佐藤が引き受けました'],
  ])('%s', (en, ja) => {
    expect(remark(en, 'ja', nameOf)).toEqual({ text: ja, lang: 'ja' });
    expect(remark(en, 'en', nameOf)).toEqual({ text: en, lang: 'en' });
  });

  // What the machine writes word for word; texts with something in them are above.
  test('what the call-out says is known in Japanese', () => {
    const at = new URL('../../../../callout/', import.meta.url);
    const go = readdirSync(at).filter((f) => f.endsWith('.go') && !f.endsWith('_test.go')).map((f) => readFileSync(new URL(f, at), 'utf8')).join('\n');
    const shown = (name: string) => sentences[kindOf(name)]?.detail !== false;
    const notes = [...go.matchAll(/m\.note\(timeline\.Event\{Kind: timeline\.(\w+),[^\n]*?\s*Text: "([^"]+)"\}\)/g)].filter((m) => shown(m[1]!)).map((m) => m[2]!);
    const ends = [...go.matchAll(/m\.(?:decide\(a|noteOf\(a, timeline\.(\w+)), [^"\n]*?(?:"", )?"([^"]+)"\)/g)].filter((m) => !m[1] || shown(m[1])).map((m) => m[2]!);
    expect(notes).toContain('fires again');
    expect(ends).toContain('listening time is over');
    for (const text of [...notes, ...ends]) expect(remark(text, 'ja', nameOf).lang, text).toBe('ja');
  });

  test('one that only repeats the sentence is left out', () => {
    for (const lang of langs) expect(sentence(event('attempt.no-answer', { person: 'sato', text: 'no-answer' }), lang, nameOf).detail).toBe('');
  });

  test('one that is not known stays as it is, and is marked as English', () => {
    expect(remark('trunk "ntt": 403 from registrar', 'ja', nameOf)).toEqual({ text: 'trunk "ntt": 403 from registrar', lang: 'en' });
  });
});

describe('how an alert stands', () => {
  const since = '2026-11-22T03:12:08Z';
  test.each([
    ['nobody yet', alert('a'), 'calling', 'Nobody has taken it yet', true],
    ['ringing', alert('a', { now: [{ person: 'sato', status: 'ringing', since }, { person: 'bob', status: 'ringing', since }] }), 'calling', 'Ringing 佐藤, bob', true],
    ['one listens, one rings', alert('a', { now: [{ person: 'sato', status: 'ringing', since }, { person: 'bob', status: 'answered', since }] }), 'calling', 'On the phone with bob', true],
    ['dialled', alert('a', { now: [{ person: 'bob', status: 'dialing', since }] }), 'calling', 'Calling bob', true],
    ['stopped', alert('a', { stopped: true }), 'rest', 'Stopped; nobody has taken it', false],
    ['stopped, and kept as that person’s', alert('a', { status: 'acknowledged', stopped: true, by: 'bob' }), 'rest', 'bob stopped it; nobody has taken it', false],
    ['taken', alert('a', { status: 'acknowledged', by: 'bob' }), 'taken', 'bob took it', false],
    ['given up', alert('a', { status: 'exhausted' }), 'alarm', 'Everybody was called. Nobody took it.', true],
    ['resolved', alert('a', { status: 'resolved' }), 'well', 'Resolved', false],
    ['ignored', alert('a', { status: 'ignored' }), 'rest', 'Stored; nobody is called for it', false],
  ] as const)('%s', (_, a, tone, says, open) => {
    expect(standing(a, 'en', nameOf)).toMatchObject({ tone, says, open });
    const ja = standing(a, 'ja', nameOf);
    expect(ja).toMatchObject({ tone, open });
    expect(/[\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Han}]/u.test(ja.says) && ja.word !== '').toBe(true);
  });
});

test('a headline does not grow with the people who ring', () => {
  const ring = (...who: string[]) => alert('a', { now: who.map((person) => ({ person, status: 'ringing', since: '2026-11-22T03:12:08Z' })) });
  expect(standing(ring('bob', 'sato', 'x', 'y', 'z'), 'en', nameOf).says).toBe('Ringing bob, 佐藤 and 3 more');
  expect(standing(ring('bob', 'sato', 'x', 'y', 'z'), 'ja', nameOf).says).toBe('bob さん、佐藤さんほか 3 人を呼び出しています');
});

test('that everybody was called is not said where nobody could be', () => {
  const a = { ...alert('a', { status: 'exhausted' }), why: { called: false, summary: 'no trunk', people: [], notices: [] } };
  expect(standing(a, 'en', nameOf)).toMatchObject({ tone: 'alarm', says: 'Nobody could be called', open: true });
  expect(standing(a, 'ja', nameOf).says).toBe('だれも呼び出せませんでした');
});

test('a cause is said where it says more than the outcome', () => {
  const a = { id: '1', person: 'sato', address: 'sim:sato', status: 'not-confirmed', over: true } as Attempt;
  expect(cause({ ...a, cause: 'hung-up' }, 'ja')).toBe('相手が切断');
  expect(cause({ ...a, cause: 'not-confirmed' }, 'en')).toBe('');
  expect(cause({ ...a, cause: 'ring-time' }, 'en')).toBe('');
  expect(cause({ ...a, cause: 'something-new' }, 'ja')).toBe('something-new');
  expect(cause(a, 'en')).toBe('');
});

test('what detection takes somebody for is said as what it sounds like', () => {
  const a = { id: '1', person: 'sato', address: 'sim:sato', status: 'answered', over: false } as Attempt;
  expect(['human', 'machine_end_beep', 'fax', 'unknown', undefined].map((answered) => answeredBy({ ...a, answeredBy: answered }, 'en'))).toEqual(['a person', 'a machine', 'a fax', '', '']);
  expect(answeredBy({ ...a, answeredBy: 'fax' }, 'ja')).toBe('ファクス');
});

test('how a call sounded is said in one line, and nothing where nobody knows', () => {
  const a = { id: '1', person: 'sato', address: 'sim:sato', status: 'answered', over: true } as Attempt;
  expect(fared(a, 'en')).toBe('');
  const sound = { codec: 'PCMU' as const, heard: 950, lost: 50, late: 0, discarded: 0, concealed: 50, jitter: 4.2, worstJitter: 12, sent: 1000 };
  expect(fared({ ...a, sound }, 'en')).toBe('5.0 % lost, jitter 4 ms');
  const far = { lost: 123, jitter: 3, roundTrip: 23.4 };
  expect(fared({ ...a, sound: { ...sound, far } }, 'en')).toBe('5.0 % lost here, 12 % there, jitter 4 ms, round trip 23 ms');
  expect(fared({ ...a, sound: { ...sound, lost: 0, far } }, 'ja')).toBe('損失 受信 0%・送信 12%、揺らぎ 4 ms、往復 23 ms');
});

describe('reducers', () => {
  test('events stand in order, each once', () => {
    const e = (seq: number) => event('alert.stored', { seq });
    let all = [e(1), e(3)];
    all = withEvent(all, e(4));
    all = withEvent(all, e(2));
    all = withEvent(all, e(3));
    expect(all.map((x) => x.seq)).toEqual([1, 2, 3, 4]);
    expect(merged([e(1), e(2)], [e(2), e(5)]).map((x) => x.seq)).toEqual([1, 2, 5]);
    expect(withEvent([], e(9)).map((x) => x.seq)).toEqual([9]);
  });

  test('a new first page keeps the older ones that were loaded', () => {
    const shown = ['d', 'c', 'b', 'a'].map((id) => alert(id));
    const page = { alerts: [alert('e'), alert('d'), alert('c', { status: 'resolved' as const })], more: true };
    const next = withPage(shown, page);
    expect(next.alerts.map((a) => a.id)).toEqual(['e', 'd', 'c', 'b', 'a']);
    expect(next.alerts[2]!.status).toBe('resolved');
    expect(next.more).toBeUndefined(); // as it was
  });

  test('a page that shares nothing with what is shown takes its place', () => {
    expect(withPage([alert('a')], { alerts: [alert('z'), alert('y')], more: true })).toEqual({ alerts: [alert('z'), alert('y')], more: true });
    expect(withPage([alert('a')], { alerts: [], more: false })).toEqual({ alerts: [], more: false });
  });

  test('older ones are put after', () => {
    expect(withOlder([alert('c'), alert('b')], { alerts: [alert('b'), alert('a')], more: false }).map((a) => a.id)).toEqual(['c', 'b', 'a']);
  });

  test('a decision changes its alert and leaves out what a list does not have', () => {
    const detail = { ...alert('a', { status: 'acknowledged', by: 'bob' }), body: 'long', events: [], attempts: [] };
    const [a, b] = withAlert([alert('a'), alert('b')], detail);
    expect(a).toMatchObject({ status: 'acknowledged', by: 'bob' });
    expect(a).not.toHaveProperty('body');
    expect(b!.status).toBe('stored');
  });

  test('the foremost alert is the newest of the gravest that nobody has taken', () => {
    const list = [alert('d', { status: 'resolved' }), alert('c', { stopped: true }), alert('b', { status: 'exhausted' }), alert('a')];
    expect(foremost(list)?.id).toBe('b');
    expect(foremost([alert('w', { severity: 'warning' }), alert('e', { severity: 'error' }), ...list])?.id).toBe('b'); // the gravest
    expect(foremost(list.slice(0, 2))?.id).toBe('d');
    expect(foremost([])).toBeUndefined();
    expect([untaken(list, true), untaken(list.slice(2), true), untaken(list.slice(2), false), untaken([], true)]).toEqual(['2', '2+', '2', '']);
  });

  test('an alert stays in view when it is taken, until a later one comes', () => {
    const at = (t: string) => `2026-11-22T03:${t}:00Z`;
    const old = alert('old', { status: 'exhausted', opened: at('00'), updated: at('05') });
    const taken = alert('mine', { status: 'acknowledged', opened: at('10'), updated: at('12') });
    const later = alert('later', { opened: at('20') });
    expect(inView([taken, old], undefined)?.id).toBe('old');
    expect(inView([taken, old], 'mine')?.id).toBe('mine');
    expect(inView([later, taken, old], 'mine')?.id).toBe('later');
    expect(inView([later, old], 'old')?.id).toBe('old'); // it still needs somebody
    expect(inView([later], 'gone')?.id).toBe('later');
    expect(inView([], 'gone')).toBeUndefined();
  });

  test('only what silences alerts is loud', () => {
    const w: Warning[] = [{ code: 'no-engine', loud: true, text: '' }, { code: 'no-source', loud: false, text: '' }, { code: 'held', loud: true, text: '' }];
    expect(loud(w).map((x) => x.code)).toEqual(['no-engine']);
    expect(names(undefined)('sato')).toBe('sato');
  });
});

describe('times', () => {
  test('by which clock', () => {
    expect(zone('2026-11-22T03:12:08Z', 'ja', 'Asia/Tokyo')).toBe('JST');
    expect([zone('2026-11-22T03:12:08Z', 'en', 'Asia/Tokyo'), zone('2026-07-22T03:12:08Z', 'en', 'Europe/London')]).toEqual(['GMT+9', 'BST']);
  });

  test('one that stands alone says by which clock it is', () => {
    expect(clockZone('2026-11-21T18:05:09Z', 'ja', 'Asia/Tokyo')).toBe('03:05:09 JST');
    expect(clockZone('2026-11-21T18:05:09Z', 'en', 'UTC')).toBe('18:05:09 UTC');
  });

  test('are those of the reader', () => {
    expect(clock('2026-11-21T18:05:09Z', 'Asia/Tokyo')).toBe('03:05:09');
    expect(day('2026-11-21T18:05:09Z', 'ja', 'Asia/Tokyo')).toBe('11月22日(日)');
    expect(day('2026-11-21T18:05:09Z', 'en', 'Asia/Tokyo')).toMatch(/^Sun,? 22 Nov$/); // the comma depends on Node's own tables
    expect(sameDay('2026-11-21T16:00:00Z', '2026-11-21T14:00:00Z', 'Asia/Tokyo')).toBe(false);
    expect(sameDay('2026-11-21T16:00:00Z', '2026-11-22T14:00:00Z', 'Asia/Tokyo')).toBe(true);
    expect(sameDay('2025-11-21T16:00:00Z', '2026-11-21T16:00:00Z', 'Asia/Tokyo')).toBe(false);
  });

  test('lengths', () => {
    expect([0, 59, 60, 3661].map((s) => span(s, 'en'))).toEqual(['0 s', '59 s', '1:00', '1:01:01']);
    expect(span(12, 'ja')).toBe('12 秒');
    expect(secondsBetween('2026-11-22T03:00:10Z', '2026-11-22T03:00:00Z')).toBe(0);
    expect(secondsBetween('2026-11-22T03:00:00Z', Date.parse('2026-11-22T03:00:09.900Z'))).toBe(9);
  });

  test('ago', () => {
    const now = Date.parse('2026-11-22T12:00:00Z');
    expect(['11:59:30', '11:55:00', '09:00:00'].map((t) => ago(`2026-11-22T${t}Z`, now, 'en'))).toEqual(['just now', '5 min ago', '3 h ago']);
    expect(ago('2026-11-20T12:00:00Z', now, 'en')).toBe('2 days ago');
    expect(ago('2026-11-20T12:00:00Z', now, 'ja')).toBe('2 日前');
    expect(ago('2026-11-22T12:00:05Z', now, 'ja')).toBe('たった今');
  });

  test('a clock that is a little off is left alone, one that is far off is not', () => {
    const at = Date.parse('2026-11-22T12:00:00Z');
    expect(skew('Sun, 22 Nov 2026 12:00:01 GMT', at, at + 100)).toBe(0);
    expect(skew('Sun, 22 Nov 2026 12:05:00 GMT', at, at)).toBe(300_500);
    expect(skew(null, at, at)).toBe(0);
    expect(skew('yesterday', at, at)).toBe(0);
  });
});

describe('addresses of the page', () => {
  test.each([
    ['/', { at: 'alerts' }],
    ['/alerts/al-01ab', { at: 'alerts', id: 'al-01ab' }],
    ['/setup', { at: 'setup' }],
    ['/people', { at: 'people' }],
    ['/plans', { at: 'plans' }],
    ['/twiml-bins', { at: 'bins' }],
    ['/twiml-bins/%E5%A4%9C%20a%2Fb', { at: 'bins', name: '夜 a/b' }],
    ['/twiml-bins/%', { at: 'bins' }],
    ['/people/sato', { at: 'alerts' }],
    ['/alerts/<script>', { at: 'alerts' }],
    ['/anything', { at: 'alerts' }],
  ] as const)('%s', (path, route) => {
    expect(parse(path)).toEqual(route);
    if (path === href(route)) expect(parse(href(route))).toEqual(route);
  });
});

describe('words', () => {
  test('each is there in both languages', () => {
    for (const table of [words, outcomes, severities]) {
      for (const [key, both] of Object.entries(table)) {
        expect(both.en && both.ja, key).toBeTruthy();
      }
    }
  });

  test('warnings are said in both languages', () => {
    const w: Warning = { code: 'person-unreachable', loud: false, about: 'sato', text: 'x' };
    expect(warningText(w, 'ja', nameOf)).toBe('佐藤さんを呼び出せません');
    expect(warningText({ ...w, code: 'new' as Warning['code'] }, 'ja', nameOf)).toBe('x');
  });

  test('lengths to choose from', () => {
    expect([30, 60, 240].map((n) => minutesText(n, 'en'))).toEqual(['30 min', '1 h', '4 h']);
    expect([30, 120].map((n) => minutesText(n, 'ja'))).toEqual(['30 分', '2 時間']);
  });

  test('repeats are counted', () => {
    expect([repeatText(1, 'en'), repeatText(3, 'en'), repeatText(3, 'ja')]).toEqual(['came again once', 'came again 3 times', '再通知 3 回']);
  });

  // They are spread into one table: the later would stand in the place of the earlier.
  test('no two pages have a word of the same name', () => {
    const read = (f: string) => [...readFileSync(new URL(f, import.meta.url), 'utf8').matchAll(/^  (\w+): \{ en: /gm)].map((m) => m[1]!);
    const all = ['./words.ts', './words.bins.ts', './words.duty.ts'].flatMap(read);
    expect(all.length).toBeGreaterThan(200);
    expect(all.filter((w, i) => all.indexOf(w) !== i)).toEqual([]);
  });

  test('plans are said as sentences', () => {
    expect(stepText({ call: ['sato'], ring: 20 }, 'en', nameOf)).toBe('ring 佐藤, 20 s, until one takes it');
    expect(stepText({ wait: 120 }, 'en', nameOf)).toBe('wait 2 min');
    expect(stepText({ call: ['sato', '@db'], order: 'in-turn', need: 'first', rounds: 2, ring: 20 }, 'en', nameOf)).toBe('ring 佐藤, @db, in turn, 20 s each, 2 rounds, until one takes it');
    expect(planText({ name: 'n', default: true, sources: [], steps: [{ call: ['sato'], order: 'together', need: 'everyone', rounds: -1, ring: 60 }] }, 'ja', nameOf)).toEqual(['佐藤さんを呼ぶ・1 回 1 分・何巡でも・全員が応答するまで']);
  });
});

describe('colours', () => {
  const css = readFileSync(new URL('../app.css', import.meta.url), 'utf8');
  const [light, dark, system] = [...css.matchAll(/color-scheme: (?:light|dark);([^}]*)/g)].map((m) => Object.fromEntries([...m[1]!.matchAll(/--([\w-]+): (#\w{6})/g)].map((v) => [v[1]!, v[2]!])));

  function luminance(hex: string): number {
    const [r, g, b] = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
  }
  const contrast = (a: string, b: string) => {
    const [x, y] = [luminance(a), luminance(b)].toSorted((m, n) => n - m);
    return (x! + 0.05) / (y! + 0.05);
  };

  test('dark is the same whether the system or the reader asks for it', () => expect(system).toEqual(dark));

  // WCAG 2.2, 1.4.3: 4.5:1 for text.
  test.each([['light', light!], ['dark', dark!]] as const)('text can be read in the %s', (_, c) => {
    for (const tone of ['calling', 'alarm', 'taken', 'well', 'rest']) {
      for (const ground of [`${tone}-ground`, 'paper', 'card']) {
        expect(contrast(c[tone]!, c[ground]!), `${tone} on ${ground}`).toBeGreaterThan(4.5);
      }
      expect(contrast(c.ink!, c[`${tone}-ground`]!), `ink on ${tone}`).toBeGreaterThan(7);
      expect(contrast(c.alarm!, c[`${tone}-ground`]!), `what is critical on ${tone}`).toBeGreaterThan(4.5);
      expect(contrast(c.soft!, c[`${tone}-ground`]!), `soft on ${tone}`).toBeGreaterThan(4.5);
    }
    for (const ground of ['paper', 'card']) {
      expect(contrast(c.ink!, c[ground]!)).toBeGreaterThan(7);
      expect(contrast(c.soft!, c[ground]!)).toBeGreaterThan(4.5);
      expect(contrast(c.focus!, c[ground]!)).toBeGreaterThan(3);
      expect(contrast(c['rest-edge']!, c[ground]!), 'the edge of what is typed into').toBeGreaterThan(3);
    }
    expect(contrast(c['press-ink']!, c.press!)).toBeGreaterThan(7);
  });
});
