/** What a session adds up to, and where to look first. */
import { useMemo } from "react";
import { Failure } from "~/app/states";
import { formatDuration } from "~/formats/durations";
import { formatCost } from "~/formats/money";
import { formatCount, UNKNOWN } from "~/formats/numbers";
import type { Step } from "~/session/graph/steps";
import { workOutSteps } from "~/session/graph/workOut";
import { NodeIcon } from "~/session/NodeIcon";
import { nameOf } from "~/session/nodeName";
import type { Facts } from "~/session/outline/facts";
import { useWorkedOut } from "~/session/outline/useWorkedOut";
import {
  byError,
  byModel,
  byTool,
  type ErrorGroup,
  type ModelGroup,
  type ToolGroup,
} from "~/session/summary/groups";
import { type Column, SummaryTable } from "~/session/summary/SummaryTable";
import classes from "~/session/summary/summary.module.css";
import { Totals } from "~/session/summary/Totals";
import type { AddressBook } from "~/session/useSessionAddress";
import { text } from "~/text/en";

const words = text.session.summary;
const MOST = 15;
const titles = words.columns;

interface SummaryViewProps {
  readonly facts: Facts;
  readonly book: AddressBook;
  readonly selected: number | undefined;
}

export function SummaryView({ facts, book, selected }: SummaryViewProps) {
  const { outline } = facts;
  const { value: steps, error } = useWorkedOut(facts, workOutSteps);
  const models = useMemo(() => byModel(facts), [facts]);
  const tools = useMemo(() => byTool(facts), [facts]);
  const errors = useMemo(() => byError(facts), [facts]);
  const slowest = useMemo(
    () => [...(steps?.steps ?? [])].sort((a, b) => b.self - a.self).slice(0, MOST),
    [steps],
  );
  const open = (place: number) => book.select(outline.id(place));
  const common = { most: MOST, selected, onOpen: open };
  return (
    <section aria-label={words.label} className={classes["summary"]}>
      <Totals session={outline.session} />
      <SummaryTable
        {...common}
        title={words.failures}
        none={words.noFailures}
        rows={errors}
        columns={ERROR_COLUMNS}
        place={(group) => group.first}
      />
      {error !== undefined ? (
        <Failure error={error} />
      ) : (
        <SummaryTable
          {...common}
          title={words.slowest}
          none=""
          rows={slowest}
          columns={STEP_COLUMNS}
          place={(step) => step.slowest}
        />
      )}
      <SummaryTable
        {...common}
        title={words.byModel}
        none={words.noModels}
        rows={models}
        columns={MODEL_COLUMNS}
        place={(group) => group.slowest}
      />
      <SummaryTable
        {...common}
        title={words.byTool}
        none={words.noTools}
        rows={tools}
        columns={TOOL_COLUMNS}
        place={(group) => group.slowest}
      />
    </section>
  );
}

const count = (value: number) => (value ? formatCount(value) : UNKNOWN);

const ERROR_COLUMNS: readonly Column<ErrorGroup>[] = [
  {
    title: titles.error,
    cell: ({ error }) => nameOf(error ?? words.unknownError, false),
    isBad: true,
  },
  { title: titles.where, cell: ({ name }) => nameOf(name, false) },
  { title: titles.calls, cell: (group) => formatCount(group.count), isNumber: true },
];

const STEP_COLUMNS: readonly Column<Step>[] = [
  {
    title: titles.step,
    cell: ({ name, type }) => nameOf(name, type === "pending"),
    icon: ({ type }) => <NodeIcon type={type} />,
  },
  { title: titles.caller, cell: ({ caller }) => (caller ? nameOf(caller, false) : UNKNOWN) },
  { title: titles.calls, cell: ({ calls }) => formatCount(calls), isNumber: true },
  { title: titles.self, cell: ({ self }) => formatDuration(self), isNumber: true },
  { title: titles.total, cell: ({ total }) => formatDuration(total), isNumber: true },
];

const MODEL_COLUMNS: readonly Column<ModelGroup>[] = [
  { title: titles.model, cell: ({ model }) => nameOf(model ?? words.unknownModel, false) },
  { title: titles.calls, cell: ({ calls }) => formatCount(calls), isNumber: true },
  { title: titles.input, cell: (group) => count(group.promptTokens), isNumber: true },
  { title: titles.output, cell: (group) => count(group.completionTokens), isNumber: true },
  {
    title: titles.cost,
    cell: ({ cost, isPriced }) => (isPriced ? formatCost(cost) : UNKNOWN),
    isNumber: true,
  },
  { title: titles.mean, cell: ({ total, calls }) => formatDuration(total / calls), isNumber: true },
  { title: titles.errors, cell: ({ errors }) => count(errors), isNumber: true },
];

const TOOL_COLUMNS: readonly Column<ToolGroup>[] = [
  { title: titles.tool, cell: ({ name }) => nameOf(name, false) },
  { title: titles.calls, cell: ({ calls }) => formatCount(calls), isNumber: true },
  { title: titles.total, cell: ({ total }) => formatDuration(total), isNumber: true },
  { title: titles.mean, cell: ({ total, calls }) => formatDuration(total / calls), isNumber: true },
  { title: titles.longest, cell: ({ longest }) => formatDuration(longest), isNumber: true },
  { title: titles.errors, cell: ({ errors }) => count(errors), isNumber: true },
];
