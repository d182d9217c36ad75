import { Combobox, InputBase, useCombobox } from "@mantine/core";
import { IconSelector } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { Project } from "~/api/control";
import { workplacesQuery } from "~/api/people";
import classes from "~/app/Shell.module.css";
import { text } from "~/text/en";

const BY_NAME = new Intl.Collator("en", { numeric: true });

export function ProjectSwitcher({ current }: { readonly current: Project }) {
  const [sought, setSought] = useState("");
  const navigate = useNavigate();
  const { data: workplaces = [] } = useQuery(workplacesQuery);
  const combobox = useCombobox({
    onDropdownClose: () => {
      combobox.resetSelectedOption();
      setSought("");
    },
    onDropdownOpen: () => combobox.focusSearchInput(),
  });
  const groups = workplaces
    .map(({ workspace, projects }) => ({
      workspace,
      projects: projects
        .filter(({ name }) => name.toLowerCase().includes(sought.toLowerCase()))
        .toSorted((one, other) => BY_NAME.compare(one.name, other.name)),
    }))
    .filter(({ projects }) => projects.length > 0);
  return (
    <Combobox
      store={combobox}
      withinPortal
      onOptionSubmit={(projectId) => {
        combobox.closeDropdown();
        void navigate({ to: "/projects/$projectId/sessions", params: { projectId } });
      }}
    >
      <Combobox.Target targetType="button">
        <InputBase
          component="button"
          type="button"
          pointer
          size="xs"
          rightSection={<IconSelector size={14} aria-hidden />}
          rightSectionPointerEvents="none"
          onClick={() => combobox.toggleDropdown()}
          aria-label={`${text.shell.chooseProject}: ${current.name}`}
        >
          <span className={`${classes["current"]} cut foreign`} title={current.name}>
            {current.name}
          </span>
        </InputBase>
      </Combobox.Target>
      <Combobox.Dropdown>
        <Combobox.Search
          role="combobox"
          aria-expanded
          value={sought}
          onChange={(event) => setSought(event.currentTarget.value)}
          placeholder={text.shell.searchProjects}
          aria-label={text.shell.searchProjects}
        />
        <Combobox.Options aria-label={text.shell.chooseProject} mah={320} className="scrolling">
          {groups.length === 0 && <Combobox.Empty>{text.shell.noSuchProject}</Combobox.Empty>}
          {groups.map(({ workspace, projects }) => (
            <Combobox.Group key={workspace} label={workspace}>
              {projects.map(({ id, name }) => (
                <Combobox.Option key={id} value={id} active={id === current.id}>
                  <span className="clamped foreign" title={name}>
                    {name}
                  </span>
                </Combobox.Option>
              ))}
            </Combobox.Group>
          ))}
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  );
}
