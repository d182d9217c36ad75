import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Project } from "~/api/control";
import { columnOf } from "~/lists/columns";
import { exported } from "~/lists/export";
import { NEWEST_FIRST, type Question } from "~/lists/question";
import { type Search, searchText } from "~/lists/requests";
import { type Row, rowKey } from "~/lists/rows";

vi.mock("~/lists/requests", () => ({ searchText: vi.fn() }));

const PROJECT = { id: "p" } as Project;
const QUESTION: Question = { filters: [], sort: NEWEST_FIRST, projections: ["event_id"] };
const PAGES: Record<string, string> = {
  "": '{"events":[{"event_id":"a","event_type":"tool","n":1.0,"start_time":3}],"next_cursor":"2"}',
  "2": '{"events":[{"event_id":"b","event_type":"tool","n":"=1","start_time":2.5}],"next_cursor":"3"}',
  "3": '{"events":[{"event_id":"c","event_type":"tool","start_time":0}],"next_cursor":null}',
};

async function written(format: "csv" | "jsonl", only?: ReadonlyMap<string, Row>) {
  const columns = ["event_id", "n", "start_time"].map(columnOf);
  const order = { project: PROJECT, question: QUESTION, columns, format, only };
  let text = "";
  for await (const chunk of exported(order, new AbortController().signal)) text += chunk.text;
  return text;
}

describe("an export", () => {
  beforeEach(() => {
    vi.mocked(searchText)
      .mockReset()
      .mockImplementation(async (_project, search) => PAGES[search.cursor ?? ""] ?? "");
  });

  it("holds every page, each event as it was sent", async () => {
    expect((await written("jsonl")).split("\n").map((line) => line.slice(0, 44))).toEqual([
      '{"event_id":"a","event_type":"tool","n":1.0,',
      '{"event_id":"b","event_type":"tool","n":"=1"',
      '{"event_id":"c","event_type":"tool","start_t',
      "",
    ]);
  });

  it("is a table of the columns, with times that everybody reads", async () => {
    expect(await written("csv")).toBe(
      [
        "event_id,n,start_time",
        "a,1,1970-01-01T00:00:00.003Z",
        "b,'=1,1970-01-01T00:00:00.002Z",
        "c,,1970-01-01T00:00:00.000Z",
        "",
      ].join("\r\n"),
    );
  });

  it("ends with why it is not whole, but not while it goes on", async () => {
    const told = '"incomplete":true,"message":"stopped at the limit time"';
    vi.mocked(searchText)
      .mockResolvedValueOnce(`{"events":[],"next_cursor":"2",${told}}`)
      .mockResolvedValueOnce(`{"events":[],"next_cursor":null,${told}}`);
    const order = { project: PROJECT, question: QUESTION, columns: [], format: "jsonl" } as const;
    const messages: (string | undefined)[] = [];
    for await (const { message } of exported(order, new AbortController().signal))
      messages.push(message);
    expect(messages).toEqual([undefined, "stopped at the limit time"]);
  });

  it("of all that match ends at its bound, and says so", async () => {
    const order = { project: PROJECT, question: QUESTION, columns: [], most: 2 } as const;
    const chunks = [];
    for await (const chunk of exported({ ...order, format: "jsonl" }, new AbortController().signal))
      chunks.push(chunk);
    expect(chunks.map(({ count }) => count)).toEqual([1, 1]);
    expect(chunks.map(({ message }) => message)).toEqual([
      undefined,
      "It ends after 2: narrow the filter for the rest.",
    ]);
    expect(vi.mocked(searchText).mock.calls.map(([, { limit }]) => limit)).toEqual([2, 1]);
  });

  it("of a selection ends with its last row, and asks for no more time than it takes", async () => {
    const rows: Row[] = [
      { event_id: "a", event_type: "tool", start_time: 3 },
      { event_id: "b", event_type: "tool", start_time: 2.5 },
    ];
    const text = await written("jsonl", new Map(rows.map((row) => [rowKey(row), row])));
    expect(text.split("\n")).toHaveLength(3);
    const searches = vi.mocked(searchText).mock.calls.map((call): Search => call[1]);
    expect(searches).toHaveLength(2);
    expect(searches[0]?.dateRange).toEqual({ $gte: 2, $lte: 3 });
  });
});
