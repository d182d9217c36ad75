import { type Steps, stepsOf } from "~/session/graph/steps";
import { criticalPath, selfTimes } from "~/session/graph/time";
import type { Facts } from "~/session/outline/facts";
import type { Pieces } from "~/session/outline/pieces";

/** The steps of a session with their times. */
export function* workOutSteps(facts: Facts): Pieces<Steps> {
  const self = selfTimes(facts.outline, facts.extents);
  yield;
  const critical = criticalPath(facts.outline, facts.extents);
  yield;
  return stepsOf(facts, self, critical);
}
