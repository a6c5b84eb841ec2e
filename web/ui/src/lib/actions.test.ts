import { describe, expect, test } from 'vitest';
import { actions, inConference, isSign, purpose } from './actions';
import { after, answersWith, inLang, said } from './choose';
import type { Attempt, Detail, Event, Question } from './types';

const at = '2026-11-22T03:12:08Z';

function detail(more: Partial<Detail> = {}): Detail {
  return {
    id: 'al-1', source: 'json', key: 'k', title: 'disk', severity: 'critical', status: 'stored', repeats: 0, now: [], opened: at, updated: at,
    callout: 'co-1', attempts: [], events: [], plan: { id: 'co-1', name: 'default', status: 'running', active: true }, ...more,
  };
}

function event(kind: string, more: Partial<Event> = {}): Event {
  return { seq: 1, at, kind, ...more };
}

describe('what can be done about an alert', () => {
  const idle = { id: 'co-1', name: 'default', status: 'acknowledged' as const, active: false };
  test.each([
    ['somebody is being called', detail(), ['acknowledge', 'resolve'], ['hand-over', 'summon', 'stop']],
    ['nobody answered, and nobody is called any more', detail({ status: 'exhausted', plan: { ...idle, status: 'exhausted' } }), ['acknowledge', 'resolve'], ['hand-over', 'summon']],
    ['taken', detail({ status: 'acknowledged', plan: idle }), ['resolve', 'hand-over'], ['snooze', 'release']],
    ['taken, and others are still asked', detail({ status: 'acknowledged', missing: ['bob'] }), ['resolve', 'hand-over'], ['snooze', 'release', 'summon', 'stop']],
    ['stopped by hand', detail({ status: 'acknowledged', stopped: true, by: 'sato', plan: { ...idle, status: 'stopped' } }), ['resolve'], []],
    ['over', detail({ status: 'resolved' }), [], []],
    ['stored only', detail({ status: 'ignored', callout: undefined, plan: undefined }), [], []],
    ['without a call-out', detail({ callout: undefined, plan: undefined }), [], []],
  ] as const)('%s', (_, a, first, more) => expect(actions(a)).toEqual({ first, more }));
});

test('who is in the conference', () => {
  const joined = (seq: number, attempt: string, person: string) => event('attempt.joined', { seq, attempt, person });
  expect(inConference([])).toEqual([]);
  expect(inConference([joined(1, 'a', 'sato'), joined(2, 'b', 'bob')])).toEqual(['sato', 'bob']);
  expect(inConference([joined(1, 'a', 'sato'), event('attempt.left', { attempt: 'a', person: 'sato' }), joined(3, 'c', 'bob')])).toEqual(['bob']);
  expect(inConference([joined(1, 'a', 'sato'), event('attempt.left', { attempt: 'a' }), joined(3, 'd', 'sato')])).toEqual(['sato']);
  expect(inConference([joined(1, 'a', 'sato'), event('attempt.lost', { attempt: 'a', person: 'sato' })])).toEqual([]); // a restart has no leaving
});

test('why somebody was called, where it was not to take the alert', () => {
  const a = { id: '1', person: 'sato', address: 'sim:sato', status: 'answered', over: false } as Attempt;
  expect([purpose(a), purpose({ ...a, purpose: 'check' }), purpose({ ...a, inbound: true })]).toEqual([undefined, 'check', 'inbound']);
});

describe('a sign of life', () => {
  const mine = detail({ status: 'acknowledged', by: 'sato' });
  const minute = 60_000;
  test.each([
    ['the one who took it touches the page', mine, 'sato', true, 10 * minute, 0, true],
    ['soon after the last one', mine, 'sato', true, minute, 0, false],
    ['in a tab behind another', mine, 'sato', false, 10 * minute, 0, false],
    ['somebody else looks', mine, 'bob', true, 10 * minute, 0, false],
    ['nobody has said who they are', { ...mine, by: undefined }, '', true, 10 * minute, 0, false],
    ['not taken', { ...mine, status: 'stored' as const }, 'sato', true, 10 * minute, 0, false],
    ['no alert is shown', undefined, 'sato', true, 10 * minute, 0, false],
  ] as const)('%s', (_, a, me, visible, now, last, want) => expect(isSign(a, me, visible, now, last)).toBe(want));
});

describe('choosing a plan', () => {
  const ask = (id: string, at: number, more: Partial<Question> = {}): Question => ({ id, at, kind: 'option', ask: { en: `${id}?`, ja: `${id}か` }, ...more });
  const need = ask('need', 0, { options: [{ word: 'one', text: { en: 'one is enough', ja: '一人でよい' } }], usual: 'one' });

  test('answers are kept in order', () => {
    expect(answersWith([], 'one')).toEqual(['one']);
    const given = after([], need, 'one', { open: ask('order', 1) });
    expect(given).toEqual([{ question: need, answer: 'one' }]);
    expect(answersWith(given, 'together')).toEqual(['one', 'together']);
    expect(after(given, ask('name', 1), '', { plan: 'plan: night' })).toHaveLength(2);
  });

  test('an answer that does not fit is not kept', () => {
    expect(after([], need, 'perhaps', { open: { ...need, answer: 'perhaps' } })).toEqual([]);
  });

  test('an answer reads as the option it is; an empty one as the usual', () => {
    expect(said({ question: need, answer: 'one' }, 'ja')).toBe('一人でよい');
    expect(said({ question: need, answer: '' }, 'en')).toBe('one is enough');
    expect(said({ question: ask('people', 1), answer: 'sato bob' }, 'en')).toBe('sato bob');
    expect(inLang(undefined, 'en')).toBe('');
  });
});
