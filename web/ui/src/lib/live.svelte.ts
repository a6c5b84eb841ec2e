// The console's picture of the night: read once, then kept up to date by what the server tells.
//
// Events say that something changed and extend the timeline at once; the state of alerts is read again from
// the server, which alone decides it. Nothing rests on an event alone: everything is read again every minute, and every
// quarter of one while no stream is heard, so that one that is cut, held up by a proxy, or misses something makes the page
// late, not wrong.
import { untrack } from 'svelte';
import { ask, get, Refused } from './ask';
import { inView, merged, names, withAlert, withEvent, withOlder, withPage } from './reduce';
import { Reads } from './reads';
import { worthSaying } from './sentences';
import { skew } from './time';
import type { Alert, Alerts, Detail, Event, Setup, Source, Status } from './types';

export type Line = 'connecting' | 'live' | 'lost';

const lookEvery = 15_000;
/** Of so many looks one reads everything, while a stream tells what happens. */
const fullLook = 4;
/** The server breaks the silence of a stream every 15 s; one that has been silent for this long is dead. */
const silence = 40_000;
/** A tab that nobody sees leaves its connection to the others: browsers have six for a server. */
const unseen = 5000;
/** Without a stream it is opened again after this. */
const reopenAfter = 3000;
const firstPage = 50;
/** What the server gives in one answer. */
const mostAlerts = 200;

export class Live {
  line = $state<Line>('connecting');
  /** When the server was last heard, by this machine's clock. */
  heard = $state(0);
  signedOut = $state(false);
  alerts = $state.raw<Alert[]>([]);
  more = $state(false);
  loaded = $state(false);
  detail = $state.raw<Detail | undefined>();
  missing = $state(false);
  status = $state.raw<Status | undefined>();
  setup = $state.raw<Setup | undefined>();
  sources = $state.raw<Source[] | undefined>();
  /** Something is being decided about the alert in view: it stays, whatever comes. */
  keep = $state(false);
  /** Grows when pages should read again what they show: the server is back, or its documents are others. */
  anew = $state(0);
  /** The newest event worth reading out. */
  said = $state.raw<Event | undefined>();
  /** This moment by the server's clock, in ms; moves each second. */
  now = $state(Date.now());
  nameOf = $derived(names(this.setup));
  /** The kill switch, while it holds. */
  hold = $derived(this.status?.hold && Date.parse(this.status.hold.until) > this.now ? this.status.hold : undefined);

  private chosen: string | undefined;
  private stream: EventSource | undefined;
  /** When the stream last said anything, or was opened. */
  private spoke = 0;
  /** It has said hello: what happens is told. */
  private telling = false;
  private looks = 0;
  private ahead = 0;
  private version: string | undefined;
  private reopen: ReturnType<typeof setTimeout> | undefined;
  private leave: ReturnType<typeof setTimeout> | undefined;
  /** What could not be read, for no answer came; what is shown of it is old. */
  private away = new Set<string>();
  private reads = new Reads((what) => this.read(what));

  /** Begins; the returned function ends it. Whoever calls it in an effect does not depend on what it reads. */
  start(): () => void {
    return untrack(() => this.begin());
  }

  private begin(): () => void {
    const tick = setInterval(() => this.tick(), 1000);
    const look = setInterval(() => (this.telling && ++this.looks % fullLook > 0 ? this.lookNow() : this.look()), lookEvery);
    const seen = () => this.seen();
    const online = () => this.open();
    document.addEventListener('visibilitychange', seen);
    addEventListener('online', online);
    this.open();
    this.look();
    return () => {
      clearInterval(tick);
      clearInterval(look);
      document.removeEventListener('visibilitychange', seen);
      removeEventListener('online', online);
      this.close();
      this.reads.stop();
    };
  }

  /** Begins anew after signing in. */
  again() {
    this.signedOut = false;
    this.line = 'connecting';
    this.away.clear();
    this.open();
    this.look();
  }

  /** Shows one alert, or none. */
  choose(id: string | undefined) {
    if (id === this.chosen) return;
    this.chosen = id;
    this.detail = undefined;
    this.missing = false;
    if (id) untrack(() => this.reads.now(detailOf(id)));
  }

  async older() {
    const last = this.alerts.at(-1);
    if (!last) return;
    try {
      const page = await get<Alerts>(`/api/alerts?limit=${firstPage}&before=${encodeURIComponent(last.id)}`);
      this.alerts = withOlder(this.alerts, page);
      this.more = page.more;
    } catch (err) {
      if (!(err instanceof Refused)) throw err;
      this.lookNow(); // finds out what is the matter; the button is still there
    }
  }

  /** Takes over what the server answered to a decision. */
  decided(d: Detail) {
    this.alerts = withAlert(this.alerts, d);
    if (d.id === this.chosen) this.detail = { ...d, events: merged(d.events, this.detail?.events ?? []) };
  }

  /** The alert that stands beside the list when none was chosen. */
  inView(): string | undefined {
    if (this.keep && this.chosen && this.alerts.some((a) => a.id === this.chosen)) return this.chosen;
    return inView(this.alerts, this.chosen)?.id;
  }

  /** Looks at once: something was changed here that the status shows. */
  lookNow() {
    this.reads.now('status');
  }

  /** Reads all anew: what the server says is in another language now. */
  reread() {
    this.look();
  }

