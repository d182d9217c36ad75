import { describe, expect, it } from "vitest";
import { isShowable, readHistory, readMessage } from "~/content/messages";

describe("a conversation", () => {
  it("is read with its tools' calls and answers", () => {
    const history = readHistory([
      { role: "system", content: "Be brief." },
      { role: "user", content: [{ type: "text", text: "Hi" }, "there"] },
      {
        role: "assistant",
        content: null,
        tool_calls: [{ id: "c1", name: "look_up", arguments: { order: 7 } }],
      },
      { role: "tool", tool_call_id: "c1", content: "found" },
    ]);
    expect(history?.map(({ role, parts }) => [role, parts.length])).toEqual([
      ["system", 1],
      ["user", 2],
      ["assistant", 0],
      ["tool", 1],
    ]);
    expect(history?.[2]?.toolCalls).toEqual([
      { id: "c1", name: "look_up", arguments: { order: 7 } },
    ]);
    expect(history?.[3]?.answers).toBe("c1");
  });

  it.each([[undefined], [null], [[]], ["text"], [[1]], [[{ role: "user" }]], [{ role: 3 }]])(
    "is not read into %j",
    (value) => {
      expect(readHistory(value as never)).toBeUndefined();
    },
  );

  it("keeps a part that it does not know as it is", () => {
    const odd = { type: "computer_call", action: "click" };
    expect(readMessage({ role: "assistant", content: [odd] })?.parts).toEqual([
      { kind: "other", value: odd },
    ]);
  });

  it.each([
    [{ content: null, function_call: { name: "rm", arguments: "SECRET" } }],
    [{ content: "hi", reasoning: [{ text: "SECRET" }] }],
    [{ content: "hi", tool_calls: "SECRET" }],
    [{ content: "hi", tool_calls: ["SECRET"] }],
    [{ content: "hi", tool_calls: [{ name: "f", arguments: {}, output: "SECRET" }] }],
    [{ content: "hi", tool_calls: [{ function: { name: "f", strict: "SECRET" } }] }],
    [{ content: "hi", tool_calls: [{ name: "f", arguments: 1, args: "SECRET" }] }],
    [{ content: "hi", hidden: "SECRET" }],
    [{ content: "hi", name: { first: "SECRET" } }],
    [{ content: "hi", finish_reason: ["SECRET"] }],
    [{ content: "hi", refusal: { why: "SECRET" } }],
    [{ content: [{ type: "text", text: "hi", citations: ["SECRET"] }] }],
    [{ content: [{ type: "thinking", thinking: "hm", signature: "SECRET" }] }],
    [{ content: [{ type: "text", text: "hi", content: "SECRET" }] }],
    [{ content: [{ type: "image_url", image_url: { url: "x", detail: "SECRET" } }] }],
    [{ content: [{ type: "file", file: { file_data: "data:,x", note: "SECRET" } }] }],
    [{ content: { odd: "SECRET" } }],
  ])("shows all of %j", (message) => {
    expect(JSON.stringify(readMessage({ role: "assistant", ...message }))).toContain("SECRET");
  });

  it("keeps the form of a text that has more beside it", () => {
    const part = { type: "text", text: "hi", citations: ["a"] };
    expect(readMessage({ role: "assistant", content: [part] })?.parts).toEqual([
      { kind: "text", text: "hi" },
      { kind: "other", value: { citations: ["a"] } },
    ]);
  });

  it("says nothing of keys that say nothing", () => {
    const message = {
      role: "assistant",
      content: "hi",
      refusal: null,
      annotations: [],
      audio: null,
    };
    expect(readMessage(message)?.parts).toEqual([{ kind: "text", text: "hi" }]);
  });

  it("tells thought from answer", () => {
    const message = readMessage({
      role: "assistant",
      content: [
        { type: "thinking", thinking: "hm" },
        { type: "text", text: "yes" },
      ],
    });
    expect(message?.parts.map(({ kind }) => kind)).toEqual(["thinking", "text"]);
  });

  it.each([
    [{ type: "image_url", image_url: { url: "data:image/png;base64,AA==" } }],
    [{ type: "image", source: { type: "base64", media_type: "image/png", data: "AA==" } }],
    [{ type: "blob", modality: "image", mime_type: "image/png", content: "AA==" }],
  ])("finds the picture in %j", (part) => {
    expect(readMessage({ role: "user", content: [part] })?.parts).toEqual([
      { kind: "image", url: "data:image/png;base64,AA==" },
    ]);
  });
});

describe("a picture", () => {
  it.each([
    ["data:image/png;base64,iVBORw0KGgo=", true],
    ["data:image/svg+xml;base64,PHN2Zz4=", false],
    ["https://evil.example/track.png", false],
    ["javascript:alert(1)", false],
    ["data:image/png,<script>", false],
  ])("%s is shown by itself: %s", (url, isShown) => {
    expect(isShowable(url)).toBe(isShown);
  });
});
