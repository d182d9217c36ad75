import { describe, expect, it } from "vitest";
import type { Filter } from "~/filters/filter";
import { format, parse } from "~/filters/language";

describe("the text form of filters", () => {
  it("reads conditions of every type", () => {
    const text =
      "event_type = model duration > 2000 AND metadata.cached = true start_time < 2026-11-01 model ~ gpt error exists metadata.user not exists";
    expect(parse(text)).toEqual({
      problems: [],
      filters: [
        { field: "event_type", operator: "is", type: "string", value: "model" },
        { field: "duration", operator: "greater than", type: "number", value: 2000 },
        { field: "metadata.cached", operator: "is", type: "boolean", value: true },
        { field: "start_time", operator: "before", type: "datetime", value: "2026-11-01" },
        { field: "model", operator: "contains", type: "string", value: "gpt" },
        { field: "error", operator: "exists", type: "string" },
        { field: "metadata.user", operator: "not exists", type: "string" },
      ],
    });
  });

  it("writes what it reads back", () => {
    const filters: Filter[] = [
      { field: "a.b", operator: "is", type: "string", value: 'x "y" \\z' },
      { field: "n", operator: "less than", type: "number", value: -1.5e-7 },
      { field: "t", operator: "is", type: "string", value: "12" },
      { field: "t", operator: "is not", type: "string", value: "true" },
      { field: "t", operator: "after", type: "datetime", value: "2026-11-01T10:00:00Z" },
      { field: "s", operator: "not contains", type: "string", value: "" },
      { field: "s", operator: "is", type: "string", value: "größer > kleiner" },
    ];
    expect(parse(format(filters))).toEqual({ filters, problems: [] });
  });

  it.each(["01234", "1.50", "+49", "1e3", "12e4567", "1234567890123456789"])(
    "takes %s for the text that it is",
    (value) => {
      const filters = [{ field: "id", operator: "is", type: "string", value }];
      expect(parse(`id = ${value}`)).toEqual({ filters, problems: [] });
      expect(format(parse(`id = ${value}`).filters)).toBe(`id = ${value}`);
    },
  );

  it("writes names of fields that are more than one word in quotation marks", () => {
    const filters: Filter[] = [
      { field: "metadata.first name", operator: "is", type: "string", value: "x" },
      { field: 'a="b"', operator: "exists", type: "string" },
      { field: "and", operator: "not exists", type: "string" },
    ];
    expect(parse(format(filters))).toEqual({ filters, problems: [] });
  });

  it("compares with any number that there is an order to", () => {
    expect(parse("n > 1.50 n < 1e3").filters.map(({ value }) => value)).toEqual([1.5, 1000]);
    expect(parse("n > 12e4567").problems).toHaveLength(1);
  });

  it.each([
    ["duration >", "Expected a value after >"],
    ["duration", "Expected =, !=, ~, !~, >, <, exists or not exists after duration"],
    ['name = "open', 'This quotation has no end: add a "'],
    ["= 3", "Expected a field, such as metadata.user_id"],
    ["model > gpt", "Only numbers and dates have an order, and gpt is neither"],
  ])("says what is wrong with %s", (text, message) => {
    const { problems } = parse(text);
    expect(problems.map((one) => one.message)).toContain(message);
  });

  it("keeps what it can read beside what it cannot", () => {
    const { filters, problems } = parse("event_type = model duration");
    expect(filters).toHaveLength(1);
    expect(problems).toHaveLength(1);
  });
});
