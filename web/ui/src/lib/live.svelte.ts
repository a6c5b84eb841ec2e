// The console's picture of the night: read once, then kept up to date by what the server tells.
//
// Events say that something changed and extend the timeline at once; the state of alerts is read again from
// the server, which alone decides it. Reading is joined: a hundred events in a moment are one request.
import { ask, get, Refused } from './ask';
import { inView, merged, names, withAlert, withEvent, withOlder, withPage } from './reduce';
import { worthSaying } from './sentences';
import { skew } from './time';
import type { Alert, Alerts, Detail, Event, Setup, Source, Status } from './types';

export type Line = 'connecting' | 'live' | 'lost';

const lookEvery = 15_000;
const firstPage = 50;

class Live {
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
  /** The newest event worth reading out. */
  said = $state.raw<Event | undefined>();
  /** This moment by the server's clock, in ms; moves each second. */
  now = $state(Date.now());
  nameOf = $derived(names(this.setup));
  /** The kill switch, while it holds. */
  hold = $derived(this.status?.hold && Date.parse(this.status.hold.until) > this.now ? this.status.hold : undefined);

  private chosen: string | undefined;
  private stream: EventSource | undefined;
  private ahead = 0;
  private pending: Record<string, ReturnType<typeof setTimeout> | undefined> = {};
  private version: string | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private reopen: ReturnType<typeof setTimeout> | undefined;

  /** Begins; the returned function ends it. */
  start(): () => void {
    const tick = setInterval(() => this.tick(), 1000);
    const look = setInterval(() => void this.look(), lookEvery);
    const wake = () => {
      if (document.visibilityState === 'visible') void this.look();
    };
    document.addEventListener('visibilitychange', wake);
    addEventListener('online', wake);
    this.open();
    void this.look();
    return () => {
      clearInterval(tick);
      clearInterval(look);
      clearTimeout(this.retry);
      clearTimeout(this.reopen);
      document.removeEventListener('visibilitychange', wake);
      removeEventListener('online', wake);
      this.stream?.close();
    };
  }

  /** Begins anew after signing in. */
  again() {
    this.signedOut = false;
    this.line = 'connecting';
    this.open();
    void this.look();
  }

  /** Shows one alert, or none. */
  choose(id: string | undefined) {
    if (id === this.chosen) return;
    this.chosen = id;
    this.detail = undefined;
    this.missing = false;
    if (id) void this.readDetail();
  }

  async older() {
    const last = this.alerts.at(-1);
    if (!last) return;
    await this.guard(async () => {
      const page = await get<Alerts>(`/api/alerts?limit=${firstPage}&before=${encodeURIComponent(last.id)}`);
      this.alerts = withOlder(this.alerts, page);
      this.more = page.more;
    });
  }

  /** Takes over what the server answered to a decision. */
  decided(d: Detail) {
    this.alerts = withAlert(this.alerts, d);
    if (d.id === this.chosen) this.detail = { ...d, events: merged(d.events, this.detail?.events ?? []) };
  }

  /** The alert that stands beside the list when none was chosen. */
  inView(): string | undefined {
    return inView(this.alerts, this.chosen)?.id;
  }

  async readSetup() {
    await this.guard(async () => {
      [this.setup, this.sources] = await Promise.all([get<Setup>('/api/setup'), get<Source[]>('/api/sources')]);
    });
  }

  private open() {
    clearTimeout(this.reopen);
    this.stream?.close();
    const s = new EventSource('/api/events');
    this.stream = s;
    // What happens between reading and listening would be missed the other way round.
    s.addEventListener('hello', (m) => {
      this.live();
      const v = (JSON.parse((m as MessageEvent<string>).data) as { version: string }).version;
      if (this.version !== undefined && v !== this.version) location.reload(); // another kaden, another console
      this.version = v;
      this.readAll();
    });
    s.addEventListener('reset', () => this.readAll());
    s.onmessage = (m: MessageEvent<string>) => {
      this.live();
      this.happened(JSON.parse(m.data) as Event);
    };
    s.onerror = () => {
      if (this.stream !== s) return;
      void this.look(); // finds out whether it is the session, the server or the network
      if (s.readyState === EventSource.CLOSED && !this.signedOut) this.reopen = setTimeout(() => this.open(), 3000);
    };
  }

  /** Looks at once: something was changed here that the status shows. */
  lookNow() {
    void this.look();
  }

  /** Reads all anew: what the server says is in another language now. */
  reread() {
    this.readAll();
    void this.look();
  }

  private happened(e: Event) {
    if (e.cause === 'halted') this.soon('status', () => this.look());
    if (e.alert) {
      this.soon('list', () => this.readList());
      if (e.alert === this.chosen) {
        if (this.detail) this.detail = { ...this.detail, events: withEvent(this.detail.events, e) };
        this.soon('detail', () => this.readDetail());
      }
    }
    if (worthSaying(e)) this.said = e;
  }

  /** Seconds are counted of what is known to go on: not when nothing has been heard. */
  private tick() {
    if (this.line !== 'lost') this.now = Date.now() + this.ahead;
  }

  /** Joins requests for the same thing: the first waits a moment for the others. */
  private soon(what: string, f: () => Promise<void>) {
    this.pending[what] ??= setTimeout(() => {
      this.pending[what] = undefined;
      void f();
    }, 120);
  }

  private readAll() {
    void this.readList();
    void this.readDetail();
    void this.readSetup();
  }

  private async readList() {
    await this.guard(async () => {
      const page = await get<Alerts>(`/api/alerts?limit=${firstPage}`);
      const next = withPage(this.alerts, page);
      this.alerts = next.alerts;
      this.more = next.more ?? this.more;
      this.loaded = true;
    });
  }

  private async readDetail() {
    const id = this.chosen;
    if (!id) return;
    await this.guard(async () => {
      try {
        const d = await get<Detail>(`/api/alerts/${encodeURIComponent(id)}`);
        if (id !== this.chosen) return;
        this.missing = false;
        this.detail = { ...d, events: merged(d.events, this.detail?.id === id ? this.detail.events : []) };
      } catch (err) {
        if (err instanceof Refused && err.status === 404 && id === this.chosen) this.missing = true;
        else throw err;
      }
    });
  }

  /** Asks how the server is. A stream can look open long after the network is gone, so this is what decides. */
  private async look() {
    if (this.signedOut) return;
    await this.guard(async () => {
      const asked = Date.now();
      const { value, date } = await ask<Status>('GET', '/api/status');
      this.status = value;
      this.ahead = skew(date, asked, Date.now());
      this.live();
      if (this.stream?.readyState === EventSource.CLOSED) this.open();
    });
  }

  private live() {
    this.heard = Date.now();
    this.line = 'live';
  }

  private async guard(f: () => Promise<void>) {
    try {
      await f();
    } catch (err) {
      if (!(err instanceof Refused)) throw err;
      if (err.status === 401) {
        this.signedOut = true;
        this.stream?.close();
      } else if (err.status === 0 || err.status >= 502) {
        this.line = 'lost';
        clearTimeout(this.retry);
        this.retry = setTimeout(() => void this.look(), 3000);
      }
    }
  }
}

export const live = new Live();
