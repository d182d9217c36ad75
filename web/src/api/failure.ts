import { text } from "~/text/en";

/** An answer that is no success. `message` is the plane's own sentence: show it as it is. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    /** Seconds after which another try is welcome. */
    readonly retryAfter?: number,
  ) {
    super(message);
    this.name = "ApiError";
  }

  /** Whether the same question may be answered later. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** The error that an answer stands for. */
export function failure(response: Response, body: unknown): ApiError {
  const retryAfter = Number(response.headers.get("retry-after"));
  return new ApiError(
    response.status,
    messageOf(body) ?? text.failures.status(response.status),
    retryAfter > 0 ? retryAfter : undefined,
  );
}

/** The error of a request that got no answer at all. */
export function unreachable(plane: string): ApiError {
  return new ApiError(0, text.failures.noAnswer(plane));
}

function messageOf(body: unknown): string | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  if ("message" in body && typeof body.message === "string") return body.message;
  if ("error" in body) return messageOf(body.error);
  return undefined;
}

/** The body of an answer, or undefined where it is no JSON. */
export async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.clone().json();
  } catch {
    return undefined;
  }
}
