import { Alert, Button, Center, PasswordInput, Stack, Text, TextInput, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { FormEvent } from "react";
import { signIn } from "~/api/control";
import { ApiError } from "~/api/failure";
import { Mark } from "~/app/Mark";
import { addressOf } from "~/routes/address";
import { within } from "~/routes/within";
import { text } from "~/text/en";

const route = getRouteApi("/sign-in");

export function SignIn() {
  const { next } = route.useSearch();
  const attempt = useMutation({
    mutationFn: ({ email, password }: Credentials) => signIn(email, password),
    // A new page: the content policy of this one names no data plane, as nobody was known to it.
    onSuccess: () => window.location.assign(addressOf(within(next, window.location.origin))),
  });
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const fields = new FormData(event.currentTarget);
    attempt.mutate({
      email: String(fields.get("email")),
      password: String(fields.get("password")),
    });
  }
  return (
    <Center mih="100dvh" p="md" component="main">
      <form onSubmit={submit}>
        <Stack w={340} maw="100%" gap="md">
          <Mark size={36} />
          <div>
            <Title order={1} size="h3">
              {text.signIn.title}
            </Title>
            <Text c="dimmed" size="sm">
              {text.signIn.lead}
            </Text>
          </div>
          {attempt.error && (
            <Alert color="red" role="alert">
              {sentence(attempt.error)}
            </Alert>
          )}
          <TextInput
            name="email"
            type="text"
            inputMode="email"
            label={text.signIn.email}
            autoComplete="username"
            required
            autoFocus
          />
          <PasswordInput
            name="password"
            label={text.signIn.password}
            autoComplete="current-password"
            required
          />
          <Button type="submit" loading={attempt.isPending}>
            {text.signIn.submit}
          </Button>
          <Text size="xs" c="dimmed">
            {text.signIn.hint}
          </Text>
        </Stack>
      </form>
    </Center>
  );
}

interface Credentials {
  readonly email: string;
  readonly password: string;
}

function sentence(error: Error): string {
  return error instanceof ApiError && error.status === 401 ? text.signIn.refused : error.message;
}
