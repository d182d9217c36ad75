import { type Access, issueToken } from "~/api/control";
import { ApiError } from "~/api/failure";

/** Before its end a token is no longer used: a question may be on its way for a while. */
const EARLY_SECONDS = 30;
/** Before that, the next use of a token asks for another one, and does not wait for it. */
const AHEAD_SECONDS = 60;

interface Held {
  readonly access: Promise<Access>;
  /** Milliseconds of the page's clock, which no change of the time of day moves. */
  until: number;
  /** From when on another one is fetched. */
  renewed: number;
  /** As soon as it is there. */
  token?: string;
}

/** Nobody is signed in any more, so that there are no tokens to be had. */
export class SignedOut extends ApiError {}

/**
 * Tokens for data planes: asked for when needed, kept in memory only, renewed before they end, so
 * that nobody who works waits for one.
 */
const held = new Map<string, Held>();

export function accessTo(dataPlane: string): Promise<Access> {
  const known = held.get(dataPlane);
  if (!known || known.until <= performance.now()) return hold(dataPlane).access;
  if (known.renewed <= performance.now()) renew(dataPlane, known);
  return known.access;
}

function hold(dataPlane: string): Held {
  const access = issue(dataPlane);
  const never = Number.POSITIVE_INFINITY;
  const made: Held = { access, until: never, renewed: never };
  held.set(dataPlane, made);
  access.then(
    ({ token, seconds }) => {
      made.token = token;
      made.until = performance.now() + 1000 * (seconds - EARLY_SECONDS);
      made.renewed = made.until - 1000 * AHEAD_SECONDS;
    },
    () => {
      if (held.get(dataPlane) === made) held.delete(dataPlane);
    },
  );
  return made;
}

/** The one that is held counts until the other is there; where none comes, until its own end. */
function renew(dataPlane: string, known: Held): void {
  known.renewed = Number.POSITIVE_INFINITY;
  const next = hold(dataPlane);
  held.set(dataPlane, known);
  next.access.then(
    () => {
      if (held.get(dataPlane) === known) held.set(dataPlane, next);
    },
    () => {},
  );
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
