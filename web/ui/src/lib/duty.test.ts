import { describe, expect, test } from 'vitest';
import { agent, count, longest, reason, since } from './duty';
import { Refused } from './ask';
import { NotCalled, trouble } from './trouble';
import type { Device } from './types';

test.each([
  ['Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36', 'Chrome 156 · Linux'],
  ['Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36 Edg/156.0.0.0', 'Edge 156 · Windows'],
  ['Mozilla/5.0 (Macintosh; Intel Mac OS X 14_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15', 'Safari 18 · macOS'],
  ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox 140 · Linux'],
  ['A Desk Phone/1.2.3', 'A Desk Phone/1.2.3'],
  ['x'.repeat(60), 'x'.repeat(39) + '…'],
  [undefined, ''],
])('%s', (text, want) => expect(agent(text)).toBe(want));

describe('presence', () => {
  const now = Date.parse('2026-11-25T03:00:00Z');
  const device = (kind: Device['kind'], at: string): Device => ({ kind, since: at });

  test('says since when', () => {
    expect(since('2026-11-25T01:40:00Z', now, 'en', 'UTC')).toBe('since 01:40');
    expect(since('2026-11-25T01:40:00Z', now, 'ja', 'UTC')).toBe('01:40 から');
    expect(since('2026-11-23T21:40:00Z', now, 'ja', 'UTC')).toBe('11月23日(月) 21:40 から');
  });

  test('counts tabs and phones, and takes the time of the first', () => {
    const two = [device('browser', '2026-11-25T02:00:00Z'), device('browser', '2026-11-25T01:00:00Z')];
    expect([count(two, 'en'), count(two, 'ja'), count(two.slice(1), 'en')]).toEqual(['2 tabs', 'タブ 2 つ', '']);
    expect(count([device('sip', ''), device('sip', '')], 'ja')).toBe('2 台');
    expect(longest(two)).toBe('2026-11-25T01:00:00Z');
  });

  test('a reason is said in both languages, or marked as English', () => {
    expect(reason({ address: 'client:sato', code: 'no-browser', text: '' }, 'ja')).toEqual({ text: 'ブラウザが待受していません', lang: 'ja' });
    expect(reason({ address: 'tel:+1', code: 'never', text: 'calls abroad are not allowed' }, 'ja')).toEqual({ text: 'calls abroad are not allowed', lang: 'en' });
  });
});

test('what became of a call is said by what the far end did', () => {
  const kind = (code: number, message = '') => trouble({ code, message }).kind;
  expect([kind(31486), kind(31603), kind(31404)]).toEqual(['busy', 'busy', 'notThere']);
  expect(kind(31480, 'TemporarilyUnavailable (31480): no answer')).toBe('noAnswer');
  expect(kind(31480, 'TemporarilyUnavailable (31480): not reachable')).toBe('notThere');
  expect(trouble(new NotCalled(new Refused(422, 'this is not called: emergency', '')))).toEqual({ kind: 'notAllowed', detail: 'this is not called: emergency' });
});
