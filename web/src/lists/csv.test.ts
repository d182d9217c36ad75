import { describe, expect, it } from "vitest";
import { csvLine } from "~/lists/csv";

describe("a line of CSV", () => {
  it("quotes what holds commas, quotes or ends of lines", () => {
    expect(csvLine(["a", 'say "hi"', "x,y", "1\n2", "3\r4", ""])).toBe(
      'a,"say ""hi""","x,y","1\n2","3\r4",\r\n',
    );
  });

  it.each(["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\0=1"])("keeps %j from being run", (text) => {
    expect(csvLine([text])).toBe(`'${text}\r\n`);
  });

  it("both quotes and keeps from being run", () => {
    expect(csvLine(['=HYPERLINK("http://x","y")'])).toBe(`"'=HYPERLINK(""http://x"",""y"")"\r\n`);
    expect(csvLine(["\r=1"])).toBe(`"'\r=1"\r\n`);
  });
});
