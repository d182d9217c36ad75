/** Why an event costs what it costs: counts, prices, arithmetic, each with its source. */
import { Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Fragment, type ReactNode } from "react";
import type { Project } from "~/api/control";
import type { components } from "~/api/data.schema";
import { Failure, Loading } from "~/app/states";
import classes from "~/content/content.module.css";
import { costQuery } from "~/content/query";
import { makeVisible } from "~/content/visible";
import { formatCost } from "~/formats/money";
import { formatCount } from "~/formats/numbers";
import { text } from "~/text/en";

type Cost = components["schemas"]["EventCost"];
const words = text.content.cost;

export function CostTab({ project, eventId }: { project: Project; eventId: string }) {
  const { data: cost, error, refetch } = useQuery(costQuery(project, eventId));
  if (error) return <Failure error={error} onRetry={() => void refetch()} />;
  if (!cost) return <Loading />;
  return (
    <>
      <Sum cost={cost} />
      {cost.usage.length > 0 && <Usage cost={cost} />}
      {cost.charges.length > 0 && <Charges cost={cost} />}
      <Entry cost={cost} />
    </>
  );
}

function Sum({ cost }: { readonly cost: Cost }) {
  return (
    <section className={classes["section"]}>
      <Text fz={22} fw={600} className="numbers">
        {cost.usd === null ? words.unknown : formatCost(cost.usd)}
      </Text>
      <Text size="sm" c="dimmed" className={`${classes["why"]} foreign`}>
        {makeVisible(cost.why)}
      </Text>
    </section>
  );
}

function Usage({ cost }: { readonly cost: Cost }) {
  return (
    <Table
      title={words.usage}
      heads={[words.kind, words.counted, words.told, words.foundIn]}
      amounts={[1, 2]}
    >
      {cost.usage.map((one) => (
        <tr key={one.kind}>
          <td>
            {one.kind}
            <div className="quiet">{one.how}</div>
          </td>
          <td className={classes["amount"]}>{formatCount(one.count)}</td>
          <td className={classes["amount"]}>{formatCount(one.told)}</td>
          <td className="mono foreign">{breakable(makeVisible(one.found_in ?? "—"))}</td>
        </tr>
      ))}
    </Table>
  );
}

/** A dotted name that breaks behind its dots, and elsewhere only where it must. */
function breakable(name: string): ReactNode {
  return name.split(/(?<=[._])/).map((part, at) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: parts of a name do not change
    <Fragment key={at}>
      {part}
      <wbr />
    </Fragment>
  ));
}

function Charges({ cost }: { readonly cost: Cost }) {
  return (
    <Table
      title={words.charges}
      heads={[words.unit, words.amount, words.price, words.sum]}
      amounts={[1, 2, 3]}
    >
      {cost.charges.map((charge) => (
        <tr key={`${charge.unit} ${charge.above}`}>
          <td>
            {charge.unit}
            <div className="quiet">
              {[charge.tier, charge.above === null ? "" : words.above(charge.above)]
                .filter(Boolean)
                .join(", ")}
            </div>
          </td>
          <td className={classes["amount"]}>{formatCount(charge.amount)}</td>
          <td className={classes["amount"]}>× {charge.price_usd}</td>
          <td className={classes["amount"]}>{charge.usd}</td>
        </tr>
      ))}
    </Table>
  );
}

function Entry({ cost }: { readonly cost: Cost }) {
  const { entry } = cost;
  const facts = [
    [words.book, cost.price_book],
    [words.entry, entry && `${entry.provider} / ${entry.model} (${entry.matched})`],
    [words.source, entry?.source],
  ] as const;
  return (
    <dl className={`${classes["facts"]} ${classes["section"]}`}>
      {facts
        .filter(([, value]) => value)
        .map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd className="foreign">{makeVisible(String(value))}</dd>
          </div>
        ))}
    </dl>
  );
}

interface TableProps {
  readonly title: string;
  readonly heads: readonly string[];
  /** Places of the columns whose values stand at the right. */
  readonly amounts: readonly number[];
  readonly children: ReactNode;
}

function Table({ title, heads, amounts, children }: TableProps) {
  return (
    <section className={classes["section"]}>
      <div className={classes["sectionHead"]}>
        <h3>{title}</h3>
      </div>
      <div className={classes["wide"]}>
        <table className={classes["table"]} aria-label={title}>
          <thead>
            <tr>
              {heads.map((head, at) => (
                <th
                  key={head}
                  scope="col"
                  className={amounts.includes(at) ? classes["amount"] : undefined}
                >
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>{children}</tbody>
        </table>
      </div>
    </section>
  );
}
