/** The shape of an event's details while they come. */
import { Group, Skeleton } from "@mantine/core";
import classes from "~/content/content.module.css";
import { text } from "~/text/en";

/** Widths of lines of content, in percent. */
const LINES = [32, 96, 90, 94, 41, 24, 92, 68] as const;

export function DetailsSkeleton() {
  return (
    <div role="status" aria-label={text.states.loading} className={classes["details"]}>
      <div className={classes["head"]}>
        <Skeleton height={14} my={4} width="38%" radius="xs" />
        <Group gap={14} mt={12} mb={24}>
          <Skeleton height={9} width={110} radius="xs" />
          <Skeleton height={9} width={90} radius="xs" />
          <Skeleton height={9} width={120} radius="xs" />
        </Group>
      </div>
      <div className={classes["body"]}>
        {LINES.map((width) => (
          <Skeleton key={width} height={9} mt={14} width={`${width}%`} radius="xs" />
        ))}
      </div>
    </div>
  );
}
