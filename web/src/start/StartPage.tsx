/** First run: a key, a snippet, and the moment when the first span arrives. */
import {
  Button,
  Code,
  CopyButton,
  Group,
  ScrollArea,
  Stack,
  Tabs,
  Text,
  Title,
} from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { createIngestionKey, type Project } from "~/api/control";
import { accessTo } from "~/api/token";
import { Failure, Loading } from "~/app/states";
import { formatDay } from "~/formats/times";
import { useProject } from "~/routes/useProject";
import { Arrival } from "~/start/Arrival";
import { INSTRUMENTORS, type Instrumentor, snippetOf } from "~/start/snippets";
import classes from "~/start/start.module.css";
import { text } from "~/text/en";

const words = text.start;

export function StartPage() {
  const project = useProject();
  const address = useQuery({
    queryKey: ["data-plane-url", project.data_plane_id],
    queryFn: async () => (await accessTo(project.data_plane_id)).url,
  });
  if (address.error)
    return <Failure error={address.error} onRetry={() => void address.refetch()} />;
  if (!address.data) return <Loading />;
  return (
    <ScrollArea h="100%">
      <Stack className={classes["page"]} gap={28}>
        <header>
          <Title order={1} size="h3">
            {words.title}
          </Title>
          <Text c="dimmed">{words.lead}</Text>
        </header>
        <Steps key={project.id} project={project} url={address.data} />
      </Stack>
    </ScrollArea>
  );
}

function Steps({ project, url }: { readonly project: Project; readonly url: string }) {
  const key = useMutation({
    mutationFn: () => createIngestionKey(project.id, words.keyName(formatDay(Date.now()))),
  });
  return (
    <ol className={classes["steps"]}>
      <li>
        <h2>{words.key}</h2>
        <Text size="sm" c="dimmed" mb="xs">
          {words.keyHint}
        </Text>
        {key.error && (
          <Text size="sm" c="var(--bad)" role="alert" mb="xs" className="foreign">
            {key.error.message}
          </Text>
        )}
        {key.data ? (
          <Copyable content={key.data} label={words.copyKey} />
        ) : (
          <Button size="xs" loading={key.isPending} onClick={() => key.mutate()}>
            {words.create}
          </Button>
        )}
      </li>
      <li>
        <h2>{words.code}</h2>
        <Snippets url={url} apiKey={key.data ?? words.placeholder} />
        <Text size="sm" c="dimmed" mt="sm" mb={6}>
          {words.anyLanguage}
        </Text>
        <Copyable content={`${url}/v1/traces`} label={words.endpoint} />
      </li>
      <li>
        <h2>{words.watch}</h2>
        <Arrival project={project} />
      </li>
    </ol>
  );
}

function Snippets({ url, apiKey }: { readonly url: string; readonly apiKey: string }) {
  const [chosen, choose] = useState<Instrumentor>("opentelemetry");
  const { install, code } = snippetOf(chosen, url, apiKey);
  return (
    <Tabs value={chosen} onChange={(value) => value && choose(value as Instrumentor)}>
      <Tabs.List mb="sm" className={classes["tabs"] ?? ""}>
        {INSTRUMENTORS.map((one) => (
          <Tabs.Tab key={one} value={one} py={7}>
            {words.names[one]}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      <Tabs.Panel value={chosen}>
        <Stack gap={8}>
          <Copyable content={install} label={words.install} />
          <Copyable content={code} label={words.program} />
        </Stack>
      </Tabs.Panel>
    </Tabs>
  );
}

function Copyable({ content, label }: { readonly content: string; readonly label: string }) {
  return (
    <div className={classes["copyable"]}>
      <Group justify="space-between" className={classes["bar"] ?? ""}>
        <span>{label}</span>
        <CopyButton value={content}>
          {({ copied, copy }) => (
            <Button variant="subtle" color="gray" size="compact-xs" onClick={copy}>
              {copied ? words.copied : words.copy}
            </Button>
          )}
        </CopyButton>
      </Group>
      <Code block className={classes["code"] ?? ""} aria-label={label} tabIndex={0}>
        {content}
      </Code>
    </div>
  );
}
