/** What the filter bar offers at the place of the caret. */
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Project } from "~/api/control";
import { operatorsFor, type Place, rankFields, writtenValue } from "~/filters/completion";
import type { KnownFields } from "~/filters/known";
import { fieldName } from "~/filters/language";
import { formatCompact } from "~/formats/numbers";
import { type Matching, values } from "~/lists/requests";
import { text } from "~/text/en";

const words = text.lists.filter;
const MOST_FIELDS = 60;
const MOST_VALUES = 30;
const SETTLED_MS = 120;
/** Their values are as many as their events, or need a calendar. */
const WITHOUT_VALUES = /^(start_time|end_time|duration|event_id|parent_id)$|^(inputs|outputs)\./;

export interface Choice {
  readonly written: string;
  readonly label: string;
  readonly hint?: string;
  /** Stands for the whole draft, not for the place of the caret only. */
  readonly isWhole?: boolean;
}

export interface Choices {
  readonly title: string;
  readonly choices: readonly Choice[];
  readonly isLoading: boolean;
  readonly note?: string;
}

export function useChoices(
  project: Project,
  place: Place,
  { names, error: unlisted }: KnownFields,
  matching: Matching,
  isOpen: boolean,
): Choices {
  const [typed] = useDebouncedValue(place.typed, SETTLED_MS);
  const field = place.field ?? "";
  const question = {
    ...matching,
    field,
    limit: MOST_VALUES,
    ...(typed ? { contains: typed } : {}),
  };
  const wantsValues = isOpen && place.stage === "value" && !WITHOUT_VALUES.test(field);
  const found = useQuery({
    queryKey: ["values", project.id, question],
    queryFn: ({ signal }) => values(project, question, signal),
    enabled: wantsValues,
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  });
  return useMemo(() => {
    if (place.stage === "field") {
      return {
        title: words.fields,
        choices: fieldChoices(place, names),
        isLoading: false,
        ...(unlisted ? { note: words.noNames(unlisted.message) } : {}),
      };
    }
    if (place.stage === "operator") {
      return { title: words.operators, choices: operatorChoices(place), isLoading: false };
    }
    const listed = wantsValues ? (found.data?.values ?? []) : [];
    return {
      title: words.values(field),
      choices: listed.map(({ value, count }) => ({
        written: writtenValue(value),
        label: String(value),
        hint: formatCompact(count),
      })),
      isLoading: wantsValues && found.isPending,
      ...(found.data?.sampled ? { note: words.sampled } : {}),
      ...(wantsValues && found.error ? { note: words.noValues(found.error.message) } : {}),
    };
  }, [place, names, unlisted, wantsValues, found.data, found.isPending, found.error, field]);
}

function fieldChoices(place: Place, names: readonly string[]): Choice[] {
  const named = rankFields(names, place.typed, MOST_FIELDS).map((name) => ({
    written: fieldName(name),
    label: name,
  }));
  return place.typed.length < 2 ? named : [...named, ...searches(place.typed)];
}

/** What somebody means who types a word that is no field. */
function searches(word: string): Choice[] {
  return [
    {
      written: `event_name ~ ${writtenValue(word)}`,
      label: words.nameContains(word),
      isWhole: true,
    },
    { written: `error ~ ${writtenValue(word)}`, label: words.errorContains(word), isWhole: true },
  ];
}

function operatorChoices({ field = "", typed }: Place): Choice[] {
  return operatorsFor(field, typed).map(({ written, operator }) => ({
    written,
    label: written,
    hint: words.meanings[operator],
  }));
}
