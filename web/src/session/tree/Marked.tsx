/** Text in which what is sought stands out, and nothing is hidden. */
import { makeVisible } from "~/content/visible";

interface MarkedProps {
  readonly text: string;
  readonly sought: string;
}

export function Marked({ text: written, sought }: MarkedProps) {
  const text = makeVisible(written);
  const needle = sought.trim().toLowerCase();
  const at = needle ? text.toLowerCase().indexOf(needle) : -1;
  if (at < 0) return text;
  const end = at + needle.length;
  return (
    <>
      {text.slice(0, at)}
      <mark>{text.slice(at, end)}</mark>
      {text.slice(end)}
    </>
  );
}
