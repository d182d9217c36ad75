/** One value of an event, in the form that suits it best; the reader may choose another. */
import { SegmentedControl } from "@mantine/core";
import { useMemo, useState } from "react";
import classes from "~/content/content.module.css";
import { type Form, formsOf } from "~/content/forms";
import { JsonTree } from "~/content/JsonTree";
import { LongText } from "~/content/LongText";
import { Messages } from "~/content/Messages";
import type { Json } from "~/content/messages";
import { OrPlain } from "~/content/OrPlain";
import { Prose } from "~/content/Prose";
import { text } from "~/text/en";

interface SectionProps {
  readonly title: string;
  readonly path: string;
  readonly value: unknown;
  /** What to say where there is nothing. */
  readonly hint?: string | undefined;
  /** Of values whose names matter: they are shown with them, as JSON. */
  readonly isNamed?: boolean;
}

export function Section({ title, path, value, hint, isNamed = false }: SectionProps) {
  const forms = useMemo(() => {
    const all = formsOf(value as Json);
    return isNamed ? all.filter(({ name }) => name === "json") : all;
  }, [value, isNamed]);
  const [chosen, choose] = useState(forms[0]?.name);
  const form = forms.find(({ name }) => name === chosen) ?? forms[0];
  return (
    <section className={classes["section"]} aria-label={title}>
      <div className={classes["sectionHead"]}>
        <h3>{title}</h3>
        {forms.length > 1 && (
          <SegmentedControl
            size="xs"
            aria-label={title}
            value={form?.name ?? ""}
            onChange={(name) => choose(name as Form["name"])}
            data={forms.map(({ name }) => ({ value: name, label: text.content.formats[name] }))}
          />
        )}
      </div>
      {form ? (
        <OrPlain key={form.name} value={value}>
          <Formed form={form} path={path} />
        </OrPlain>
      ) : (
        <div className="quiet">{hint ?? text.content.empty}</div>
      )}
    </section>
  );
}

function Formed({ form, path }: { readonly form: Form; readonly path: string }) {
  switch (form.name) {
    case "chat":
      return <Messages messages={form.messages} />;
    case "markdown":
      return (
        <div className="foreign">
          <LongText text={form.text} render={(shown) => <Prose text={shown} />} />
        </div>
      );
    case "text":
      return (
        <div className={`${classes["plain"]} foreign`}>
          <LongText text={form.text} />
        </div>
      );
    case "json":
      return <JsonTree value={form.value} path={path} />;
  }
}
