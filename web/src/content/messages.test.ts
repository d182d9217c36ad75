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
