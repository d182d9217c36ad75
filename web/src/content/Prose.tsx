import { type MouseEvent, useId } from "react";
import Markdown, { type Components, defaultUrlTransform, type Options } from "react-markdown";
import remarkGfm from "remark-gfm";
import classes from "~/content/content.module.css";
import { bounded, mayBeParsed, visible } from "~/content/markdown";
import { OrPlain } from "~/content/OrPlain";
import { text as words } from "~/text/en";

/** No picture is fetched: its address would tell somebody that this was read (SECURITY H61). */
const COMPONENTS: Components = {
  img: ({ src, alt }) => (
    <span className="quiet">
      [{alt || words.content.image}: {typeof src === "string" ? src : ""}]
    </span>
  ),
  a: ({ href, id, children }) =>
    href?.startsWith("#") ? (
      <a href={href} id={id} onClick={showNote}>
        {children}
      </a>
    ) : (
      <a href={href} target="_blank" rel="noopener noreferrer nofollow" title={href}>
        {children}
      </a>
    ),
  table: ({ children }) => (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table is scrolled by keyboard
    <div className={classes["wide"]} tabIndex={0}>
      <table>{children}</table>
    </div>
  ),
};

/** A footnote, without a step of the history: the fragment of the address is the page's state. */
function showNote(event: MouseEvent<HTMLAnchorElement>): void {
  event.preventDefault();
  document.getElementById(event.currentTarget.hash.slice(1))?.scrollIntoView({ block: "nearest" });
}

const PLUGINS: Options["remarkPlugins"] = [remarkGfm, [bounded, classes["plain"] ?? ""], visible];

/**
 * Markdown as text: HTML in it is shown, never read; addresses are of the web or of mail only. What
 * is too deep or too large to be drawn is shown as it was written.
 */
export function Prose({ text }: { readonly text: string }) {
  if (!mayBeParsed(text)) return <div className={classes["plain"]}>{text}</div>;
  return (
    <OrPlain value={text}>
      <Drawn text={text} />
    </OrPlain>
  );
}

function Drawn({ text }: { readonly text: string }) {
  // Two texts may name footnotes alike: each leads to its own.
  const prefix = `${useId()}-`;
  return (
    <div className={classes["prose"]}>
      <Markdown
        remarkPlugins={PLUGINS}
        remarkRehypeOptions={{ clobberPrefix: prefix }}
        components={COMPONENTS}
        urlTransform={defaultUrlTransform}
      >
        {text}
      </Markdown>
    </div>
  );
}
