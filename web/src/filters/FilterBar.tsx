/** One input for conditions: chips and what is typed, or all of it as text, with completion. */
import { ActionIcon, Combobox, CopyButton, PillsInput, Tooltip, useCombobox } from "@mantine/core";
import { IconCheck, IconCode, IconCopy, IconFilter, IconTags, IconX } from "@tabler/icons-react";
import {
  type KeyboardEvent,
  type RefObject,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import type { Project } from "~/api/control";
import { Chip } from "~/filters/Chip";
import { ChoiceList } from "~/filters/ChoiceList";
import { placeAt } from "~/filters/completion";
import classes from "~/filters/FilterBar.module.css";
import { FilterNotes } from "~/filters/FilterNotes";
import { useKnownFields } from "~/filters/known";
import { useChoices } from "~/filters/useChoices";
import { useDraft } from "~/filters/useDraft";
import type { Matching } from "~/lists/requests";
import { text } from "~/text/en";

const words = text.lists.filter;

interface FilterBarProps {
  readonly project: Project;
  /** The filters that count, in their text form. */
  readonly written: string;
  readonly onApply: (written: string) => void;
  /** Among which events values are looked for. */
  readonly matching: Matching;
  readonly warnings: readonly string[];
  readonly inputRef: RefObject<HTMLInputElement | null>;
  /** Whether the plane has answered what is more urgent than names of fields. */
  readonly isQuiet: boolean;
}

export function FilterBar(props: FilterBarProps) {
  const { project, written, onApply, matching, warnings, inputRef, isQuiet } = props;
  const draft = useDraft(written, onApply);
  const [caret, setCaret] = useState(0);
  const combobox = useCombobox({ onDropdownClose: () => combobox.resetSelectedOption() });
  const known = useKnownFields(project, isQuiet || combobox.dropdownOpened);
  const { typed } = draft;
  const wantedCaret = useRef<number>(undefined);
  // Before the next key arrives: whoever types fast would write behind the caret's old place.
  useLayoutEffect(() => {
    const at = wantedCaret.current;
    wantedCaret.current = undefined;
    if (at !== undefined) inputRef.current?.setSelectionRange(at, at);
  });
  const place = useMemo(() => placeAt(typed, Math.min(caret, typed.length)), [typed, caret]);
  const choices = useChoices(project, place, known, matching, combobox.dropdownOpened);
  const isPicking = place.stage !== "value" && place.typed !== "";

  // What was begun with a name or a sign is finished by Enter; a value may be any text.
  // biome-ignore lint/correctness/useExhaustiveDependencies: each change of the list counts
  useEffect(() => {
    if (isPicking) combobox.selectFirstOption();
    else combobox.resetSelectedOption();
  }, [choices.choices, isPicking]);

  function moveCaret(to: number | undefined) {
    const at = to ?? 0;
    setCaret(at);
    wantedCaret.current = at;
  }

  function submit(choice: string) {
    const picked = choices.choices.find((one) => one.written === choice);
    const caretAfter = picked?.isWhole ? void draft.commit(choice) : draft.take(place, choice);
    inputRef.current?.focus();
    moveCaret(caretAfter);
    // A condition is whole: what it changed is worth a look before the next one.
    if (caretAfter === undefined) combobox.closeDropdown();
  }

  function onKeyDown(event: KeyboardEvent<HTMLInputElement>) {
    const isEmpty = typed === "";
    const hasSelected = combobox.dropdownOpened && combobox.getSelectedOptionIndex() >= 0;
    const [first] = choices.choices;
    if (event.key === "Enter" && !hasSelected && !event.nativeEvent.isComposing) {
      event.preventDefault();
      if (!isEmpty || draft.isText) draft.commit();
      combobox.closeDropdown();
    } else if (event.key === "Tab" && !event.shiftKey && place.typed && first && !hasSelected) {
      if (place.stage !== "value") return;
      event.preventDefault();
      submit(first.written);
    } else if (event.key === "Backspace" && isEmpty && draft.filters.length > 0 && !draft.isText) {
      event.preventDefault();
      draft.edit(draft.filters.length - 1);
    } else if (event.key === "Escape" && !combobox.dropdownOpened) {
      draft.cancel();
      inputRef.current?.blur();
    }
  }

  return (
    <div className={classes["bar"]}>
      <Combobox
        store={combobox}
        onOptionSubmit={submit}
        position="bottom-start"
        width={440}
        offset={4}
        withinPortal
      >
        <Combobox.DropdownTarget>
          <PillsInput
            size="xs"
            leftSection={<IconFilter size={14} aria-hidden />}
            rightSection={
              <BarActions draft={draft} written={written} onClear={() => onApply("")} />
            }
            rightSectionWidth={written ? 86 : 34}
            rightSectionPointerEvents="all"
            error={draft.problems.length > 0}
            classNames={{ input: classes["input"] ?? "" }}
            onClick={() => inputRef.current?.focus()}
          >
            <div className={classes["chips"]} data-text={draft.isText || undefined}>
              {!draft.isText &&
                draft.filters.map((filter, index) => (
                  <Chip
                    // biome-ignore lint/suspicious/noArrayIndexKey: its place is what it is told by
                    key={index}
                    filter={filter}
                    isEdited={index === draft.editing}
                    onEdit={() => {
                      draft.edit(index);
                      inputRef.current?.focus();
                    }}
                    onRemove={() => draft.remove(index)}
                  />
                ))}
              <Combobox.EventsTarget withExpandedAttribute>
                <PillsInput.Field
                  ref={inputRef}
                  className={`${classes["field"]} foreign`}
                  aria-label={words.label}
                  aria-invalid={draft.problems.length > 0}
                  spellCheck={false}
                  autoComplete="off"
                  autoCapitalize="off"
                  placeholder={draft.filters.length > 0 ? words.more : words.placeholder}
                  value={typed}
                  onChange={(event) => {
                    draft.type(event.currentTarget.value);
                    setCaret(event.currentTarget.selectionStart ?? 0);
                    combobox.openDropdown();
                  }}
                  onSelect={(event) => setCaret(event.currentTarget.selectionStart ?? 0)}
                  onFocus={() => combobox.openDropdown()}
                  onBlur={() => combobox.closeDropdown()}
                  onKeyDown={onKeyDown}
                />
              </Combobox.EventsTarget>
            </div>
          </PillsInput>
        </Combobox.DropdownTarget>
        <ChoiceList choices={choices} />
      </Combobox>
      <FilterNotes
        draft={draft}
        names={known.isWhole ? known.names : undefined}
        warnings={warnings}
        onApply={onApply}
      />
    </div>
  );
}

interface BarActionsProps {
  readonly draft: { readonly isText: boolean; readonly toggleText: () => void };
  readonly written: string;
  readonly onClear: () => void;
}

function BarActions({ draft, written, onClear }: BarActionsProps) {
  const mode = draft.isText ? words.chips : words.text;
  return (
    <div className={classes["actions"]}>
      <Tooltip label={mode}>
        <ActionIcon
          variant="subtle"
          color="gray"
          size={24}
          aria-label={mode}
          onClick={draft.toggleText}
        >
          {draft.isText ? <IconTags size={14} /> : <IconCode size={14} />}
        </ActionIcon>
      </Tooltip>
      {written && (
        <>
          <CopyButton value={written}>
            {({ copied, copy }) => (
              <Tooltip label={copied ? words.copied : words.copy}>
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  size={24}
                  aria-label={words.copy}
                  onClick={copy}
                >
                  {copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
                </ActionIcon>
              </Tooltip>
            )}
          </CopyButton>
          <Tooltip label={words.clear}>
            <ActionIcon
              variant="subtle"
              color="gray"
              size={24}
              aria-label={words.clear}
              onClick={onClear}
            >
              <IconX size={14} />
            </ActionIcon>
          </Tooltip>
        </>
      )}
    </div>
  );
}
