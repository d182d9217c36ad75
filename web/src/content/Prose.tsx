import Markdown, { type Components, defaultUrlTransform } from "react-markdown";
import remarkGfm from "remark-gfm";
import classes from "~/content/content.module.css";

/** No picture is fetched: its address would tell somebody that this was read (SECURITY H61). */
const COMPONENTS: Components = {
  img: ({ src, alt }) => (
    <span className="quiet">
      [{alt || "image"}: {typeof src === "string" ? src : ""}]
    </span>
  ),
  a: ({ href, children }) => (
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

/** Markdown as text: HTML in it is shown, never read; addresses are of the web or of mail only. */
export function Prose({ text }: { readonly text: string }) {
  return (
    <div className={classes["prose"]}>
      <Markdown
        remarkPlugins={[remarkGfm]}
        components={COMPONENTS}
        urlTransform={defaultUrlTransform}
      >
        {text}
      </Markdown>
    </div>
  );
}
