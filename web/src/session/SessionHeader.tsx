/** What a session is called, what it adds up to, and how to pass it on. */
import { ActionIcon, Button, CopyButton, Tooltip } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { IconAlertCircle, IconCheck, IconCopy, IconLink } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import type { Project } from "~/api/control";
import { makeVisible } from "~/content/visible";
import { formatDuration } from "~/formats/durations";
import { formatCost } from "~/formats/money";
import { formatCount, formatTokens } from "~/formats/numbers";
import { formatTime, formatTimeExact } from "~/formats/times";
import { readList } from "~/lists/listLink";
import type { SessionAddress } from "~/session/address";
import { NeighbourButtons } from "~/session/NeighbourButtons";
import { sessionName } from "~/session/nodeName";
import type { Facts } from "~/session/outline/facts";
import classes from "~/session/session.module.css";
import { UserOf } from "~/session/UserOf";
import { text } from "~/text/en";

const words = text.session.header;

interface SessionHeaderProps {
  readonly project: Project;
  readonly sessionId: string;
  /** Undefined while it is loading. */
  readonly facts: Facts | undefined;
  readonly address: SessionAddress;
  readonly onNextError: () => void;
}

export function SessionHeader(props: SessionHeaderProps) {
  const { project, sessionId, facts, address, onNextError } = props;
  const name = sessionName(facts?.outline.session);
  const isSettled = useOnce(facts?.outline.isComplete === true);
  return (
    <header className={classes["header"]}>
      <div className={classes["titles"]}>
        <Link
          to="/projects/$projectId/sessions"
          params={{ projectId: project.id }}
          search={{ ...readList(address.list), row: sessionId }}
          className={classes["up"] ?? ""}
        >
          {words.sessions}
        </Link>
        <span className="quiet" aria-hidden>
          /
        </span>
        <h1 className="cut foreign" title={name}>
          {name}
        </h1>
        <span className={`${classes["id"]} mono cut foreign`} title={makeVisible(sessionId)}>
          {makeVisible(sessionId)}
        </span>
        <CopyId sessionId={sessionId} />
        <ShareLink />
        {isSettled && (
          <NeighbourButtons project={project} sessionId={sessionId} address={address} />
        )}
      </div>
      {facts && (
        <Totals facts={facts} onNextError={onNextError}>
          {isSettled && <UserOf project={project} sessionId={sessionId} />}
        </Totals>
      )}
    </header>
  );
}

/** True from the first time on: what stands beside a session is asked for after the session. */
function useOnce(isNow: boolean): boolean {
  const [was, setWas] = useState(isNow);
  if (isNow && !was) setWas(true);
  return was || isNow;
}

function CopyId({ sessionId }: { readonly sessionId: string }) {
  return (
    <CopyButton value={sessionId}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? words.copied : words.copyId}>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="sm"
            aria-label={copied ? words.copied : words.copyId}
            onClick={copy}
          >
            {copied ? <IconCheck size={14} aria-hidden /> : <IconCopy size={14} aria-hidden />}
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  );
}

/** The address of the page is its whole state: it is read when it is copied. */
function ShareLink() {
  const { copied, copy } = useClipboard();
  const label = copied ? words.copied : words.share;
  return (
    <Tooltip label={label}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="sm"
        aria-label={label}
        onClick={() => copy(window.location.href)}
      >
        {copied ? <IconCheck size={14} aria-hidden /> : <IconLink size={14} aria-hidden />}
      </ActionIcon>
    </Tooltip>
  );
}

interface TotalsProps {
  readonly facts: Facts;
  readonly onNextError: () => void;
  readonly children: ReactNode;
}

function Totals({ facts, onNextError, children }: TotalsProps) {
  const { session } = facts.outline;
  const inAndOut = words.tokensOf(
    formatTokens(session.prompt_tokens),
    formatTokens(session.completion_tokens),
  );
  return (
    <dl className={`${classes["totals"]} numbers`}>
      {children}
      <Total label={words.start} hint={formatTimeExact(session.start_time)}>
        {formatTime(session.start_time)}
      </Total>
      <Total label={words.duration}>{formatDuration(session.duration)}</Total>
      <Total label={words.events}>{formatCount(session.num_events)}</Total>
      <Total label={words.tokens} hint={inAndOut}>
        {formatTokens(session.total_tokens)}
      </Total>
      <Total label={words.cost}>{formatCost(session.cost)}</Total>
      {facts.errors.length > 0 && (
        <div>
          <dt>{words.errors}</dt>
          <dd>
            <Button
              size="compact-xs"
              variant="light"
              color="red"
              title={words.nextError}
              leftSection={<IconAlertCircle size={13} aria-hidden />}
              onClick={onNextError}
            >
              {formatCount(facts.errors.length)}
            </Button>
          </dd>
        </div>
      )}
    </dl>
  );
}

interface TotalProps {
  readonly label: string;
  readonly hint?: string;
  readonly children: string;
}

function Total({ label, hint, children }: TotalProps) {
  return (
    <div title={hint}>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}
