// A sign of life: whoever took an alert and works with the page is still on it, and need not be called about it.
import { isSign } from './actions';
import { post } from './ask';
import { live } from './live.svelte';
import { prefs } from './prefs.svelte';

const touches = ['pointerdown', 'keydown', 'wheel'] as const;

/** Begins to listen for the reader's hands; the returned function ends it. There is no timer here on purpose. */
export function listenForHands(): () => void {
  const last = new Map<string, number>();
  const touched = (e: globalThis.Event) => {
    const a = live.detail;
    if (!e.isTrusted || !a) return;
    const now = Date.now();
    if (!isSign(a, prefs.me, document.visibilityState === 'visible', now, last.get(a.id) ?? 0)) return;
    last.set(a.id, now);
    post(`/api/alerts/${a.id}/alive`, { by: prefs.me }).catch(() => last.delete(a.id)); // the next touch tries again
  };
  for (const t of touches) addEventListener(t, touched, { passive: true });
  return () => {
    for (const t of touches) removeEventListener(t, touched);
  };
}
