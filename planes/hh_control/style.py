"""How the pages look: one style sheet, light or dark as the reader's system is."""

STYLE = """
:root { color-scheme: light dark; --ink: #16181d; --quiet: #5c6370; --paper: #ffffff;
  --card: #f6f7f9; --line: #e2e5ea; --accent: #3557d6; --good: #1a8f5a; --late: #b45309; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaef; --quiet: #9aa2b1; --paper: #101217;
  --card: #181b22; --line: #2a2f3a; --accent: #8ea6ff; --good: #4cc38a; --late: #f0a35e; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", sans-serif; }
main { max-width: 56rem; margin: 0 auto; padding: clamp(2rem, 6vw, 4rem) 1.5rem; }
h1 { font-size: 2rem; line-height: 1.2; letter-spacing: -0.02em; margin: 0 0 .25rem; }
h2 { font-size: 1.1rem; margin: 2.5rem 0 .75rem; }
h3 { font-size: .9rem; margin: 1.5rem 0 .5rem; }
p { margin: 0 0 .75rem; }
a { color: var(--accent); text-underline-offset: 3px; }
a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
code { font: .875em ui-monospace, SFMono-Regular, Menlo, monospace; overflow-wrap: anywhere; }
.eyebrow { color: var(--quiet); font-size: .85rem; margin: 0 0 .25rem; }
.quiet { color: var(--quiet); }
nav { display: grid; grid-template-columns: repeat(auto-fit, minmax(14rem, 1fr)); gap: 1rem;
  margin: 2rem 0; }
.card { display: grid; align-content: start; gap: .25rem; padding: 1.1rem 1.2rem;
  border: 1px solid var(--line); border-radius: 10px; background: var(--card);
  color: inherit; text-decoration: none; }
.card:hover { border-color: var(--accent); }
.card span { color: var(--quiet); font-size: .9rem; }
.row { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem 1rem; padding: .75rem 0;
  border-top: 1px solid var(--line); }
.dot { width: .6rem; height: .6rem; border-radius: 50%; background: var(--late); }
.dot.good { background: var(--good); }
.index { list-style: none; padding: 0; margin: 0; display: grid; column-gap: 2rem;
  grid-template-columns: repeat(auto-fill, minmax(min(22rem, 100%), 1fr)); }
.index a { display: grid; gap: .1rem; padding: .5rem 0; text-decoration: none; color: inherit; }
.index a:hover strong { color: var(--accent); }
.index strong { font-weight: 500; font-size: .95rem; }
.index code { color: var(--quiet); font-size: .8rem; }
.operation { border-top: 1px solid var(--line); margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; display: block;
  overflow-x: auto; }
td { border-top: 1px solid var(--line); padding: .5rem .75rem .5rem 0; vertical-align: top; }
"""
