import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Live } from './live.svelte';
import { again, Reads, together } from './reads';

beforeEach(() => vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('reading', () => {
  test('a hundred who want the same are one request', async () => {
    const read = vi.fn(async () => true);
    const reads = new Reads(read);
    for (let i = 0; i < 100; i++) reads.want('list');
    await vi.advanceTimersByTimeAsync(together);
    expect(read).toHaveBeenCalledTimes(1);
  });

  test('what is wanted while it is read is read once more, and never beside itself', async () => {
    let under = 0;
    let most = 0;
    const read = vi.fn(async () => {
      most = Math.max(most, ++under);
      await new Promise((r) => setTimeout(r, 1000));
      under--;
      return true;
    });
    const reads = new Reads(read);
    reads.now('list');
    reads.now('list');
    reads.want('list');
    await vi.advanceTimersByTimeAsync(5000);
    expect([read.mock.calls.length, most]).toEqual([2, 1]);
  });

  test('what could not be read is tried again until it can', async () => {
    const answers = [false, false, true];
    const read = vi.fn(async () => answers.shift()!);
    new Reads(read).now('list');
    await vi.advanceTimersByTimeAsync(2 * again);
    expect(read).toHaveBeenCalledTimes(3);
    await vi.advanceTimersByTimeAsync(10 * again);
    expect(read).toHaveBeenCalledTimes(3);
  });

  test('nothing is read after the end', async () => {
    const read = vi.fn(async () => false);
    const reads = new Reads(read);
    reads.now('list');
    reads.want('setup');
    reads.stop();
    await vi.advanceTimersByTimeAsync(10 * again);
    expect(read).toHaveBeenCalledTimes(1);
  });
});

// A browser and a server of paper: what the page asks is answered from here, and streams say what the test says.
class Stream extends EventTarget {
  static readonly CLOSED = 2;
  static all: Stream[] = [];
  static get last() {
    return Stream.all.at(-1)!;
  }
  readyState = 1;
  onmessage: ((m: { data: string }) => void) | null = null;
  onerror: (() => void) | null = null;
  constructor(readonly url: string) {
    super();
    Stream.all.push(this);
  }
  close() {
    this.readyState = Stream.CLOSED;
  }
  says(event: string, data: unknown = {}) {
    this.dispatchEvent(new MessageEvent(event, { data: JSON.stringify(data) }));
  }
  tells(e: unknown) {
    this.onmessage?.({ data: JSON.stringify(e) });
  }
}

function night() {
  const page = Object.assign(new EventTarget(), { visibilityState: 'visible', documentElement: { lang: 'en' } });
  const world = new EventTarget();
  Stream.all = [];
  const alerts: { id: string; status: string }[] = [];
  const server = { alerts, away: false, asked: [] as string[], people: ['sato'] };
  vi.stubGlobal('document', page);
  vi.stubGlobal('EventSource', Stream);
  vi.stubGlobal('addEventListener', world.addEventListener.bind(world));
  vi.stubGlobal('removeEventListener', world.removeEventListener.bind(world));
  vi.stubGlobal('fetch', async (path: string) => {
    server.asked.push(path);
    if (server.away) throw new TypeError('Failed to fetch');
    const answers: Record<string, unknown> = {
      '/api/status': { warnings: [] }, '/api/setup': { people: server.people.map((id) => ({ id })), plans: [], groups: [] }, '/api/sources': [],
    };
    return Response.json(path.startsWith('/api/alerts') ? { alerts: [...server.alerts], more: false } : answers[path]);
  });
  const live = new Live();
  const stop = live.start();
  return {
    live, server, stop,
    after: (ms: number) => vi.advanceTimersByTimeAsync(ms),
    shows: (where: 'visible' | 'hidden') => {
      page.visibilityState = where;
      page.dispatchEvent(new Event('visibilitychange'));
    },
    ids: () => live.alerts.map((a) => a.id),
  };
}

const stored = (id: string) => ({ seq: 1, at: '2026-11-22T03:12:08Z', kind: 'alert.stored', alert: id });

describe('the night on a page', () => {
  test('an alert is shown a moment after it came', async () => {
    const n = night();
    Stream.last.says('hello', { version: '1' });
    await n.after(1000);
    n.server.alerts.push({ id: 'al-1', status: 'stored' });
    Stream.last.tells(stored('al-1'));
    await n.after(together);
    expect(n.ids()).toEqual(['al-1']);
    n.stop();
  });

  test('an alert whose reading failed is shown as soon as the server answers, though no event comes any more', async () => {
    const n = night();
    Stream.last.says('hello', { version: '1' });
    await n.after(1000);
    n.server.alerts.push({ id: 'al-1', status: 'stored' });
    n.server.away = true;
    Stream.last.tells(stored('al-1'));
    await n.after(together);
    expect([n.ids(), n.live.line]).toEqual([[], 'lost']);
    n.server.away = false;
    await n.after(again);
    expect([n.ids(), n.live.line]).toEqual([['al-1'], 'live']);
    n.stop();
  });

  test('it does not say that it is live while a part of what it shows is old', async () => {
    const n = night();
    await n.after(1000);
    n.server.away = true;
    await n.after(20_000);
    const heard = n.live.heard;
    Stream.last.says('beat');
    expect([n.live.line, n.live.heard]).toEqual(['lost', heard]);
    n.stop();
  });

  test('without any stream it is late, and not wrong', async () => {
    const n = night(); // a proxy that keeps the stream to itself: no hello ever comes
    await n.after(1000);
    n.server.alerts.push({ id: 'al-1', status: 'stored' });
    await n.after(15_000);
    expect(n.ids()).toEqual(['al-1']);
    n.stop();
  });

  test('a stream that says nothing is opened anew, one that beats is not', async () => {
    const n = night();
    Stream.last.says('hello', { version: '1' });
    for (let i = 0; i < 8; i++) {
      await n.after(15_000);
      Stream.last.says('beat');
    }
    expect(Stream.all.length).toBe(1);
    await n.after(42_000);
    expect([Stream.all.length, Stream.all[0]!.readyState]).toEqual([2, Stream.CLOSED]);
    n.stop();
  });

  test('a tab that nobody sees leaves its connection to others, and is up to date when it is seen again', async () => {
    const n = night();
    Stream.last.says('hello', { version: '1' });
    await n.after(1000);
    n.shows('hidden');
    await n.after(1000);
    n.shows('visible'); // between two tabs and back
    await n.after(10_000);
    expect([Stream.all.length, Stream.last.readyState]).toEqual([1, 1]);
    n.shows('hidden');
    await n.after(6000);
    expect(Stream.last.readyState).toBe(Stream.CLOSED);
    n.server.alerts.push({ id: 'al-1', status: 'stored' });
    await n.after(15_000);
    expect(n.ids()).toEqual(['al-1']); // the title counts
    n.shows('visible');
    expect(Stream.all.length).toBe(2);
    n.stop();
  });

  test('while the stream tells what happens, little is asked', async () => {
    const n = night();
    Stream.last.says('hello', { version: '1' });
    await n.after(1000);
    n.server.asked.length = 0;
    for (let i = 0; i < 4; i++) {
      await n.after(15_000);
      Stream.last.says('beat');
    }
    expect(n.server.asked.toSorted()).toEqual(['/api/alerts?limit=50', '/api/setup', '/api/sources', ...Array<string>(4).fill('/api/status')]);
    n.stop();
  });

  test('somebody who was added stands in the list of people within a minute', async () => {
    const n = night();
    Stream.last.says('hello', { version: '1' });
    await n.after(1000);
    const before = n.live.anew;
    const same = n.live.setup;
    const minute = async () => {
      for (let i = 0; i < 4; i++) {
        await n.after(15_000);
        Stream.last.says('beat');
      }
    };
    await minute();
    expect([n.live.anew, n.live.setup === same]).toEqual([before, true]);
    n.server.people.push('ito');
    await minute();
    expect([n.live.anew, n.live.setup?.people.length]).toEqual([before + 1, 2]);
    n.stop();
  });

  test('an alert beyond the first page is read again with it', async () => {
    const n = night();
    n.server.alerts.push(...Array.from({ length: 120 }, (_, i) => ({ id: `al-${i}`, status: 'stored' })));
    await n.after(15_000); // they are shown
    n.server.asked.length = 0;
    await n.after(15_000);
    expect(n.server.asked).toContain('/api/alerts?limit=120');
    n.stop();
  });
});
