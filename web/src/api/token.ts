import { type Access, issueToken } from "~/api/control";
import { ApiError } from "~/api/failure";

const EARLY_SECONDS = 30;

interface Held {
  readonly access: Promise<Access>;
  /** Milliseconds of the page's clock, which no change of the time of day moves. */
  until: number;
  /** As soon as it is there. */
  token?: string;
}

/** Nobody is signed in any more, so that there are no tokens to be had. */
export class SignedOut extends ApiError {}

/** Tokens for data planes: asked for when needed, kept in memory only, renewed before they end. */
const held = new Map<string, Held>();

export function accessTo(dataPlane: string): Promise<Access> {
  const known = held.get(dataPlane);
  if (known && known.until > performance.now()) return known.access;
  const access = issue(dataPlane);
  const made: Held = { access, until: Number.POSITIVE_INFINITY };
  held.set(dataPlane, made);
  access.then(
    ({ token, seconds }) => {
      made.token = token;
      made.until = performance.now() + 1000 * (seconds - EARLY_SECONDS);
    },
    () => {
      if (held.get(dataPlane) === made) held.delete(dataPlane);
    },
  );
  return access;
}

async function issue(dataPlane: string): Promise<Access> {
  try {
    return await issueToken(dataPlane);
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) throw new SignedOut(401, error.message);
    throw error;
  }
}

/** Forget a token that a data plane says does not count; one that has come since stays. */
export function forgetToken(dataPlane: string, token: string): void {
  if (held.get(dataPlane)?.token === token) held.delete(dataPlane);
}
