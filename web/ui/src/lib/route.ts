// Addresses of the page itself. The server answers each of them with the page.

export type Route = { at: 'alerts'; id?: string } | { at: 'people' } | { at: 'plans' } | { at: 'phone' } | { at: 'bins'; name?: string } | { at: 'setup' };

// /bins/… is where calls ask for them.
const bins = '/twiml-bins';

export function parse(path: string): Route {
  if (path === '/setup' || path === '/people' || path === '/plans' || path === '/phone') return { at: path.slice(1) as 'setup' | 'people' | 'plans' | 'phone' };
  if (path === bins) return { at: 'bins' };
  if (path.startsWith(bins + '/')) {
    try {
      const name = decodeURIComponent(path.slice(bins.length + 1));
      return name ? { at: 'bins', name } : { at: 'bins' };
    } catch {
      return { at: 'bins' }; // half a percent sign
    }
  }
  const m = /^\/alerts\/([A-Za-z0-9_-]{1,64})$/.exec(path);
  return m?.[1] ? { at: 'alerts', id: m[1] } : { at: 'alerts' };
}

export function href(r: Route): string {
  if (r.at === 'bins') return r.name ? `${bins}/${encodeURIComponent(r.name)}` : bins;
  if (r.at !== 'alerts') return `/${r.at}`;
  return r.id ? `/alerts/${r.id}` : '/';
}
