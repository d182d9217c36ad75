"""A hundred texts that want to run, to leave, to hide or to break (OWASP ASVS 5.0, 1.2)."""

from collections.abc import Sequence

_ALERT = "alert(document.domain)"
_AWAY = "http://127.0.0.1:9/stolen"

_HTML = (
    "<script>{js}</script>",
    "<ScRiPt>{js}</sCrIpT>",
    "<script src={away}></script>",
    "<img src=x onerror={js}>",
    "<img src={away}>",
    "<img srcset='{away} 2x'>",
    "<svg onload={js}>",
    "<svg><script>{js}</script></svg>",
    "<svg><animate onbegin={js} attributeName=x dur=1s>",
    "<svg><use href='{away}#x'/></svg>",
    "<svg><image href='{away}'/></svg>",
    "<svg><foreignObject><iframe src={away}></iframe></foreignObject></svg>",
    "<iframe src=javascript:{js}></iframe>",
    "<iframe srcdoc='<script>{js}</script>'></iframe>",
    "<object data={away}></object>",
    "<embed src={away}>",
    "<link rel=stylesheet href={away}>",
    "<link rel=prefetch href={away}>",
    "<meta http-equiv=refresh content='0;url={away}'>",
    "<base href={away}/>",
    "<form action={away}><button autofocus onfocus={js}>",
    "<input autofocus onfocus={js}>",
    "<details open ontoggle={js}>",
    "<video src={away} autoplay onloadstart={js}>",
    "<audio src={away} autoplay>",
    "<video poster={away}>",
    "<body onload={js}>",
    "<marquee onstart={js}>",
    "<style>@import '{away}';</style>",
    "<style>*{{background:url({away})}}</style>",
    "<div style='background:url({away})'>x</div>",
    "<div style=width:expression({js})>",
    "<math><mtext><script>{js}</script></mtext></math>",
    "<math href='javascript:{js}'>x</math>",
    "<table background={away}>",
    "<template><script>{js}</script></template>",
    "<noscript><p title='</noscript><img src=x onerror={js}>'>",
    "<textarea></textarea><script>{js}</script>",
    "<title></title><script>{js}</script>",
    "<!--><script>{js}</script>-->",
    "<![CDATA[<script>{js}</script>]]>",
    "<a href=javascript:{js} autofocus>x</a>",
    "<a ping={away} href=#>x</a>",
    "<portal src={away}>",
    "<object type=text/html data='data:text/html,<script>{js}</script>'>",
    "</pre><script>{js}</script>",
    "</code></pre><img src=x onerror={js}>",
    '"><script>{js}</script>',
    "'><img src=x onerror={js}>",
    "`-{js}-`",
)
_MARKDOWN = (
    "[x](javascript:{js})",
    "[x](JaVaScRiPt:{js})",
    "[x](java\tscript:{js})",
    "[x](&#106;avascript:{js})",
    "[x](data:text/html,<script>{js}</script>)",
    "[x](vbscript:{js})",
    "[x](file:///etc/passwd)",
    "![x]({away})",
    "![x](javascript:{js})",
    "![x](data:image/svg+xml,<svg onload={js}>)",
    "<{away}>",
    "<javascript:{js}>",
    "[x]: {away}\n\n![x][x]",
    '[x]({away} "onmouseover={js}")',
    "```html\n<script>{js}</script>\n```",
    "`<script>{js}</script>`",
    "~~~\n</code><script>{js}</script>\n~~~",
    "| a |\n|---|\n| <img src=x onerror={js}> |",
    "# <img src=x onerror={js}>",
    "> <script>{js}</script>",
    "- [ ] <input onfocus={js} autofocus>",
    "[^1]\n\n[^1]: <script>{js}</script>",
    "www.example.com{js}",
    "[\u202egpj.exe](javascript:{js})",
)
_TEMPLATES = (
    "{{{{constructor.constructor('{js}')()}}}}",
    "${{{js}}}",
    "#{{{js}}}",
    "<%= {js} %>",
    "{{{{7*7}}}}",
    "javascript:{js}",
    "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
    "__proto__",
    "constructor",
    "hasOwnProperty",
)
_ODD = (
    "nul\x00byte",
    "\x1b[31mred\x1b[0m \x1b]8;;http://127.0.0.1:9/\x1b\\link\x1b]8;;\x1b\\",
    "\u202eright to left\u202c, \u2066isolated\u2069",
    "zero\u200bwidth\u200djoined\ufeff",
    "\U000e0041\U000e0042 tags",
    "Z\u0351\u036b\u0343\u036a\u0302\u0358a\u0340l\u0321g\u0360o",
    "\u0627\u0644\u0639\u0631\u0628\u064a\u0629 and \u05e2\u05d1\u05e8\u05d9\u05ea",
    "\u2028line\u2029paragraph",
    "\ud83d\ude00 \U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea",
    "a" * 20_000,
    " " * 5_000 + "x",
    "\n" * 3_000 + "x",
    "[" * 3_000 + "]" * 3_000,
    "*" * 3_000,
    "![" * 2_000,
    "=cmd|' /C calc'!A0",
)


def payloads() -> Sequence[str]:
    """Each as the sender writes it."""
    dangerous = (*_HTML, *_MARKDOWN, *_TEMPLATES)
    return [
        *(one.format(js=_ALERT, away=_AWAY) for one in dangerous),
        *(_plain(one) for one in _ODD),
    ]


def nested(depth: int) -> object:
    """An object in an object, so deep."""
    inner: object = "the innermost"
    for _ in range(depth):
        inner = {"in": inner}
    return inner


def _plain(text: str) -> str:
    """Pairs of surrogates as the characters that they stand for."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16")
