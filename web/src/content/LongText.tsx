import { Button } from "@mantine/core";
import { useState } from "react";
import { makeVisible } from "~/content/visible";
import { text as words } from "~/text/en";

const FIRST = 6_000;
const STEP = 100_000;

interface LongTextProps {
  readonly text: string;
  readonly render?: (text: string) => React.ReactNode;
}

/** A text of any length: its beginning at once, more of it on demand, never all of megabytes. */
export function LongText({ text, render }: LongTextProps) {
  const [until, setUntil] = useState(FIRST);
  const isCut = text.length > until;
  const shown = makeVisible(isCut ? text.slice(0, until) : text);
  return (
    <>
      {render ? render(shown) : shown}
      {isCut && (
        <Button
          variant="default"
          size="compact-xs"
          display="block"
          mt={6}
          onClick={() => setUntil(until + STEP)}
        >
          {words.content.more(text.length - until)}
        </Button>
      )}
    </>
  );
}
