import { IconArrowsSplit, IconListTree, IconSparkles, IconTool } from "@tabler/icons-react";
import { text } from "~/text/en";

const ICONS = {
  session: IconListTree,
  model: IconSparkles,
  tool: IconTool,
  chain: IconArrowsSplit,
} as const;

export type EventTypeName = keyof typeof ICONS;

/** As CSS. */
export function colourOf(type: EventTypeName): string {
  return `var(--${type})`;
}

interface EventTypeProps {
  readonly type: EventTypeName;
  readonly size?: number;
}

/** The sign of a kind of event, in its colour. */
export function EventType({ type, size = 15 }: EventTypeProps) {
  const Icon = ICONS[type];
  return (
    <Icon
      size={size}
      stroke={1.7}
      color={colourOf(type)}
      role="img"
      aria-label={text.content.types[type]}
    />
  );
}
