// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { renderHook, waitFor } from "@testing-library/react";
import type { ReactNode } from "react";
import { expect, it, vi } from "vitest";
import type { Project } from "~/api/control";
import { placeAt } from "~/filters/completion";
import { useKnownFields } from "~/filters/known";
import { useChoices } from "~/filters/useChoices";
import { fields, values } from "~/lists/requests";

vi.mock("~/lists/requests", () => ({ fields: vi.fn(), values: vi.fn() }));

const PROJECT = { id: "p" } as Project;

function offered(typed: string) {
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const wrapper = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={queries}>{children}</QueryClientProvider>
  );
  const place = placeAt(typed, typed.length);
  return renderHook(
    () => useChoices(PROJECT, place, useKnownFields(PROJECT), { filters: [] }, true),
    { wrapper },
  ).result;
}

it("says why there are no values to choose from", async () => {
  vi.mocked(fields).mockResolvedValue([]);
  vi.mocked(values).mockRejectedValue(new Error("too many conditions"));
  const choices = offered("event_name = ");
  await waitFor(() => expect(choices.current.note).toContain("too many conditions"));
});

it("says why only the fields of every event are offered", async () => {
  vi.mocked(fields).mockRejectedValue(new Error("the index is away"));
  const choices = offered("");
  await waitFor(() => expect(choices.current.note).toContain("the index is away"));
  expect(choices.current.choices.length).toBeGreaterThan(5);
});

it("offers names of several words in quotation marks", async () => {
  vi.mocked(fields).mockResolvedValue([{ name: "metadata.first name", event_type: "tool" }]);
  const choices = offered("first");
  await waitFor(() => expect(choices.current.choices[0]?.written).toBe('"metadata.first name"'));
});
