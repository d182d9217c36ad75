/** What to paste into an application so that its traces come here, by instrumentor. */

export const INSTRUMENTORS = [
  "opentelemetry",
  "openinference",
  "openllmetry",
  "honeyhive",
] as const;
export type Instrumentor = (typeof INSTRUMENTORS)[number];

export interface Snippet {
  readonly install: string;
  readonly code: string;
}

/** `url` of the data plane, without a slash at its end; `key` as the program will send it. */
export function snippetOf(instrumentor: Instrumentor, url: string, key: string): Snippet {
  return { install: INSTALL[instrumentor], code: CODE[instrumentor](url, key) };
}

const EXPORTER = "opentelemetry-sdk opentelemetry-exporter-otlp-proto-http";

const INSTALL: Readonly<Record<Instrumentor, string>> = {
  opentelemetry: `pip install ${EXPORTER}`,
  openinference: `pip install openai openinference-instrumentation-openai ${EXPORTER}`,
  openllmetry: `pip install openai opentelemetry-instrumentation-openai ${EXPORTER}`,
  honeyhive: "pip install honeyhive",
};

const CODE: Readonly<Record<Instrumentor, (url: string, key: string) => string>> = {
  opentelemetry: (url, key) => `${tracing(url, key)}
# One call of a model, told by hand. Any OpenTelemetry instrumentor does this for you.
with provider.get_tracer("first-trace").start_as_current_span("chat gpt-4o-mini") as span:
    span.set_attributes({
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.usage.input_tokens": 12,
        "gen_ai.usage.output_tokens": 9,
        "gen_ai.input.messages": '[{"role": "user", "parts": [{"type": "text", "content": "Hello?"}]}]',
        "gen_ai.output.messages": '[{"role": "assistant", "parts": [{"type": "text", "content": "Hello! I can be seen."}]}]',
    })
provider.shutdown()
`,
  openinference: (url, key) => `${tracing(url, key)}
from openinference.instrumentation.openai import OpenAIInstrumentor

OpenAIInstrumentor().instrument(tracer_provider=provider)
${CALL}`,
  openllmetry: (url, key) => `${tracing(url, key)}
from opentelemetry.instrumentation.openai import OpenAIInstrumentor

OpenAIInstrumentor().instrument(tracer_provider=provider)
${CALL}`,
  honeyhive: (url, key) => `from honeyhive import HoneyHiveTracer, trace

HoneyHiveTracer.init(
    api_key=${quoted(key)},
    server_url=${quoted(url)},
    project="first-trace",
)


@trace
def answer(question: str) -> str:
    return "Hello! I can be seen."


answer("Hello?")
`,
};

const CALL = `
from openai import OpenAI

OpenAI().chat.completions.create(
    model="gpt-4o-mini",
    messages=[{"role": "user", "content": "Hello?"}],
)
provider.shutdown()
`;

function tracing(url: string, key: string): string {
  return `from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider()
provider.add_span_processor(
    BatchSpanProcessor(
        OTLPSpanExporter(
            endpoint=${quoted(`${url}/v1/traces`)},
            headers={"authorization": ${quoted(`Bearer ${key}`)}},
        )
    )
)
`;
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
