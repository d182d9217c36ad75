/** What stands in a place that has nothing to show: yet, at all, or because something failed. */
import { Button, Center, Group, Loader, Stack, Text, Title } from "@mantine/core";
import { IconAlertTriangle, IconMoodEmpty } from "@tabler/icons-react";
import type { ReactNode } from "react";
import classes from "~/app/states.module.css";
import { makeVisible } from "~/content/visible";
import { text } from "~/text/en";

export function Loading() {
  return (
    <Center h="100%" mih={160} role="status" aria-label={text.states.loading}>
      <Loader size="sm" type="dots" />
    </Center>
  );
}

interface EmptyProps {
  readonly title: string;
  readonly hint?: ReactNode;
  readonly action?: ReactNode;
  readonly icon?: ReactNode;
}

export function Empty({ title, hint, action, icon }: EmptyProps) {
  return (
    <Center h="100%" mih={200} p="xl">
      <Stack align="center" gap="xs" w="100%" maw={440} ta="center">
        <span className="quiet" aria-hidden>
          {icon ?? <IconMoodEmpty size={28} stroke={1.4} />}
        </span>
        <Title order={2} size="h4">
          {title}
        </Title>
        {hint && (
          <Text size="sm" c="dimmed" component="div">
            {hint}
          </Text>
        )}
        {action}
      </Stack>
    </Center>
  );
}

/** So many characters may not fit into the height that there is for them. */
const LONG = 600;

interface FailureProps {
  readonly error: unknown;
  readonly onRetry?: () => void;
  /** Another way on, beside trying again. */
  readonly way?: ReactNode;
}

/** Says the platform's own sentence. */
export function Failure({ error, onRetry, way }: FailureProps) {
  const message = error instanceof Error ? error.message : String(error);
  return (
    <div role="alert" className={classes["failure"]}>
      <Empty
        icon={<IconAlertTriangle size={28} stroke={1.4} color="var(--bad)" />}
        title={text.failures.title}
        hint={
          <p
            className={`${classes["sentence"]} foreign`}
            tabIndex={message.length > LONG ? 0 : undefined}
          >
            {makeVisible(message)}
          </p>
        }
        action={
          (onRetry || way) && (
            <Group gap="xs" justify="center" mt="xs">
              {onRetry && (
                <Button variant="default" size="xs" onClick={onRetry}>
                  {text.failures.again}
                </Button>
              )}
              {way}
            </Group>
          )
        }
      />
    </div>
  );
}
