/** Saved views of a list: open, save, rename, delete, share. */
import { ActionIcon, Button, Group, Popover, Text, TextInput, UnstyledButton } from "@mantine/core";
import { useClipboard, useLocalStorage } from "@mantine/hooks";
import {
  IconBookmark,
  IconBookmarkFilled,
  IconCheck,
  IconLink,
  IconPencil,
  IconTrash,
} from "@tabler/icons-react";
import { useRouter } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import type { Project } from "~/api/control";
import type { ListAddress } from "~/lists/address";
import type { ListKind } from "~/lists/kinds";
import classes from "~/lists/menus.module.css";
import type { Change } from "~/lists/useListAddress";
import { readViews, removed, renamed, saved, shows, type View, viewsKey } from "~/lists/views";
import { text } from "~/text/en";

const words = text.lists.views;
/** A view says all of an address: what it does not name is as it was at first. */
const PLAIN: ListAddress = {
  q: undefined,
  range: undefined,
  from: undefined,
  to: undefined,
  sort: undefined,
  columns: undefined,
  live: undefined,
};

interface ViewsMenuProps {
  readonly project: Project;
  readonly kind: ListKind;
  readonly address: ListAddress;
  readonly change: Change;
}

export function ViewsMenu({ project, kind, address, change }: ViewsMenuProps) {
  const [views, setViews] = useLocalStorage<readonly View[]>({
    key: viewsKey(project.id, kind.name),
    defaultValue: [],
    getInitialValueInEffect: false,
    deserialize: (stored) => readViews(stored ?? null),
  });
  const [isOpen, setOpen] = useState(false);
  const [renaming, setRenaming] = useState<string>();
  const current = views.find((view) => shows(address, view));
  const Icon = current ? IconBookmarkFilled : IconBookmark;
  return (
    <Popover opened={isOpen} onChange={setOpen} position="bottom-end" width={300} trapFocus>
      <Popover.Target>
        <Button
          variant="subtle"
          color="gray"
          size="compact-sm"
          fw={500}
          leftSection={<Icon size={14} aria-hidden />}
          onClick={() => setOpen(!isOpen)}
          aria-label={current ? `${words.label}: ${current.name}` : words.label}
        >
          <span className={`${classes["name"]} foreign cut`}>{current?.name ?? words.label}</span>
        </Button>
      </Popover.Target>
      <Popover.Dropdown className={classes["dropdown"] ?? ""} aria-label={words.label}>
        {views.length === 0 && <p className={classes["hint"]}>{words.none}</p>}
        <ul className={classes["list"]}>
          {views.map((view) =>
            view.name === renaming ? (
              <li key={view.name}>
                <NameForm
                  initial={view.name}
                  onSave={(name) => {
                    setViews(renamed(views, view.name, name));
                    setRenaming(undefined);
                  }}
                />
              </li>
            ) : (
              <ViewItem
                key={view.name}
                view={view}
                isCurrent={view === current}
                onOpen={() => {
                  change({ ...PLAIN, ...view.address });
                  setOpen(false);
                }}
                onRename={() => setRenaming(view.name)}
                onRemove={() => setViews(removed(views, view.name))}
              />
            ),
          )}
        </ul>
        <div className={classes["foot"]}>
          <NameForm onSave={(name) => setViews(saved(views, name, address))} />
          <Text size="xs" c="var(--quiet)" mt={6}>
            {words.here}
          </Text>
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}

interface ViewItemProps {
  readonly view: View;
  readonly isCurrent: boolean;
  readonly onOpen: () => void;
  readonly onRename: () => void;
  readonly onRemove: () => void;
}

function ViewItem({ view, isCurrent, onOpen, onRename, onRemove }: ViewItemProps) {
  const router = useRouter();
  const clipboard = useClipboard();
  function share() {
    const { href } = router.buildLocation({ to: ".", search: view.address as never });
    clipboard.copy(new URL(router.history.createHref(href), window.location.origin).href);
  }
  return (
    <li className={classes["item"]} data-current={isCurrent || undefined}>
      <UnstyledButton
        className={`${classes["open"]} foreign cut`}
        title={view.name}
        onClick={onOpen}
      >
        {view.name}
      </UnstyledButton>
      <ActionIcon variant="subtle" color="gray" size={24} aria-label={words.share} onClick={share}>
        {clipboard.copied ? <IconCheck size={14} /> : <IconLink size={14} />}
      </ActionIcon>
      <ActionIcon
        variant="subtle"
        color="gray"
        size={24}
        aria-label={words.rename(view.name)}
        onClick={onRename}
      >
        <IconPencil size={14} />
      </ActionIcon>
      <ActionIcon
        variant="subtle"
        color="gray"
        size={24}
        aria-label={words.remove(view.name)}
        onClick={onRemove}
      >
        <IconTrash size={14} />
      </ActionIcon>
    </li>
  );
}

interface NameFormProps {
  readonly initial?: string;
  readonly onSave: (name: string) => void;
}

function NameForm({ initial = "", onSave }: NameFormProps) {
  const [name, setName] = useState(initial);
  function submit(event: FormEvent) {
    event.preventDefault();
    if (!name.trim()) return;
    onSave(name);
    setName("");
  }
  return (
    <form onSubmit={submit}>
      <Group gap={6} wrap="nowrap">
        <TextInput
          size="xs"
          flex={1}
          maxLength={80}
          placeholder={words.name}
          aria-label={words.name}
          value={name}
          data-autofocus={initial ? true : undefined}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Button type="submit" size="xs" variant="default" disabled={!name.trim()}>
          {words.saveButton}
        </Button>
      </Group>
    </form>
  );
}
