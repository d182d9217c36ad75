/** The drawing, which one moves and zooms. */
import { ActionIcon, Group } from "@mantine/core";
import { useElementSize, useMergedRef } from "@mantine/hooks";
import { IconMaximize, IconMinus, IconPlus } from "@tabler/icons-react";
import { type PointerEvent, useRef } from "react";
import { formatCount } from "~/formats/numbers";
import classes from "~/session/graph/graph.module.css";
import type { Layout } from "~/session/graph/layout";
import { StepBox } from "~/session/graph/StepBox";
import { useCamera } from "~/session/graph/useCamera";
import { text } from "~/text/en";

const words = text.session.graph;
const STEP = 1.3;

interface GraphStageProps {
  readonly layout: Layout;
  /** Steps that are not drawn. */
  readonly left: number;
  /** Milliseconds of the session. */
  readonly length: number;
  /** Key of the step of the selected event. */
  readonly selected: string | undefined;
  readonly onSelect: (place: number) => void;
}

export function GraphStage({ layout, left, length, selected, onSelect }: GraphStageProps) {
  const stage = useRef<HTMLDivElement>(null);
  const { ref, width, height } = useElementSize();
  const { camera, zoomBy, fit, pan } = useCamera(stage, layout, { width, height });
  const merged = useMergedRef(ref, stage);
  function drag(event: PointerEvent<HTMLElement>) {
    if (event.currentTarget.hasPointerCapture(event.pointerId)) {
      pan(event.movementX, event.movementY);
    }
  }
  function grip(event: PointerEvent<HTMLElement>) {
    if (event.button === 0 && !(event.target as Element).closest("button")) {
      event.currentTarget.setPointerCapture(event.pointerId);
    }
  }
  const { x, y, scale } = camera;
  return (
    <section
      ref={merged}
      aria-label={words.label}
      className={classes["stage"]}
      onPointerDown={grip}
      onPointerMove={drag}
    >
      <div
        className={classes["drawing"]}
        style={{ transform: `translate(${x}px, ${y}px) scale(${scale})` }}
      >
        <svg width={layout.width} height={layout.height} aria-hidden="true">
          {layout.lines.map(({ edge, path }) => (
            <path
              key={path}
              d={path}
              className={classes["line"]}
              data-critical={edge.critical || undefined}
            />
          ))}
        </svg>
        {layout.boxes.map((box) => (
          <StepBox
            key={box.step.key}
            box={box}
            length={length}
            isSelected={box.step.key === selected}
            onSelect={onSelect}
          />
        ))}
      </div>
      <Legend left={left} />
      <Group gap={4} className={classes["buttons"] ?? ""}>
        <Control label={words.zoomOut} onClick={() => zoomBy(1 / STEP)}>
          <IconMinus size={15} aria-hidden />
        </Control>
        <Control label={words.zoomIn} onClick={() => zoomBy(STEP)}>
          <IconPlus size={15} aria-hidden />
        </Control>
        <Control label={words.fit} onClick={fit}>
          <IconMaximize size={15} aria-hidden />
        </Control>
      </Group>
    </section>
  );
}

function Legend({ left }: { readonly left: number }) {
  return (
    <div className={classes["legend"]}>
      <span title={words.criticalHint}>
        <i aria-hidden /> {words.critical}
      </span>
      {left > 0 && <span>{words.left(formatCount(left))}</span>}
    </div>
  );
}

interface ControlProps {
  readonly label: string;
  readonly onClick: () => void;
  readonly children: React.ReactNode;
}

function Control({ label, onClick, children }: ControlProps) {
  return (
    <ActionIcon variant="default" aria-label={label} title={label} onClick={onClick}>
      {children}
    </ActionIcon>
  );
}
