/** The frame around every page of a project: navigation, project, account. */
import { AppShell, Burger, Group, ScrollArea, Stack } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { Outlet, useRouterState } from "@tanstack/react-router";
import { memo, useEffect } from "react";
import type { Me, Project } from "~/api/control";
import { Account } from "~/app/Account";
import { Deferred } from "~/app/Deferred";
import { Mark } from "~/app/Mark";
import { Navigation } from "~/app/Navigation";
import { ProjectSwitcher } from "~/app/ProjectSwitcher";
import classes from "~/app/Shell.module.css";
import { ShortcutHelp } from "~/app/ShortcutHelp";
import { text } from "~/text/en";

interface ShellProps {
  readonly who: Me;
  readonly project: Project;
}

/** Stays as it is while pages change within it: what they show is not to wait for their frame. */
export const Shell = memo(function Shell({ who, project }: ShellProps) {
  const [isOpen, { toggle, close }] = useDisclosure();
  return (
    <AppShell
      layout="alt"
      header={{ height: { base: 48, sm: 0 } }}
      navbar={{ width: 208, breakpoint: "sm", collapsed: { mobile: !isOpen } }}
      transitionDuration={0}
    >
      <button type="button" className={classes["skip"]} onClick={skip}>
        {text.shell.skip}
      </button>
      <AppShell.Header hiddenFrom="sm" className={classes["header"]}>
        <Group h="100%" px="sm" justify="space-between" wrap="nowrap">
          <Burger
            opened={isOpen}
            onClick={toggle}
            size="sm"
            aria-label={text.shell.openNavigation}
          />
          <span className={`${classes["title"]} cut foreign`} title={project.name}>
            {project.name}
          </span>
          <Mark />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar className={classes["navbar"]} aria-label={text.shell.navigation}>
        <Stack gap="xs" p="xs">
          <Group gap="xs" wrap="nowrap" px={6} pt={4} justify="space-between">
            <Group gap="xs" wrap="nowrap">
              <Mark />
              <span className={classes["title"]}>{text.product}</span>
            </Group>
            <Burger
              opened
              onClick={close}
              size="sm"
              hiddenFrom="sm"
              aria-label={text.failures.home}
            />
          </Group>
          <ProjectSwitcher current={project} />
        </Stack>
        <ScrollArea flex={1} px="xs">
          <Navigation projectId={project.id} />
        </ScrollArea>
        <Account who={who} />
      </AppShell.Navbar>
      <AppShell.Main id="content" className={classes["main"]} tabIndex={-1}>
        <Deferred>
          <Outlet />
        </Deferred>
      </AppShell.Main>
      <ShortcutHelp />
      <OnPath then={close} />
    </AppShell>
  );
});

function OnPath({ then }: { readonly then: () => void }) {
  const path = useRouterState({ select: (state) => state.location.pathname });
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is done at every change of the path
  useEffect(then, [path]);
  return null;
}

/** No link: the fragment of the address is the state of the page. */
function skip(): void {
  document.getElementById("content")?.focus();
}
