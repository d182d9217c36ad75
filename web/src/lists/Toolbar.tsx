/** What stands above a list: its name, how much it is, and what can be done with it. */
import { ActionIcon, Button, Menu, Tooltip } from "@mantine/core";
import { IconDownload, IconPlayerPauseFilled, IconPlayerPlayFilled } from "@tabler/icons-react";
import type { Project } from "~/api/control";
import { formatCount } from "~/formats/numbers";
import type { ListAddress } from "~/lists/address";
import { ColumnsMenu } from "~/lists/ColumnsMenu";
import type { Column } from "~/lists/columns";
import type { ListKind } from "~/lists/kinds";
import classes from "~/lists/ListPage.module.css";
import type { ExportFormat } from "~/lists/useExport";
import type { Change } from "~/lists/useListAddress";
import type { Tail } from "~/lists/useTail";
import { ViewsMenu } from "~/lists/ViewsMenu";
import { text } from "~/text/en";

const { live: words, exporting } = text.lists;

interface ToolbarProps {
  readonly kind: ListKind;
  readonly project: Project;
  readonly address: ListAddress;
  readonly change: Change;
  readonly columns: readonly Column[];
  readonly count: number | undefined;
  readonly tail: Tail;
  readonly isLive: boolean;
  readonly onExport: (format: ExportFormat) => void;
}

export function Toolbar(props: ToolbarProps) {
  const { kind, project, address, change, columns, count, tail, isLive, onExport } = props;
  return (
    <header className={classes["toolbar"]}>
      <h1 className={classes["title"]}>{kind.title}</h1>
      <span className={`${classes["count"]} numbers`} aria-live="off">
        {count !== undefined && formatCount(count)}
      </span>
      <LiveButton isLive={isLive} isFailing={tail.isFailing} change={change} />
      <ViewsMenu project={project} kind={kind} address={address} change={change} />
      <ColumnsMenu project={project} kind={kind} columns={columns} change={change} />
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <Tooltip label={exporting.label}>
            <ActionIcon variant="subtle" color="gray" aria-label={exporting.label}>
              <IconDownload size={16} stroke={1.7} />
            </ActionIcon>
          </Tooltip>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>{exporting.all(kind.noun(2))}</Menu.Label>
          <Menu.Item onClick={() => onExport("csv")}>{exporting.csv}</Menu.Item>
          <Menu.Item onClick={() => onExport("jsonl")}>{exporting.jsonl}</Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </header>
  );
}

interface LiveButtonProps {
  readonly isLive: boolean;
  readonly isFailing: boolean;
  readonly change: Change;
}

function LiveButton({ isLive, isFailing, change }: LiveButtonProps) {
  const doing = isLive ? words.pause : words.resume;
  const Icon = isLive ? IconPlayerPauseFilled : IconPlayerPlayFilled;
  return (
    <Tooltip label={isLive && isFailing ? words.failing : doing}>
      <Button
        variant="subtle"
        color="gray"
        size="compact-sm"
        fw={500}
        aria-label={doing}
        rightSection={<Icon size={11} aria-hidden />}
        onClick={() => change({ live: isLive ? false : undefined }, { replace: true })}
      >
        <span className={classes["live"]}>
          <span
            className={classes["dot"]}
            data-state={isLive ? (isFailing ? "failing" : "live") : "paused"}
          />
          {isLive ? words.on : words.paused}
        </span>
      </Button>
    </Tooltip>
  );
}
