import { IconArrowsSplit, IconListTree, IconSparkles, IconTool } from "@tabler/icons-react";
import { text } from "~/text/en";

const ICONS = {
  session: IconListTree,
  model: IconSparkles,
  tool: IconTool,
  chain: IconArrowsSplit,
} as const;
const names = text.lists.types;

export function isType(type: string | undefined): type is keyof typeof ICONS {
  return type !== undefined && Object.hasOwn(ICONS, type);
}

/** The icon of an event's type, in the colour that it has everywhere. */
export function TypeIcon({
  type,
  size = 15,
}: {
  readonly type?: string | undefined;
  readonly size?: number;
}) {
  if (!isType(type)) return null;
  const Icon = ICONS[type];
  return (
    <Icon size={size} stroke={1.7} color={`var(--${type})`} aria-label={names[type]} role="img" />
  );
}
