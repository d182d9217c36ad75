/** The steps of a session and their calls, what the session waited for, and where its time went. */
import { useMemo } from "react";
import { Failure, Loading } from "~/app/states";
import { GraphStage } from "~/session/graph/GraphStage";
import { layoutOf } from "~/session/graph/layout";
import { foremost, keyOf } from "~/session/graph/steps";
import { workOutSteps } from "~/session/graph/workOut";
import type { Facts } from "~/session/outline/facts";
import { useWorkedOut } from "~/session/outline/useWorkedOut";

/** More boxes than this nobody reads, and no browser draws gladly. */
const MOST = 400;

interface GraphViewProps {
  readonly facts: Facts;
  readonly selected: number | undefined;
  readonly onSelect: (place: number) => void;
}

export function GraphView({ facts, selected, onSelect }: GraphViewProps) {
  const { value: steps, error } = useWorkedOut(facts, workOutSteps);
  const drawn = useMemo(() => {
    if (!steps) return undefined;
    const shown = foremost(steps, MOST);
    return { layout: layoutOf(shown), left: shown.left };
  }, [steps]);
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
