import { expect, it } from "vitest";
import { failure, unreachable } from "~/api/failure";

it("says the plane's own sentence, else what it answered", () => {
  const response = new Response(null, { status: 503, headers: { "retry-after": "2" } });
  expect(failure(response, { error: { message: "Busy" } })).toMatchObject({
    message: "Busy",
    retryAfter: 2,
  });
  expect(failure(response, undefined).message).toBe("The platform answered 503");
});

it("says what to do where a page may not know a new plane yet", () => {
  expect(unreachable("data plane").message).toContain("reload the page");
});
