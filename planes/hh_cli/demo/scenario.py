"""What the demo's customers ask, and what the support agent can look up."""

from dataclasses import dataclass

PLANNER = "You plan how a support request is handled. Answer with a JSON list of steps."
SUPPORT = "You are the support agent of a shop for musical instruments. Be brief and kind."


@dataclass(frozen=True, slots=True)
class Document:
    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """One customer: a session of several turns."""

    session: str
    customer: str
    model: str
    turns: tuple[str, ...]


DOCUMENTS = (
    Document("kb-12", "Returns", "Instruments can be sent back within 30 days, strings cannot."),
    Document("kb-27", "Shipping", "Parcels leave our warehouse within one working day."),
    Document("kb-31", "Warranty", "Every guitar has five years of warranty on the neck."),
    Document("kb-44", "Refunds", "A refund reaches your account three to five days after return."),
    Document("kb-58", "Set-up", "We adjust action and intonation of every guitar before sending."),
    Document("kb-63", "Gift cards", "Gift cards are valid for three years and can be combined."),
)

ORDERS = {
    "A-1042": {"item": "Jazzmaster, sunburst", "status": "shipped", "eta_days": 2, "total": 899.0},
    "A-1077": {"item": "Stage piano P-125", "status": "processing", "eta_days": 5, "total": 649.0},
    "A-1103": {"item": "Cello bow, carbon", "status": "delivered", "eta_days": 0, "total": 210.0},
}

TOOLS = (
    {
        "type": "function",
        "function": {
            "name": "look_up_order",
            "description": "Status of an order",
            "parameters": {
                "type": "object",
                "properties": {"order_id": {"type": "string"}},
                "required": ["order_id"],
            },
        },
    },
    {
        "type": "function",
        "function": {
            "name": "open_return",
            "description": "Open a return for an order",
            "parameters": {
                "type": "object",
                "properties": {"order_id": {"type": "string"}, "reason": {"type": "string"}},
                "required": ["order_id", "reason"],
            },
        },
    },
)

CONVERSATIONS = (
    Conversation(
        "late-guitar",
        "mara",
        "gpt-4o",
        (
            "Where is my order A-1042? It should have been here yesterday.",
            "Is it set up before you send it? I play tomorrow.",
        ),
    ),
    Conversation(
        "wrong-bow",
        "joris",
        "gpt-4o-mini",
        (
            "The bow of order A-1103 is too heavy for me. Can I send it back?",
            "Then please open the return for A-1103, reason: too heavy.",
            "And when do I see my money?",
        ),
    ),
    Conversation(
        "piano-question",
        "aiko",
        "gpt-4.1",
        (
            "Can I still change order A-1077 to the white model?",
            "My gift card does not work, order Z-9999 failed.",
        ),
    ),
)
