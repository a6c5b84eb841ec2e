// Who is on duty, read again every few seconds while a page shows it: a browser that has vanished is known to the
// server after 15 s, and is to be gone from here within 20.
import { get, Refused } from './ask';
import { live } from './live.svelte';
import type { Duty, Presence } from './types';

const every = 3000;

class Roll {
  now = $state.raw<Duty | undefined>();
  /** The last look failed: what is shown may be old. */
  old = $state(false);

  private watchers = 0;

  /** Begins to look; the returned function ends it. */
  watch = (): (() => void) => {
    if (this.watchers++ === 0) {
      const look = () => document.visibilityState === 'visible' && void this.look();
      const timer = setInterval(look, every);
      document.addEventListener('visibilitychange', look);
      void this.look();
      this.stop = () => {
        clearInterval(timer);
        document.removeEventListener('visibilitychange', look);
      };
    }
    return () => {
      if (--this.watchers === 0) this.stop();
    };
  };

  at(address: string): Presence | undefined {
    return this.now?.present.find((p) => p.address === address);
  }

  private stop: () => void = () => {};

  private async look() {
    try {
      const now = await get<Duty>('/api/duty');
      const absent = (d: Duty | undefined) => d?.absent.map((a) => a.person).join();
      // What the head of the page warns of is to be as new as what stands below it.
      if (this.now && absent(now) !== absent(this.now)) live.lookNow();
      this.now = now;
      this.old = false;
    } catch (err) {
      if (!(err instanceof Refused)) throw err;
      this.old = true;
    }
  }
}

export const roll = new Roll();
