/** One step: how often it was called, how long it took, and what share of the session that was. */
import { IconAlertCircleFilled } from "@tabler/icons-react";
import { formatDuration } from "~/formats/durations";
import { formatCostShort } from "~/formats/money";
import { formatCompact, formatCount } from "~/formats/numbers";
import classes from "~/session/graph/graph.module.css";
import { BOX, type Placed } from "~/session/graph/layout";
import { NodeIcon, nodeColour } from "~/session/NodeIcon";
import { nameOf } from "~/session/nodeName";
import { text } from "~/text/en";

const words = text.session.graph;

interface StepBoxProps {
  readonly box: Placed;
  readonly length: number;
  readonly isSelected: boolean;
  readonly onSelect: (place: number) => void;
}

export function StepBox({ box, length, isSelected, onSelect }: StepBoxProps) {
  const { step, x, y } = box;
  const name = nameOf(step.name, step.type === "pending");
  const total = formatDuration(step.total);
  const share = Math.min(1, step.critical / length);
  return (
    <button
      type="button"
      className={classes["box"]}
      style={{ left: x, top: y, width: BOX.width, height: BOX.height }}
      data-critical={step.critical > 0 || undefined}
      aria-pressed={isSelected}
      title={words.step(name, formatCount(step.calls), total)}
      onClick={() => onSelect(step.slowest)}
    >
      <span className={classes["top"]}>
        <NodeIcon type={step.type} />
        <span className={`${classes["title"]} foreign cut`} title={name}>
          {name}
        </span>
        {step.errors > 0 && (
          <span className={classes["errors"]}>
            <IconAlertCircleFilled size={12} aria-hidden />
            {formatCompact(step.errors)}
          </span>
        )}
        {step.calls > 1 && (
          <span className={classes["calls"]}>{words.calls(formatCompact(step.calls))}</span>
        )}
      </span>
      <span className={`${classes["bottom"]} numbers`}>
        <span>{total}</span>
        {step.self !== step.total && (
          <span>
            {words.self} {formatDuration(step.self)}
          </span>
        )}
        {step.cost > 0 && <span className={classes["cost"]}>{formatCostShort(step.cost)}</span>}
      </span>
      <span className={classes["share"]} title={words.share(`${Math.round(share * 100)} %`)}>
        <span style={{ width: `${share * 100}%`, background: nodeColour(step.type) }} />
      </span>
    </button>
  );
}