  private open() {
    this.close();
    if (document.visibilityState === 'hidden') return;
    const s = new EventSource('/api/events');
    this.stream = s;
    this.spoke = Date.now();
    // What happens between reading and listening would be missed the other way round.
    s.addEventListener('hello', (m) => {
      this.spoken();
      const v = (JSON.parse((m as MessageEvent<string>).data) as { version: string }).version;
      if (this.version !== undefined && v !== this.version) location.reload(); // another kaden, another console
      if (this.version !== undefined) this.anew++;
      this.telling = true;
      this.version = v;
      this.look();
    });
    s.addEventListener('beat', () => this.spoken());
    s.addEventListener('reset', () => this.look());
    s.onmessage = (m: MessageEvent<string>) => {
      this.spoken();
      this.happened(JSON.parse(m.data) as Event);
    };
    s.onerror = () => {
      if (this.stream !== s) return;
      this.telling = false;
      this.lookNow(); // finds out whether it is the session, the server or the network
      if (s.readyState === EventSource.CLOSED && !this.signedOut) this.reopen = setTimeout(() => this.open(), reopenAfter);
    };
  }

  private close() {
    clearTimeout(this.reopen);
    clearTimeout(this.leave);
    this.stream?.close();
    this.stream = undefined;
    this.telling = false;
  }

  /** The tab has come to the front, or gone behind others. */
  private seen() {
    clearTimeout(this.leave);
    if (document.visibilityState === 'hidden') this.leave = setTimeout(() => this.close(), unseen);
    else if (this.signedOut) return;
    else if (this.stream) this.look();
    else this.open(); // and hello has everything read
  }

  private spoken() {
    this.spoke = Date.now();
    if (this.away.size === 0) this.live();
  }

  private happened(e: Event) {
    if (e.cause === 'halted') this.reads.want('status');
    if (e.alert) {
      this.reads.want('list');
      if (e.alert === this.chosen) {
        if (this.detail) this.detail = { ...this.detail, events: withEvent(this.detail.events, e) };
        this.reads.want(detailOf(e.alert));
      }
    }
    if (worthSaying(e)) this.said = e;
  }

  /** Seconds are counted of what is known to go on: not when nothing has been heard. */
  private tick() {
    if (this.line !== 'lost') this.now = Date.now() + this.ahead;
    // A stream can look open long after the network is gone, and after a night's sleep of the machine.
    if (this.stream && !this.signedOut && Date.now() - this.spoke > silence) this.open();
  }

  /** Reads all there is to be shown. */
  private look() {
    if (this.signedOut) return;
    for (const what of ['status', 'list', 'setup']) this.reads.now(what);
    if (this.chosen) this.reads.now(detailOf(this.chosen));
  }

  /** Reads one thing; false if it has to be tried again. */
  private async read(what: string): Promise<boolean> {
    if (this.signedOut) return true;
    try {
      await this.fetch(what);
    } catch (err) {
      if (!(err instanceof Refused)) throw err;
      if (err.status === 401) {
        this.signedOut = true;
        this.close();
        this.reads.stop();
        return true;
      }
      if (err.status === 0 || err.status >= 502) {
        this.away.add(what);
        this.line = 'lost';
      }
      return false;
    }
    this.away.delete(what);
    if (this.away.size === 0) this.live();
    return true;
  }

  private async fetch(what: string) {
    switch (what) {
      case 'status':
        return this.readStatus();
      case 'list':
        return this.readList();
      case 'setup':
        return this.readSetup();
      default:
        return this.readDetail(what);
    }
  }

  private async readList() {
    // All that is shown, as far as one answer goes: an older alert changes as well.
    const limit = Math.min(mostAlerts, Math.max(firstPage, this.alerts.length));
    const page = await get<Alerts>(`/api/alerts?limit=${limit}`);
    const next = withPage(this.alerts, page);
    this.alerts = next.alerts;
    this.more = next.more ?? this.more;
    this.loaded = true;
  }

  private async readDetail(what: string) {
    const id = this.chosen;
    if (!id || what !== detailOf(id)) return; // another one is looked at by now
    try {
      const d = await get<Detail>(`/api/alerts/${encodeURIComponent(id)}`);
      if (id !== this.chosen) return;
      this.missing = false;
      this.detail = { ...d, events: merged(d.events, this.detail?.id === id ? this.detail.events : []) };
    } catch (err) {
      if (!(err instanceof Refused) || err.status !== 404) throw err;
      if (id === this.chosen) this.missing = true;
    }
  }

  /** What is the same stays the same object. */
  private async readSetup() {
    const [setup, sources] = await Promise.all([get<Setup>('/api/setup'), get<Source[]>('/api/sources')]);
    this.sources = sources;
    if (JSON.stringify(setup) === JSON.stringify(this.setup)) return;
    if (this.setup) this.anew++;
    this.setup = setup;
  }

  private async readStatus() {
    const asked = Date.now();
    const { value, date } = await ask<Status>('GET', '/api/status');
    this.status = value;
    this.ahead = skew(date, asked, Date.now());
  }

  private live() {
    if (this.line === 'lost') this.anew++;
    this.heard = Date.now();
    this.line = 'live';
  }
}

/** What a reading of one alert is called. */
const detailOf = (id: string) => `alert ${id}`;

export const live = new Live();
