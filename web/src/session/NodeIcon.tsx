/** The sign of a node, in the colour of its type. */
import {
  IconArrowsSplit,
  IconHourglassEmpty,
  IconSparkles,
  IconTool,
  type TablerIcon,
} from "@tabler/icons-react";
import type { NodeType } from "~/session/outline/outline";
import { text } from "~/text/en";

const ICONS: Readonly<Record<NodeType, TablerIcon>> = {
  model: IconSparkles,
  tool: IconTool,
  chain: IconArrowsSplit,
  pending: IconHourglassEmpty,
};

/** As CSS values. */
export const COLOURS: Readonly<Record<NodeType, string>> = {
  model: "var(--model)",
  tool: "var(--tool)",
  chain: "var(--chain)",
  pending: "var(--quiet)",
};

interface NodeIconProps {
  readonly type: NodeType;
  readonly size?: number;
}

export function NodeIcon({ type, size = 15 }: NodeIconProps) {
  const Icon = ICONS[type];
  return (
    <Icon
      size={size}
      stroke={1.7}
      color={COLOURS[type]}
      role="img"
      aria-label={text.session.types[type]}
    />
  );
}
