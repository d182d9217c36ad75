/** A conversation as people read one: who said what, a tool's answer below the call that asked. */
import { Anchor, Button } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { type Answers, pairAnswers } from "~/content/answers";
import classes from "~/content/content.module.css";
import { FileLink } from "~/content/FileLink";
import { JsonTree } from "~/content/JsonTree";
import { readJsonText } from "~/content/jsonText";
import { LongText } from "~/content/LongText";
import { isShowable, type Message, type Part, type ToolCall } from "~/content/messages";
import { OrPlain } from "~/content/OrPlain";
import { Prose } from "~/content/Prose";
import { labelOf } from "~/content/visible";
import { text } from "~/text/en";

/** So many of the end stand open; a long history before them is folded. */
const OPEN = 8;
/** Of a role, a tool or a speaker. */
const LONGEST_NAME = 120;
const LONGEST_ADDRESS = 500;
/** Beyond it no server would read an address. */
const LONGEST_LINK = 8_000;

interface MessagesProps {
  readonly messages: readonly Message[];
  /** Fold nothing. */
  readonly isWhole?: boolean;
}

export function Messages({ messages, isWhole = false }: MessagesProps) {
  const [isOpen, setOpen] = useState(isWhole);
  const { shown, answers } = useMemo(() => pairAnswers(messages), [messages]);
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

function OneMessage({ message, answers }: { message: Message; answers: Answers }) {
  const { role, name, parts, toolCalls, finishReason } = message;
  return (
    <li className={classes["message"]} data-role={role}>
      <div className={classes["role"]}>
        <span>{roleOf(role)}</span>
        {name && <span className="quiet foreign">{labelOf(name, LONGEST_NAME)}</span>}
        {finishReason && finishReason !== "stop" && (
          <span className="quiet">{text.content.stopped(labelOf(finishReason, LONGEST_NAME))}</span>
        )}
      </div>
      <div className={classes["parts"]}>
        <Parts parts={parts} />
        {toolCalls.map((call, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: ids of calls may be missing or repeat
          <Call key={at} call={call} answer={answers.get(call)} />
        ))}
      </div>
    </li>
  );
}

/** A role may be any text, also the name of something that every object has. */
function roleOf(role: string): string {
  const { roles } = text.content;
  return Object.hasOwn(roles, role) ? (roles[role] ?? "") : labelOf(role, LONGEST_NAME);
}

function Call({ call, answer }: { call: ToolCall; answer: Message | undefined }) {
  return (
    <div className={classes["call"]}>
      <div>
        <span className="quiet">{text.content.toolCall} </span>
        <span className={`${classes["callName"]} foreign`}>
          {labelOf(call.name, LONGEST_NAME) || "?"}
        </span>
      </div>
      <JsonTree value={call.arguments} path="arguments" />
      {call.others && <Parts parts={call.others} />}
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
    <OrPlain key={at} value={part}>
      <OnePart part={part} />
    </OrPlain>
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
  const value = useMemo(() => readJsonText(said), [said]);
  if (value !== undefined) return <JsonTree value={value} path="content" />;
  return (
    <div className="foreign">
      <LongText text={said} render={(shown) => <Prose text={shown} />} />
    </div>
  );
}

function Picture({ url }: { readonly url: string }) {
  if (isShowable(url)) return <img className={classes["picture"]} src={url} alt="" />;
  const isData = url.startsWith("data:");
  if (isData) return <FileLink name={text.content.unsafeImage} url={url} />;
  return (
    <span className="quiet foreign">
      <IconDownload size={12} aria-hidden /> {text.content.remoteImage}:{" "}
      {/^https?:/i.test(url) && url.length <= LONGEST_LINK ? (
        <Anchor href={url} target="_blank" rel="noopener noreferrer nofollow" size="sm">
          {labelOf(url, LONGEST_ADDRESS)}
        </Anchor>
      ) : (
        labelOf(url, LONGEST_ADDRESS)
      )}
    </span>
  );
}
