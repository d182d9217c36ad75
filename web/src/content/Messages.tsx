/** A conversation as people read one: who said what, a tool's answer below the call that asked. */
import { Anchor, Button } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import classes from "~/content/content.module.css";
import { FileLink } from "~/content/FileLink";
import { JsonTree } from "~/content/JsonTree";
import { LongText } from "~/content/LongText";
import { isShowable, type Json, type Message, type Part, type ToolCall } from "~/content/messages";
import { Prose } from "~/content/Prose";
import { makeVisible } from "~/content/visible";
import { text } from "~/text/en";

/** So many of the end stand open; a long history before them is folded. */
const OPEN = 8;

interface MessagesProps {
  readonly messages: readonly Message[];
  /** Fold nothing. */
  readonly isWhole?: boolean;
}

export function Messages({ messages, isWhole = false }: MessagesProps) {
  const [isOpen, setOpen] = useState(isWhole);
  const { shown, answers } = useMemo(() => folded(messages), [messages]);
  const hidden = isOpen ? 0 : Math.max(0, shown.length - OPEN);
  return (
    <>
      {hidden > 0 && (
        <Button variant="default" size="compact-xs" mb={6} onClick={() => setOpen(true)}>
          {text.content.earlier(hidden)}
        </Button>
      )}
      <ol className={classes["messages"]}>
        {shown.slice(hidden).map((message, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a recorded conversation does not change
          <OneMessage key={hidden + at} message={message} answers={answers} />
        ))}
      </ol>
    </>
  );
}

type Answers = ReadonlyMap<string, Message>;

/** Answers of tools stand with their calls; those whose call is not here stand by themselves. */
function folded(messages: readonly Message[]): { shown: Message[]; answers: Answers } {
  const called = new Set(messages.flatMap((one) => one.toolCalls.map((call) => call.id)));
  const answers = new Map<string, Message>();
  const shown = messages.filter((message) => {
    const { answers: id } = message;
    if (!id || !called.has(id) || answers.has(id)) return true;
    answers.set(id, message);
    return false;
  });
  return { shown, answers };
}

function OneMessage({ message, answers }: { message: Message; answers: Answers }) {
  const { role, name, parts, toolCalls, finishReason } = message;
  return (
    <li className={classes["message"]} data-role={role}>
      <div className={classes["role"]}>
        <span>{roleName(role)}</span>
        {name && <span className="quiet foreign">{makeVisible(name)}</span>}
        {finishReason && finishReason !== "stop" && (
          <span className="quiet">{text.content.stopped(makeVisible(finishReason))}</span>
        )}
      </div>
      <div className={classes["parts"]}>
        <Parts parts={parts} />
        {toolCalls.map((call, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: ids of calls may be missing or repeat
          <Call key={at} call={call} answer={call.id ? answers.get(call.id) : undefined} />
        ))}
      </div>
    </li>
  );
}

/** Some applications make roles up: one named `constructor` is no text of ours. */
function roleName(role: string): string {
  const { roles } = text.content;
  return (Object.hasOwn(roles, role) && roles[role]) || makeVisible(role);
}

function Call({ call, answer }: { call: ToolCall; answer: Message | undefined }) {
  return (
    <div className={classes["call"]}>
      <div>
        <span className="quiet">{text.content.toolCall} </span>
        <span className={`${classes["callName"]} foreign`}>{makeVisible(call.name) || "?"}</span>
      </div>
      <JsonTree value={call.arguments} path="arguments" />
      {answer && (
        <div className={classes["answer"]}>
          <div className="quiet">{text.content.toolAnswer}</div>
          <Parts parts={answer.parts} />
        </div>
      )}
    </div>
  );
}

export function Parts({ parts }: { readonly parts: readonly Part[] }) {
  return parts.map((part, at) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: parts of a recorded message do not change
    <OnePart key={at} part={part} />
  ));
}

function OnePart({ part }: { readonly part: Part }) {
  switch (part.kind) {
    case "text":
      return <Text text={part.text} />;
    case "thinking":
      return (
        <div className={`${classes["thinking"]} ${classes["plain"]} foreign`}>
          <LongText text={part.text} />
        </div>
      );
    case "image":
      return <Picture url={part.url} />;
    case "file":
      return <FileLink name={part.name} url={part.url} />;
    case "other":
      return <JsonTree value={part.value} path="content" />;
  }
}

/** What tools answer is often JSON in a text: it is read as what it is. */
function Text({ text: said }: { readonly text: string }) {
  const value = useMemo(() => parsed(said), [said]);
  if (value !== undefined) return <JsonTree value={value} path="content" />;
  return (
    <div className="foreign">
      <LongText text={said} render={(shown) => <Prose text={shown} />} />
    </div>
  );
}

const LONGEST_JSON = 1_000_000;

/** The object or list that a text is, or undefined. */
function parsed(said: string): Json | undefined {
  if (said.length > LONGEST_JSON || !/^\s*[[{]/.test(said)) return undefined;
  try {
    return JSON.parse(said) as Json;
  } catch {
    return undefined;
  }
}

function Picture({ url }: { readonly url: string }) {
  if (isShowable(url)) return <img className={classes["picture"]} src={url} alt="" />;
  const isData = url.startsWith("data:");
  if (isData) return <FileLink name={text.content.unsafeImage} url={url} />;
  return (
    <span className="quiet foreign">
      <IconDownload size={12} aria-hidden /> {text.content.remoteImage}:{" "}
      {/^https?:/i.test(url) ? (
        <Anchor href={url} target="_blank" rel="noopener noreferrer nofollow" size="sm">
          {makeVisible(url)}
        </Anchor>
      ) : (
        makeVisible(url.slice(0, 500))
      )}
    </span>
  );
}
