import { Button } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { saveBytes } from "~/content/download";
import { labelOf } from "~/content/visible";
import { text } from "~/text/en";

/** Of an address that is shown, and not followed. */
const LONGEST_ADDRESS = 500;

/** Something recorded inside a message: saved as bytes that nothing opens by itself. */
export function FileLink({ name, url }: { readonly name: string; readonly url: string }) {
  const shown = labelOf(name, 120);
  if (!url.startsWith("data:"))
    return <span className="foreign">{`${shown} ${labelOf(url, LONGEST_ADDRESS)}`}</span>;
  return (
    <Button
      variant="default"
      size="compact-sm"
      leftSection={<IconDownload size={13} />}
      onClick={() => saveBytes(bytesOf(url), shown)}
    >
      <span className="foreign">{text.content.download(shown)}</span>
    </Button>
  );
}

function bytesOf(url: string): Uint8Array<ArrayBuffer> {
  const comma = url.indexOf(",");
  const body = url.slice(comma + 1);
  if (!/;base64$/i.test(url.slice(0, comma))) return new TextEncoder().encode(body);
  try {
    return Uint8Array.from(atob(body), (character) => character.charCodeAt(0));
  } catch {
    return new TextEncoder().encode(body);
  }
}
