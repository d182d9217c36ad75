/** What a person thinks of a stored event: good or bad, a comment, the right answer, a note. */
import { ActionIcon, Button, Group, Textarea, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconPencil, IconTag, IconThumbDown, IconThumbUp } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import type { Project } from "~/api/control";
import { writeJson } from "~/api/exactJson";
import { queries } from "~/app/queries";
import classes from "~/content/content.module.css";
import { type Change, change, eventQuery, type WholeEvent } from "~/content/query";
import { text } from "~/text/en";

const words = text.content.give;
const GOOD = 1;
const BAD = -1;

interface GiveFeedbackProps {
  readonly project: Project;
  readonly event: WholeEvent;
}

export function GiveFeedback({ project, event }: GiveFeedbackProps) {
  const [open, setOpen] = useState<"comment" | "correction" | "metadata">();
  const save = useChange(project, event, () => setOpen(undefined));
  const rating = event.feedback?.["rating"];
  function rate(value: number) {
    save.mutate({ feedback: { rating: value } });
    setOpen("comment");
  }
  return (
    <section className={classes["section"]} aria-label={words.title}>
      <div className={classes["sectionHead"]}>
        <h3>{words.title}</h3>
      </div>
      <Group gap={6}>
        <ActionIcon
          variant={rating === GOOD ? "filled" : "default"}
          color="teal"
          aria-label={words.good}
          aria-pressed={rating === GOOD}
          onClick={() => rate(GOOD)}
        >
          <IconThumbUp size={15} />
        </ActionIcon>
        <ActionIcon
          variant={rating === BAD ? "filled" : "default"}
          color="red"
          aria-label={words.bad}
          aria-pressed={rating === BAD}
          onClick={() => rate(BAD)}
        >
          <IconThumbDown size={15} />
        </ActionIcon>
        <Button
          variant="default"
          size="compact-sm"
          leftSection={<IconPencil size={13} />}
          onClick={() => setOpen("correction")}
        >
          {words.correction}
        </Button>
        <Button
          variant="default"
          size="compact-sm"
          leftSection={<IconTag size={13} />}
          onClick={() => setOpen("metadata")}
        >
          {words.metadata}
        </Button>
      </Group>
      {open && (
        <Form
          key={open}
          kind={open}
          event={event}
          isSaving={save.isPending}
          onSave={(what) => save.mutate(what)}
          onCancel={() => setOpen(undefined)}
        />
      )}
    </section>
  );
}

function useChange(project: Project, event: WholeEvent, onDone: () => void) {
  const key = eventQuery(project, event.event_id).queryKey;
  return useMutation({
    mutationFn: (what: Change) => change(project, event.event_id, what),
    onSuccess: (_, { feedback, metadata }) => {
      // Shown as it will read: objects merge into the stored ones (contract A1).
      queries.setQueryData(key, {
        ...event,
        feedback: { ...event.feedback, ...feedback },
        metadata: { ...event.metadata, ...metadata },
      });
      if (metadata || !("rating" in (feedback ?? {}))) onDone();
      notifications.show({ message: words.saved, autoClose: 1500 });
    },
    onError: (error) => notifications.show({ color: "red", message: error.message }),
  });
}

interface FormProps {
  readonly kind: "comment" | "correction" | "metadata";
  readonly event: WholeEvent;
  readonly isSaving: boolean;
  readonly onSave: (what: Change) => void;
  readonly onCancel: () => void;
}

function Form({ kind, event, isSaving, onSave, onCancel }: FormProps) {
  const [name, setName] = useState("");
  const [value, setValue] = useState(() => initial(kind, event));
  const isReady = value.trim() !== "" && (kind !== "metadata" || name.trim() !== "");
  return (
    <form
      className={classes["section"]}
      onSubmit={(submitted) => {
        submitted.preventDefault();
        onSave(changeOf(kind, name.trim(), value));
      }}
    >
      {kind === "metadata" && (
        <TextInput
          size="xs"
          mb={6}
          label={words.key}
          value={name}
          onChange={(typed) => setName(typed.currentTarget.value)}
          data-autofocus
        />
      )}
      <Textarea
        size="xs"
        autosize
        minRows={kind === "correction" ? 4 : 2}
        maxRows={16}
        label={label(kind)}
        description={kind === "correction" ? words.correctionHint : undefined}
        placeholder={kind === "comment" ? words.commentHint : undefined}
        value={value}
        onChange={(typed) => setValue(typed.currentTarget.value)}
      />
      <Group gap={6} mt={8}>
        <Button type="submit" size="compact-sm" disabled={!isReady} loading={isSaving}>
          {words.save}
        </Button>
        <Button variant="subtle" color="gray" size="compact-sm" onClick={onCancel}>
          {words.cancel}
        </Button>
      </Group>
    </form>
  );
}

function label(kind: FormProps["kind"]): string {
  return { comment: words.comment, correction: words.correction, metadata: words.value }[kind];
}

function initial(kind: FormProps["kind"], event: WholeEvent): string {
  if (kind === "metadata") return "";
  if (kind === "comment") return asText(event.feedback?.["comment"]);
  return asText(event.feedback?.["ground_truth"] ?? event.outputs?.["content"]);
}

function asText(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : writeJson(value, 2);
}

function changeOf(kind: FormProps["kind"], name: string, value: string): Change {
  if (kind === "comment") return { feedback: { comment: value } };
  if (kind === "correction") return { feedback: { ground_truth: value } };
  return { metadata: { [name]: value } };
}
