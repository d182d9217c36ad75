import { describe, expect, it } from "vitest";
import { chosen, operatorsFor, placeAt, rankFields, writtenValue } from "~/filters/completion";

/** The place of the caret, which `|` stands for. */
function at(marked: string) {
  return placeAt(marked.replace("|", ""), marked.indexOf("|"));
}

describe("the place of the caret", () => {
  it.each([
    ["|", "field", ""],
    ["dur|", "field", "dur"],
    ["dur|ation", "field", "dur"],
    ["duration |", "operator", ""],
    ["error ex|", "operator", "ex"],
    ["error not |", "operator", "not"],
    ["duration >|", "value", ""],
    ["config.model = |", "value", ""],
    ["config.model = gp|", "value", "gp"],
    ['config.model = "gpt 4|', "value", "gpt 4"],
    ["config.model = gpt-4o |", "field", ""],
    ["error exists |", "field", ""],
    ["error not exists ev|", "field", "ev"],
    ["a = b AND |", "field", ""],
    ["a = b c|", "field", "c"],
    ['"first name" |', "operator", ""],
    ['"first name" = |', "value", ""],
    ['"first name" = x |', "field", ""],
  ])("in %s is at the %s, with %j typed", (marked, stage, typed) => {
    expect(at(marked)).toMatchObject({ stage, typed });
  });

  it("knows of which condition", () => {
    expect(at("a = b config.model ~ g|")).toMatchObject({
      field: "config.model",
      operator: "contains",
    });
  });
});

describe("a choice", () => {
  it.each([
    ["dur|", "duration", "duration |"],
    ["dur|x > 3", "duration", "duration |> 3"],
    ["duration |", ">", "duration > |"],
    ["error not |", "not exists", "error not exists |"],
    ["a =|", "b", "a = b |"],
    ['a = "x y|" c = d', '"x yz"', 'a = "x yz" |c = d'],
  ])("in %s of %s makes %s", (marked, choice, result) => {
    const text = marked.replace("|", "");
    const made = chosen(text, at(marked), choice);
    expect(`${made.text.slice(0, made.caret)}|${made.text.slice(made.caret)}`).toBe(result);
  });
});

describe("choices", () => {
  it("rank the names that begin with what was typed first", () => {
    const names = ["num_model", "metadata.model_id", "remodelled", "config.model", "model"];
    expect(rankFields(names, "model", 9)).toEqual([
      "model",
      "metadata.model_id",
      "config.model",
      "num_model",
      "remodelled",
    ]);
    expect(rankFields(names, "", 2)).toHaveLength(2);
    expect(rankFields(names, "zzz", 9)).toEqual([]);
  });

  it("offer an order for numbers, and containing for text", () => {
    const written = (field: string) => operatorsFor(field, "").map((one) => one.written);
    expect(written("duration")).toContain(">");
    expect(written("duration")).not.toContain("~");
    expect(written("event_name")).toContain("~");
    expect(written("start_time")).toEqual([">", "<"]);
    expect(written("metadata.anything")).toHaveLength(8);
    expect(operatorsFor("error", "not").map((one) => one.written)).toEqual(["not exists"]);
  });

  it("write text that looks like a number in quotation marks", () => {
    expect(writtenValue("12")).toBe('"12"');
    expect(writtenValue(12)).toBe("12");
    expect(writtenValue(true)).toBe("true");
    expect(writtenValue("gpt 4o")).toBe('"gpt 4o"');
  });
});
