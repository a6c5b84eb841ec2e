// What the bins' page works out by itself. Pure: no requests here.
import type { Problem } from './types';

export interface Piece {
  text: string;
  /** What is wrong there; undefined: nothing. */
  level?: 'error' | 'warning';
}

/**
 * Problems as they stand in the text that is being written. The server reads a bin without the space around it.
 * What is about no place is put at the beginning.
 */
export function placed(text: string, problems: Problem[]): Problem[] {
  const lead = /^\s*/.exec(text)![0];
  const lines = lead.split('\n');
  return problems.map((p) => ({
    ...p,
    line: Math.max(1, p.line) + lines.length - 1,
    column: p.line <= 1 ? Math.max(1, p.column) + [...lines.at(-1)!].length : p.column,
  }));
}

/** Where a line and a column, both counted from 1 in characters, stand in the text. Places outside are at its nearest end. */
export function offset(text: string, line: number, column: number): number {
  let at = 0;
  for (let n = 1; n < line; n++) {
    const next = text.indexOf('\n', at);
    if (next < 0) return text.length;
    at = next + 1;
  }
  let chars = 1;
  while (chars < column && at < text.length && text[at] !== '\n') {
    at += text.codePointAt(at)! > 0xffff ? 2 : 1;
    chars++;
  }
  return at;
}

/** The text cut where something is wrong. What is marked is the word at the place, or the character. */
export function pieces(text: string, problems: Problem[]): Piece[] {
  const marks = problems
    .map((p) => {
      const from = offset(text, p.line, p.column);
      const word = /^(<?[/!?]?[\w:.{}#-]+|.)/u.exec(text.slice(from))?.[0] ?? '';
      return { from, to: from + word.length, level: p.level === 'error' ? ('error' as const) : ('warning' as const) };
    })
    .toSorted((a, b) => a.from - b.from || (a.level === 'error' ? -1 : 1));
  const out: Piece[] = [];
  let at = 0;
  for (const m of marks) {
    if (m.from < at) continue; // one mark says it
    let { from, to } = m;
    if (to === from) {
      // At the end of a line there is nothing to mark: what stands before it is marked.
      if (from <= at) continue;
      from -= 1;
      if (text[from] === '\n' || from < at) continue;
    }
    if (from > at) out.push({ text: text.slice(at, from) });
    out.push({ text: text.slice(from, to), level: m.level });
    at = to;
  }
  if (at < text.length) out.push({ text: text.slice(at) });
  return out;
}

/** The worst that is wrong in each line, by its number. */
export function levels(problems: Problem[]): Map<number, 'error' | 'warning'> {
  const worst = new Map<number, 'error' | 'warning'>();
  for (const p of problems) {
    if (p.level === 'error' || !worst.has(p.line)) worst.set(p.line, p.level === 'error' ? 'error' : 'warning');
  }
  return worst;
}

export interface Change {
  kind: 'same' | 'gone' | 'added';
  text: string;
}

/** What changes from one text to another, by whole lines: the longest common sequence stays. */
export function changes(from: string, to: string): Change[] {
  const a = from.split('\n');
  const b = to.split('\n');
  // common[i][j] is how many lines a from i on and b from j on have in common.
  const common = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      common[i]![j] = a[i] === b[j] ? common[i + 1]![j + 1]! + 1 : Math.max(common[i + 1]![j]!, common[i]![j + 1]!);
    }
  }
  const out: Change[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      out.push({ kind: 'same', text: a[i]! });
      i++;
      j++;
    } else if (i < a.length && (j === b.length || common[i + 1]![j]! >= common[i]![j + 1]!)) {
      out.push({ kind: 'gone', text: a[i++]! });
    } else {
      out.push({ kind: 'added', text: b[j++]! });
    }
  }
  return out;
}

/** The end of an address that nobody can guess: 24 letters and digits, 143 bits. */
export function key(random: (n: Uint8Array) => Uint8Array): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
  let out = '';
  while (out.length < 24) {
    for (const n of random(new Uint8Array(32))) {
      if (n < 4 * letters.length && out.length < 24) out += letters[n % letters.length]; // none is likelier than another
    }
  }
  return out;
}

/** What a new bin says. */
export const blank = `<?xml version="1.0" encoding="UTF-8"?>
<Response>
  <Say></Say>
</Response>`;
