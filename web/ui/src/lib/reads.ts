// What is to be read from the server, read for as long as it takes. Many who want the same thing in one moment are one
// request; who wants it while it is being read has it read once more, so that an answer never replaces a later one; and
// what could not be read is tried again until it can: an alert that came in the meantime is told of by no other event.

/** How long the first who wants something waits for the others. */
export const together = 120;
/** After what time something that failed is tried again. */
export const again = 3000;

export class Reads {
  private wanted = new Map<string, ReturnType<typeof setTimeout>>();
  private under = new Map<string, { more: boolean }>();

  /** read gives false for what has to be tried again. */
  constructor(private readonly read: (what: string) => Promise<boolean>) {}

  /** Reads it soon, together with whoever else wants it. */
  want(what: string, wait = together) {
    const now = this.under.get(what);
    if (now) now.more = true;
    else if (!this.wanted.has(what)) this.wanted.set(what, setTimeout(() => void this.run(what), wait));
  }

  /** Reads it at once, unless it is being read: then once more after that. */
  now(what: string) {
    clearTimeout(this.wanted.get(what));
    this.wanted.delete(what);
    if (this.under.has(what)) this.want(what);
    else void this.run(what);
  }

  /** Reads nothing any more that has not begun. */
  stop() {
    for (const timer of this.wanted.values()) clearTimeout(timer);
    this.wanted.clear();
    for (const one of this.under.values()) one.more = false;
    this.under = new Map();
  }

  private async run(what: string) {
    this.wanted.delete(what);
    const me = { more: false };
    this.under.set(what, me);
    let done = false;
    try {
      done = await this.read(what);
    } finally {
      if (this.under.get(what) === me) {
        this.under.delete(what);
        if (!done) this.want(what, again);
        else if (me.more) this.want(what);
      }
    }
  }
}
