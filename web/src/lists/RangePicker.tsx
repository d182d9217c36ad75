/** Of which time the list shows events. */
import { Button, Popover, Stack, Text, TextInput, UnstyledButton } from "@mantine/core";
import { IconCalendar } from "@tabler/icons-react";
import { type FormEvent, useState } from "react";
import { formatTime } from "~/formats/times";
import type { ListAddress } from "~/lists/address";
import classes from "~/lists/menus.module.css";
import { PRESETS, presetOf, rangeLabel, toFixed, toPreset } from "~/lists/ranges";
import type { Change } from "~/lists/useListAddress";
import { text } from "~/text/en";

const words = text.lists.ranges;

interface RangePickerProps {
  readonly address: ListAddress;
  readonly change: Change;
}

export function RangePicker({ address, change }: RangePickerProps) {
  const [isOpen, setOpen] = useState(false);
  const label = rangeLabel(address);
  function choose(patch: ListAddress) {
    setOpen(false);
    change(patch);
  }
  return (
    <Popover opened={isOpen} onChange={setOpen} position="bottom-end" width={260} trapFocus>
      <Popover.Target>
        <Button
          variant="default"
          size="xs"
          fw={400}
          leftSection={<IconCalendar size={14} aria-hidden />}
          onClick={() => setOpen(!isOpen)}
          aria-label={`${words.label}: ${label}`}
          justify="flex-start"
        >
          <span className="numbers">{label}</span>
        </Button>
      </Popover.Target>
      <Popover.Dropdown className={classes["dropdown"] ?? ""} aria-label={words.label}>
        <ul className={classes["list"]}>
          {PRESETS.map((preset) => (
            <li
              key={preset.id}
              className={classes["item"]}
              data-current={preset === presetOf(address) || undefined}
            >
              <UnstyledButton
                className={classes["open"] ?? ""}
                onClick={() => choose(toPreset(preset.id))}
              >
                {preset.label}
              </UnstyledButton>
            </li>
          ))}
        </ul>
        <Custom address={address} onChoose={choose} />
      </Popover.Dropdown>
    </Popover>
  );
}

interface CustomProps {
  readonly address: ListAddress;
  readonly onChoose: (patch: ListAddress) => void;
}

function Custom({ address, onChoose }: CustomProps) {
  const [from, setFrom] = useState(() => inputValue(address.from));
  const [to, setTo] = useState(() => inputValue(address.to));
  const [start, end] = [Date.parse(from), Date.parse(to)];
  const isBackwards = start > end;
  function submit(event: FormEvent) {
    event.preventDefault();
    if (Number.isNaN(start) && Number.isNaN(end)) return;
    if (Number.isNaN(end)) onChoose({ range: undefined, from: start, to: undefined });
    else if (Number.isNaN(start)) onChoose({ range: undefined, from: undefined, to: end });
    else onChoose(toFixed(start, end));
  }
  return (
    <form onSubmit={submit} className={classes["foot"]}>
      <Stack gap={6}>
        <Text size="xs" c="var(--quiet)">
          {words.custom}
        </Text>
        <TextInput
          type="datetime-local"
          step={1}
          size="xs"
          aria-label={words.from}
          value={from}
          onChange={(event) => setFrom(event.currentTarget.value)}
        />
        <TextInput
          type="datetime-local"
          step={1}
          size="xs"
          aria-label={words.to}
          value={to}
          error={isBackwards && words.backwards}
          onChange={(event) => setTo(event.currentTarget.value)}
        />
        <Button type="submit" size="xs" variant="default" disabled={isBackwards || !(from || to)}>
          {words.apply}
        </Button>
      </Stack>
    </form>
  );
}

/** As such an input wants it, in this machine's time zone. */
function inputValue(ms: number | undefined): string {
  return ms === undefined
    ? ""
    : formatTime(ms)
        .replace(" ", "T")
        .replace(/\.\d+$/, "");
}
