import {
  Avatar,
  Group,
  Menu,
  UnstyledButton,
  useMantineColorScheme,
  VisuallyHidden,
} from "@mantine/core";
import { IconBook, IconHeartbeat, IconKeyboard, IconLogout } from "@tabler/icons-react";
import { type Me, signOut } from "~/api/control";
import classes from "~/app/Shell.module.css";
import { showShortcuts } from "~/app/shortcuts";
import { text } from "~/text/en";

export function Account({ who }: { readonly who: Me }) {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const name = who.user.name ?? who.user.email;
  return (
    <div className={classes["account"]}>
      <Menu position="top-start" width={230} withinPortal>
        <Menu.Target>
          <UnstyledButton w="100%" p={4}>
            <VisuallyHidden>{text.shell.account}: </VisuallyHidden>
            <Group gap="xs" wrap="nowrap">
              <Avatar name={name} color="initials" size={24} radius="sm" />
              <span className="cut foreign">{name}</span>
            </Group>
          </UnstyledButton>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>{text.shell.appearance}</Menu.Label>
          <Menu.RadioGroup
            value={colorScheme}
            onChange={(value) => setColorScheme(value as typeof colorScheme)}
          >
            <Menu.RadioItem value="auto">{text.shell.system}</Menu.RadioItem>
            <Menu.RadioItem value="light">{text.shell.light}</Menu.RadioItem>
            <Menu.RadioItem value="dark">{text.shell.dark}</Menu.RadioItem>
          </Menu.RadioGroup>
          <Menu.Divider />
          <Menu.Item leftSection={<IconKeyboard size={15} />} onClick={showShortcuts}>
            {text.shell.keys}
          </Menu.Item>
          <Menu.Item component="a" href="/status" leftSection={<IconHeartbeat size={15} />}>
            {text.shell.status}
          </Menu.Item>
          <Menu.Item component="a" href="/docs" leftSection={<IconBook size={15} />}>
            {text.shell.reference}
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item leftSection={<IconLogout size={15} />} onClick={leave}>
            {text.shell.signOut}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </div>
  );
}

/** Upon a new page nothing of the session is left in memory. */
async function leave() {
  await signOut();
  window.location.assign("/sign-in");
}
