/** The steps of a session and their calls, what the session waited for, and where its time went. */
import { useMediaQuery } from "@mantine/hooks";
import { useMemo } from "react";
import { Failure, Loading } from "~/app/states";
import { GraphStage } from "~/session/graph/GraphStage";
import { indentedLayoutOf, layoutOf } from "~/session/graph/layout";
import { foremost, keyOf } from "~/session/graph/steps";
import { workOutSteps } from "~/session/graph/workOut";
import type { Facts } from "~/session/outline/facts";
import { useWorkedOut } from "~/session/outline/useWorkedOut";

/** More boxes than this nobody reads, and no browser draws gladly. */
const MOST = 400;
/** Of such a screen columns side by side show no more than one. */
const NARROW = "(max-width: 36em)";

interface GraphViewProps {
  readonly facts: Facts;
  readonly selected: number | undefined;
  readonly onSelect: (place: number) => void;
}

export function GraphView({ facts, selected, onSelect }: GraphViewProps) {
  const isNarrow = useMediaQuery(NARROW, false, { getInitialValueInEffect: false });
  const { value: steps, error } = useWorkedOut(facts, workOutSteps);
  const drawn = useMemo(() => {
    if (!steps) return undefined;
    const shown = foremost(steps, MOST);
    const layout = isNarrow ? indentedLayoutOf(shown) : layoutOf(shown);
    return { layout, left: shown.left };
  }, [steps, isNarrow]);
  if (error !== undefined) return <Failure error={error} />;
  if (!drawn) return <Loading />;
  return (
    <GraphStage
      layout={drawn.layout}
      left={drawn.left}
      length={facts.extents.length}
      selected={selected === undefined ? undefined : keyOf(facts, selected)}
      onSelect={onSelect}
    />
  );
}
