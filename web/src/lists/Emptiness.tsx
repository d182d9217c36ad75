/** Why a list has no rows, and the way out of it. */
import { Button, Group } from "@mantine/core";
import { IconFilterOff, IconPlugConnected } from "@tabler/icons-react";
import { useQueries, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Project } from "~/api/control";
import { Empty } from "~/app/states";
import { makeVisible } from "~/content/visible";
import { type Filter, sameFilter } from "~/filters/filter";
import { format, formatOne, parse } from "~/filters/language";
import { formatCompact } from "~/formats/numbers";
import type { ListAddress } from "~/lists/address";
import { countOf, waysOut } from "~/lists/counted";
import type { ListKind } from "~/lists/kinds";
import { dateRangeOf, toPreset } from "~/lists/ranges";
import { histogram, type Matching, searchPage } from "~/lists/requests";
import type { Change } from "~/lists/useListAddress";
import { text } from "~/text/en";

const words = text.lists.empty;
/** For so many conditions it is worked out which of them leaves nothing. */
const MOST_TRIED = 6;

interface EmptinessProps {
  readonly project: Project;
  readonly kind: ListKind;
  readonly address: ListAddress;
  readonly change: Change;
}

export function Emptiness(props: EmptinessProps) {
  const { project } = props;
  const { data: hasEvents, isPending } = useQuery({
    queryKey: ["has events", project.id],
    queryFn: async ({ signal }) =>
      (await searchPage(project, { filters: [], limit: 1 }, signal)).rows.length > 0,
    refetchInterval: ({ state }) => (state.data ? false : 2_000),
  });
  if (isPending) return null;
  return hasEvents === false ? <NoEvents project={project} /> : <NoMatch {...props} />;
}

function NoEvents({ project }: { readonly project: Project }) {
  return (
    <Empty
      icon={<IconPlugConnected size={28} stroke={1.4} />}
      title={words.project}
      hint={words.projectHint}
      action={
        <Button
          component={Link}
          to="/projects/$projectId/start"
          params={{ projectId: project.id } as never}
          size="xs"
          mt="xs"
        >
          {words.start}
        </Button>
      }
    />
  );
}

interface Attempt extends Matching {
  readonly label: string;
  readonly patch: ListAddress;
}

function NoMatch({ project, kind, address, change }: EmptinessProps) {
  const attempts = attemptsOf(kind, address);
  const found = useQueries({
    queries: attempts.map(({ filters, dateRange }) => {
      const matching = { filters, ...(dateRange ? { dateRange } : {}), buckets: 1 };
      return {
        queryKey: ["histogram", project.id, matching],
        queryFn: ({ signal }: { signal: AbortSignal }) => histogram(project, matching, signal),
      };
    }),
  });
  // What failed, or was counted without a condition, says nothing.
  const counts = found.map(({ data }) => countOf(data));
  const { helpful, isHopeless } = waysOut(attempts, counts);
  const isFiltered = Boolean(address.q);
  return (
    <Empty
      icon={<IconFilterOff size={28} stroke={1.4} />}
      title={words.title(kind.noun(2))}
      hint={isHopeless ? words.several : isFiltered ? words.hint : words.outside}
      action={
        <Group gap="xs" justify="center" mt="xs" maw="100%">
          {helpful.map(({ label, patch, count }) => (
            <Button
              key={label}
              size="xs"
              variant="default"
              maw="100%"
              title={makeVisible(label)}
              onClick={() => change(patch)}
              rightSection={<span className="quiet numbers">{formatCompact(count)}</span>}
            >
              <span className="foreign cut">{makeVisible(label)}</span>
            </Button>
          ))}
          {isHopeless && (
            <Button
              size="xs"
              variant="default"
              onClick={() => change({ q: undefined, ...toPreset("all") })}
            >
              {words.everything}
            </Button>
          )}
          {isFiltered && !isHopeless && (
            <Button size="xs" variant="subtle" onClick={() => change({ q: undefined })}>
              {words.clear}
            </Button>
          )}
        </Group>
      }
    />
  );
}

/** The question without one of its conditions, or without its time range. */
function attemptsOf(kind: ListKind, address: ListAddress): Attempt[] {
  const { filters } = parse(address.q ?? "");
  const dateRange = dateRangeOf(address);
  const without = (left: Filter) => filters.filter((one) => !sameFilter(one, left));
  const ranged = dateRange ? { dateRange } : {};
  const perFilter = filters.slice(0, MOST_TRIED).map((filter) => ({
    label: words.without(formatOne(filter)),
    filters: [...kind.always, ...without(filter)],
    ...ranged,
    patch: { q: format(without(filter)) || undefined },
  }));
  if (!dateRange) return perFilter;
  const allTime = {
    label: words.allTime,
    filters: [...kind.always, ...filters],
    patch: toPreset("all"),
  };
  return [...perFilter, allTime];
}
