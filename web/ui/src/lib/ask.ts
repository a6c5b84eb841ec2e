// Requests to kaden's own API.
import type { Refusal } from './types';

/** A refusal of the server, or no answer at all (status 0). */
export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly hint = '',
  ) {
    super(message);
  }
}

const patience = 10_000;

/** What the server says to people is in the page's language. */
const language = () => ({ 'Accept-Language': document.documentElement.lang });

export async function ask<T>(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<{ value: T; date: string | null }> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      credentials: 'same-origin',
      headers: { ...language(), ...(body !== undefined && { 'Content-Type': 'application/json' }) },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(method === 'GET' ? patience : 2 * patience),
    });
  } catch {
    throw new Refused(0, '');
  }
  if (!response.ok) throw await refusal(response);
  const value = response.status === 204 ? undefined : await response.json().catch(() => { throw new Refused(0, ''); });
  return { value: value as T, date: response.headers.get('Date') };
}

export async function refusal(response: Response): Promise<Refused> {
  const p = (await response.json().catch(() => ({}))) as Partial<Refusal>;
  return new Refused(response.status, p.detail ?? response.statusText, p.hint ?? '');
}

export const get = async <T>(path: string): Promise<T> => (await ask<T>('GET', path)).value;
export const post = async <T>(path: string, body: unknown): Promise<T> => (await ask<T>('POST', path, body)).value;
export const put = async <T>(path: string, body: unknown): Promise<T> => (await ask<T>('PUT', path, body)).value;

export const remove = async (path: string): Promise<void> => void (await ask<undefined>('DELETE', path));

export async function signIn(token: string): Promise<void> {
  let response: Response;
  try {
    response = await fetch('/login', { method: 'POST', credentials: 'same-origin', headers: language(), body: new URLSearchParams({ token }) });
  } catch {
    throw new Refused(0, '');
  }
  if (!response.ok) throw await refusal(response);
}
