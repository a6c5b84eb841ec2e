// What arriving facts do to what is shown. Pure: old in, new out.
import type { Alert, Alerts, Event, Setup, Warning } from './types';

/** Adds an event to a timeline in order of seq; the same one twice changes nothing. */
export function withEvent(timeline: Event[], e: Event): Event[] {
  const last = timeline.at(-1);
  if (!last || last.seq < e.seq) return [...timeline, e];
  if (timeline.some((t) => t.seq === e.seq)) return timeline;
  const at = timeline.findIndex((t) => t.seq > e.seq);
  return [...timeline.slice(0, at), e, ...timeline.slice(at)];
}

/** All events of both timelines, once, in order: what was read and what came live while it was read. */
export function merged(a: Event[], b: Event[]): Event[] {
  return b.reduce(withEvent, a);
}

/** A newly read first page laid over what is shown: older alerts that were loaded stay. */
export function withPage(shown: Alert[], page: Alerts): { alerts: Alert[]; more: boolean | undefined } {
  const oldest = page.alerts.at(-1);
  if (!oldest || !page.more) return { alerts: page.alerts, more: page.more };
  const at = shown.findIndex((a) => a.id === oldest.id);
  const rest = at < 0 ? [] : shown.slice(at + 1);
  const have = new Set(page.alerts.map((a) => a.id));
  // With older ones loaded, whether there are more still is known from the last page of those.
  return { alerts: [...page.alerts, ...rest.filter((a) => !have.has(a.id))], more: rest.length > 0 ? undefined : page.more };
}

/** Older alerts put after those that are shown. */
export function withOlder(shown: Alert[], page: Alerts): Alert[] {
  const have = new Set(shown.map((a) => a.id));
  return [...shown, ...page.alerts.filter((a) => !have.has(a.id))];
}

/** One alert as it was just read, in its place. */
export function withAlert(shown: Alert[], a: Alert): Alert[] {
  return shown.map((s) => (s.id === a.id ? { ...s, ...pick(a) } : s));
}

/** The fields of the list alone: a detail has more. */
function pick(a: Alert): Alert {
  const { id, source, key, title, subject, severity, status, stopped, test, drill, by, repeats, opened, updated, resolved, callout, now } = a;
  return { id, source, key, title, subject, severity, status, stopped, test, drill, by, repeats, opened, updated, resolved, callout, now };
}

const open = (a: Alert) => (a.status === 'stored' || a.status === 'exhausted') && !a.stopped;

const gravest: Alert['severity'][] = ['critical', 'error', 'unknown', 'warning', 'info'];

/** The alert to show when none was chosen: of those that nobody has taken the gravest, and of these the newest; else the newest. */
export function foremost(alerts: Alert[]): Alert | undefined {
  const waiting = alerts.filter(open);
  return gravest.map((s) => waiting.find((a) => a.severity === s)).find((a) => a) ?? waiting[0] ?? alerts[0];
}

/**
 * The alert to show when none was chosen and one is shown already. It stays in view after it is settled, so that
 * whoever took it sees that; only one that came later takes its place.
 */
export function inView(alerts: Alert[], shown: string | undefined): Alert | undefined {
  const current = alerts.find((a) => a.id === shown);
  if (!current) return foremost(alerts);
  const next = foremost(alerts.filter((a) => open(a) && Date.parse(a.opened) > Date.parse(current.updated)));
  return !open(current) && next ? next : current;
}

/** How many alerts nobody has taken; '' if there is none, 50+ if older ones are not known. */
export function untaken(alerts: Alert[], more: boolean): string {
  const n = alerts.filter(open).length;
  return n === 0 ? '' : `${n}${more && n === alerts.length ? '+' : ''}`;
}

/** Warnings under which an alert would not be heard by anybody; the kill switch has a banner of its own. */
export function loud(warnings: Warning[]): Warning[] {
  return warnings.filter((w) => w.loud && w.code !== 'held');
}

export function names(setup: Setup | undefined): (id: string) => string {
  const byId = new Map(setup?.people.map((p) => [p.id, p.name || p.id]));
  return (id) => byId.get(id) ?? id;
}
