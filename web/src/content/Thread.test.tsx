// @vitest-environment jsdom
import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, waitFor } from "@testing-library/react";
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import { ApiError } from "~/api/failure";
import { Thread } from "~/content/Thread";

const answers = vi.hoisted(() => ({ of: (_id: string): object => ({}) }));
vi.mock("~/content/query", () => ({
  eventQuery: (_project: object, eventId: string) => ({
    queryKey: [eventId],
    queryFn: async () => answers.of(eventId),
    retry: false,
  }),
}));

beforeAll(() => {
  const [addEventListener, removeEventListener] = [() => undefined, () => undefined];
  vi.stubGlobal("matchMedia", () => ({ matches: false, addEventListener, removeEventListener }));
});
afterEach(cleanup);

const events = ["1", "2"].map((eventId) => ({
  eventId,
  type: "model" as const,
  depth: 0,
  name: `call ${eventId}`,
}));

function shown() {
  return render(
    <QueryClientProvider client={new QueryClient()}>
      <MantineProvider>
        <Thread project={{ id: "p" } as never} events={events} onSelect={() => undefined} />
      </MantineProvider>
    </QueryClientProvider>,
  );
}

it("says which call could not be read, beside those that could", async () => {
  answers.of = (id) => {
    if (id === "1") throw new ApiError(500, "The index is broken");
    return { inputs: { chat_history: [{ role: "user", content: "hello" }] } };
  };
  const { container, getByRole } = shown();
  await waitFor(() => expect(container.textContent).toContain("hello"));
  expect(getByRole("alert").textContent).toContain("The index is broken");
  expect(container.textContent).toContain("call 1");
});

it("says that nothing was said where no call recorded messages", async () => {
  answers.of = () => ({ inputs: { texts: 3 } });
  const { container } = shown();
  await waitFor(() => expect(container.textContent).toContain("No call of a model recorded"));
});
