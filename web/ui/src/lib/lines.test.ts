import { expect, test } from 'vitest';
import { lineOf, smscOf } from './lines';
import type { SMSC, Trunk } from './types';

const since = '2026-11-22T03:00:00Z';
const trunk = (state: Trunk['state'], standing?: NonNullable<Trunk['standing']>['state'], why?: string): Trunk => ({
  name: 'ntt', calls: 0, waiting: 0, score: 100, rules: [], state, why, ...(standing && { standing: { state: standing, since, why: standing === 'silent' ? 'no answer from the carrier' : undefined } }),
});

test.each([
  ['its carrier has it registered, and calls go', trunk('well', 'registered'), 'well', 'registered', undefined],
  ['registered, and nobody has called yet', trunk('unknown', 'registered'), 'well', 'registered', undefined],
  ['registered, and calls fail all the same', trunk('resting', 'registered', 'the last 3 calls failed'), 'alarm', 'resting', 'the last 3 calls failed'],
  ['its carrier does not answer: that is why calls fail', trunk('due', 'silent', 'the last 3 calls failed'), 'alarm', 'does not answer', 'no answer from the carrier'],
  ['nothing asks it, and calls go', trunk('well'), 'well', 'in order', undefined],
  ['nothing asks it, and nobody has called yet', trunk('unknown'), 'rest', 'not tried yet', undefined],
] as const)('%s', (_, k, tone, word, why) => {
  const at = lineOf(k);
  expect([at.tone, at.word.en, at.why]).toEqual([tone, word, why]);
});

test('an SMSC is connected, and not registered', () => {
  const smsc = (state?: NonNullable<SMSC['standing']>['state']): SMSC => ({ name: 'c', ...(state && { standing: { state, since, why: state === 'refused' ? 'wrong password' : undefined } }) });
  expect([smscOf(smsc('registered')).word.ja, smscOf(smsc()).word.en, smscOf(smsc('refused'))]).toEqual(['接続済み', 'being asked', { tone: 'alarm', word: expect.anything(), why: 'wrong password' }]);
});
