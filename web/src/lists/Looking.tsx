/** A list without rows so far: the plane stopped before it had looked at everything. */
import { Button, Loader } from "@mantine/core";
import { IconHourglassEmpty } from "@tabler/icons-react";
import { Empty } from "~/app/states";
import { formatTime } from "~/formats/times";
import type { Rows } from "~/lists/useRows";
import { text } from "~/text/en";

const words = text.lists.looking;

/** How far the plane has looked, where it says so. */
export function lookedText(until: number | undefined): string {
  return until === undefined ? words.some : words.until(formatTime(until).replace(/\.\d+$/, ""));
}

export function Looking({ rows, noun }: { readonly rows: Rows; readonly noun: string }) {
  return (
    <div role="status">
      <Empty
        icon={<IconHourglassEmpty size={28} stroke={1.4} />}
        title={words.title(noun)}
        hint={lookedText(rows.lookedUntil)}
        action={rows.hasMore && <LookFurther rows={rows} />}
      />
    </div>
  );
}

/** Goes on looking where the plane stopped. */
export function LookFurther({ rows }: { readonly rows: Rows }) {
  return (
    <Button
      variant="default"
      size="xs"
      disabled={rows.isLooking}
      leftSection={rows.isLooking && <Loader size={12} />}
      onClick={rows.lookFurther}
    >
      {rows.isLooking ? words.looking : words.further}
    </Button>
  );
}
