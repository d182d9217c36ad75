/** The sign of a node: that of its event, or of an event that has not arrived. */
import { IconHourglassEmpty } from "@tabler/icons-react";
import { colourOf, EventType } from "~/content/EventType";
import type { NodeType } from "~/session/outline/outline";
import { text } from "~/text/en";

/** As CSS. */
export function nodeColour(type: NodeType): string {
  return type === "pending" ? "var(--quiet)" : colourOf(type);
}

interface NodeIconProps {
  readonly type: NodeType;
  readonly size?: number;
}

export function NodeIcon({ type, size = 15 }: NodeIconProps) {
  if (type !== "pending") return <EventType type={type} size={size} />;
  return (
    <IconHourglassEmpty
      size={size}
      stroke={1.7}
      color={nodeColour(type)}
      role="img"
      aria-label={text.session.pending}
    />
  );
}
