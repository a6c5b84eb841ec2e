// What can go wrong with a phone in a browser, by what a person can do about it.
import { Refused } from './ask';

export type Kind = 'microphone' | 'noMicrophone' | 'insecure' | 'sound' | 'lost' | 'session' | 'notAllowed' | 'busy' | 'noAnswer' | 'notThere' | 'other';
export type Trouble = { kind: Kind; detail: string };

/** kaden calls nobody at this address, and says why. */
export class NotCalled extends Error {
  constructor(readonly why: Refused) {
    super(why.message);
  }
}

// Numbers of Twilio's SDK.
const kinds: Record<number, Kind> = {
  31401: 'microphone', // permission denied
  31402: 'noMicrophone', // acquisition failed
  53405: 'sound', // no connection for the media
  31005: 'lost',
  31000: 'lost',
  31009: 'lost',
  53000: 'lost',
  53001: 'lost',
  20101: 'session',
  20104: 'session',
  31404: 'notThere',
  31480: 'noAnswer',
  31486: 'busy',
  31603: 'busy', // declined
};

const names: Record<string, Kind> = {
  NotAllowedError: 'microphone',
  NotFoundError: 'noMicrophone',
  NotReadableError: 'noMicrophone',
  OverconstrainedError: 'noMicrophone',
  SecurityError: 'insecure',
};

export function trouble(err: unknown): Trouble {
  if (err instanceof NotCalled) return { kind: 'notAllowed', detail: [err.why.message, err.why.hint].filter(Boolean).join(' ') };
  if (err instanceof Refused) return { kind: err.status === 0 ? 'lost' : err.status === 401 ? 'session' : 'other', detail: [err.message, err.hint].filter(Boolean).join(' ') };
  const e = (err ?? {}) as { code?: unknown; name?: unknown; message?: unknown };
  const kind = (typeof e.code === 'number' && kinds[e.code]) || (typeof e.name === 'string' && names[e.name]) || 'other';
  const detail = typeof e.message === 'string' ? e.message : '';
  // One number stands for both; the words are kaden's own.
  return { kind: kind === 'noAnswer' && detail.includes('not reachable') ? 'notThere' : kind, detail };
}
