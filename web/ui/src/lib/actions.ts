// What somebody can do about an alert, and what is known of the people in it. Pure: no requests here.
import type { Alert, Attempt, Detail, Event } from './types';

/** What can be decided; the names are those of the API, /api/alerts/{id}/… */
export type Action = 'acknowledge' | 'resolve' | 'release' | 'hand-over' | 'snooze' | 'summon' | 'stop';

/** Those that are asked about once more: they ring people, or leave an alert with nobody. */
export const asksAgain: ReadonlySet<Action> = new Set(['stop', 'resolve', 'release', 'summon']);

/**
 * What can be done now, the most wanted first. The first ones are big; the rest is for a second look.
 * An alert that nobody is called for has no actions: there is nothing to decide.
 */
export function actions(a: Detail): { first: Action[]; more: Action[] } {
  if (!a.callout || a.status === 'resolved' || a.status === 'ignored') return { first: [], more: [] };
  const active = a.plan?.active === true;
  if (a.stopped) return { first: ['resolve'], more: [] }; // ended for good: it can be taken no more
  if (a.status === 'acknowledged') {
    const more: Action[] = ['snooze', 'release'];
    if ((a.missing?.length ?? 0) > 0) more.push('summon');
    if (active) more.push('stop');
    return { first: ['resolve', 'hand-over'], more };
  }
  const more: Action[] = ['hand-over', 'summon'];
  if (active) more.push('stop');
  return { first: ['acknowledge', 'resolve'], more };
}

/** Who is in the conference: joined and not left, in the order in which they came. */
export function inConference(events: Event[]): string[] {
  const there = new Map<string, string>(); // by attempt: somebody may fall out and come back
  for (const e of events) {
    const key = e.attempt ?? e.person ?? '';
    if (e.kind === 'attempt.joined' && e.person) there.set(key, e.person);
    else if (/^attempt\.(left|lost|not-confirmed|canceled)$/.test(e.kind)) there.delete(key);
  }
  return [...new Set(there.values())];
}

/** Why somebody was called, where it was not to take the alert. */
export function purpose(a: Attempt): 'check' | 'hand-over' | 'inbound' | undefined {
  if (a.inbound) return 'inbound';
  return a.purpose || undefined;
}

const told = 2 * 60_000;

/**
 * Whether a touch of the page is a sign of life to be told: of the one who took the alert that is shown, in a page
 * that is in front, and not more often than every two minutes. A page by itself never gives one.
 */
export function isSign(a: Alert | undefined, me: string, visible: boolean, now: number, last: number): boolean {
  return visible && me !== '' && a?.status === 'acknowledged' && a.by === me && now - last >= told;
}
