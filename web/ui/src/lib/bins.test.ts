import { describe, expect, test } from 'vitest';
import { changes, key, levels, offset, pieces, placed } from './bins';
import type { Problem } from './types';

const wrong = (line: number, column: number, level: Problem['level'] = 'error'): Problem => ({ line, column, level, text: 'x' });

describe('places in a text', () => {
  const text = '<Response>\n  <Say>電話 😀 {{From}}</Say>\n</Response>';

  test('are counted in characters, as the server counts them', () => {
    expect(text.slice(offset(text, 2, 3))).toMatch(/^<Say>/);
    expect(text.slice(offset(text, 2, 13))).toMatch(/^\{\{From/); // 😀 is one character, and two units of JavaScript
    expect(offset(text, 9, 1)).toBe(text.length);
    expect(text[offset(text, 1, 99)]).toBe('\n');
  });

  test('the word there is marked, and nothing is lost', () => {
    const cut = pieces(text, [wrong(2, 3), wrong(2, 13, 'warning'), wrong(2, 3, 'warning')]);
    expect(cut.filter((p) => p.level)).toEqual([{ text: '<Say', level: 'error' }, { text: '{{From}}', level: 'warning' }]);
    expect(cut.map((p) => p.text).join('')).toBe(text);
  });

  test('at the end of a line what stands before it is marked', () => {
    const cut = pieces('<Say>\n', [wrong(1, 6)]);
    expect(cut).toEqual([{ text: '<Say' }, { text: '>', level: 'error' }, { text: '\n' }]);
    for (const p of [wrong(1, 1), wrong(2, 1), wrong(7, 7)]) expect(pieces('', [p]).length).toBe(0);
  });

  test('the server reads a bin without the space around it', () => {
    expect(placed('\n\n  <a>\n<b>', [wrong(1, 2), wrong(2, 1)])).toMatchObject([{ line: 3, column: 4 }, { line: 4, column: 1 }]);
    expect(placed('<a>', [wrong(0, 0)])).toMatchObject([{ line: 1, column: 1 }]);
  });

  test('a line is as bad as the worst in it', () => {
    expect([...levels([wrong(2, 1, 'warning'), wrong(2, 5), wrong(3, 1, 'warning')])]).toEqual([[2, 'error'], [3, 'warning']]);
  });
});

describe('what changes', () => {
  const say = (from: string, to: string) => changes(from, to).map((c) => ({ same: ' ', gone: '-', added: '+' })[c.kind] + c.text).join('|');
  test.each([
    ['a\nb\nc', 'a\nb\nc', ' a| b| c'],
    ['a\nb\nc', 'a\nx\nc', ' a|-b|+x| c'],
    ['a\nb', 'b\na', '-a| b|+a'],
    ['', 'a', '-|+a'],
    ['a\nb\nb\nc', 'a\nb\nc', ' a| b|-b| c'],
  ])('%j to %j', (from, to, want) => {
    expect(say(from, to)).toBe(want);
    expect(changes(from, to).filter((c) => c.kind !== 'added').map((c) => c.text).join('\n')).toBe(from);
    expect(changes(from, to).filter((c) => c.kind !== 'gone').map((c) => c.text).join('\n')).toBe(to);
  });
});

test('a key is long, plain and another each time', () => {
  let n = 0;
  const counting = (b: Uint8Array) => b.map(() => (n += 7) % 256);
  expect(key(counting)).toMatch(/^[A-Za-z0-9]{24}$/);
  expect(key((b) => crypto.getRandomValues(b))).not.toBe(key((b) => crypto.getRandomValues(b)));
});
