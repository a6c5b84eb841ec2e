// What can go wrong with a phone in a browser, by what a person can do about it.
import { Refused } from './ask';

export type Kind = 'microphone' | 'noMicrophone' | 'insecure' | 'sound' | 'lost' | 'session' | 'other';
export type Trouble = { kind: Kind; detail: string };

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
};

const names: Record<string, Kind> = {
  NotAllowedError: 'microphone',
  NotFoundError: 'noMicrophone',
  NotReadableError: 'noMicrophone',
  OverconstrainedError: 'noMicrophone',
  SecurityError: 'insecure',
};

export function trouble(err: unknown): Trouble {
  if (err instanceof Refused) return { kind: err.status === 0 ? 'lost' : err.status === 401 ? 'session' : 'other', detail: [err.message, err.hint].filter(Boolean).join(' ') };
  const e = (err ?? {}) as { code?: unknown; name?: unknown; message?: unknown };
  const kind = (typeof e.code === 'number' && kinds[e.code]) || (typeof e.name === 'string' && names[e.name]) || 'other';
  return { kind, detail: typeof e.message === 'string' ? e.message : '' };
}
