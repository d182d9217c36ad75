import { IconArrowsSplit, IconListTree, IconSparkles, IconTool } from "@tabler/icons-react";
import { text } from "~/text/en";

const ICONS = {
  session: IconListTree,
  model: IconSparkles,
  tool: IconTool,
  chain: IconArrowsSplit,
} as const;

export type EventTypeName = keyof typeof ICONS;

/** The sign of a kind of event, in its colour. */
export function EventType({ type }: { readonly type: EventTypeName }) {
  const Icon = ICONS[type];
  return (
    <Icon
      size={15}
      stroke={1.7}
      color={`var(--${type})`}
      role="img"
      aria-label={text.content.types[type]}
    />
  );
}
