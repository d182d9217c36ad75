/** What stands in a place that has nothing to show: yet, at all, or because something failed. */
import { Button, Center, Code, Loader, Stack, Text, Title } from "@mantine/core";
import { IconAlertTriangle, IconMoodEmpty } from "@tabler/icons-react";
import type { ReactNode } from "react";
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
      <Stack align="center" gap="xs" maw={440} ta="center">
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

interface FailureProps {
  readonly error: unknown;
  readonly onRetry?: () => void;
}

/** Says the platform's own sentence. */
export function Failure({ error, onRetry }: FailureProps) {
  const message = error instanceof Error ? error.message : String(error);
  return (
    <div role="alert">
      <Empty
        icon={<IconAlertTriangle size={28} stroke={1.4} color="var(--bad)" />}
        title={text.failures.title}
        hint={
          <Code block className="foreign" ta="left" style={{ whiteSpace: "pre-wrap" }}>
            {message}
          </Code>
        }
        action={
          onRetry && (
            <Button variant="default" size="xs" onClick={onRetry}>
              {text.failures.again}
            </Button>
          )
        }
      />
    </div>
  );
}
