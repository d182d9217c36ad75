// Sends one agent trace through a stock OpenTelemetry JavaScript exporter.
// Usage: node export.mjs <http-json|http-proto|grpc> <url> <key> <none|gzip> <session> <marker>
import { SpanStatusCode, context, trace } from '@opentelemetry/api'
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node'

const [transport, url, key, compression, session, marker] = process.argv.slice(2)

const exporters = {
  'http-json': ['@opentelemetry/exporter-trace-otlp-http', { headers: { authorization: `Bearer ${key}` } }],
  'http-proto': ['@opentelemetry/exporter-trace-otlp-proto', { headers: { authorization: `Bearer ${key}` } }],
  grpc: ['@opentelemetry/exporter-trace-otlp-grpc', {}],
}
const [name, options] = exporters[transport]
const { OTLPTraceExporter } = await import(name)
if (transport === 'grpc') {
  const { Metadata } = await import('@grpc/grpc-js')
  options.metadata = new Metadata()
  options.metadata.set('authorization', `Bearer ${key}`)
}
const exporter = new OTLPTraceExporter({ url, compression, ...options })

let failure
const original = exporter.export.bind(exporter)
exporter.export = (spans, done) =>
  original(spans, (result) => {
    if (result.code !== 0) failure = result.error ?? new Error('export failed')
    done(result)
  })

const provider = new NodeTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] })
const tracer = provider.getTracer('javascript-client', '1.0.0')

const root = tracer.startSpan('agent', {
  attributes: { 'session.id': session, 'openinference.span.kind': 'AGENT', 'input.value': marker },
})
const inside = trace.setSpan(context.active(), root)
const call = tracer.startSpan(
  'chat',
  {
    attributes: {
      'session.id': session,
      'openinference.span.kind': 'LLM',
      'llm.model_name': 'gpt-4o-mini',
      'llm.input_messages.0.message.role': 'user',
      'llm.input_messages.0.message.content': marker,
      'llm.output_messages.0.message.role': 'assistant',
      'llm.output_messages.0.message.content': 'ok',
      'llm.token_count.prompt': 11,
      'llm.token_count.completion': 7,
      'llm.token_count.total': 18,
      ratio: 0.25,
      tags: ['a', 'b'],
      flag: true,
    },
  },
  inside,
)
call.setStatus({ code: SpanStatusCode.OK })
call.end()
root.end()
await provider.shutdown()
if (failure) {
  console.error(failure)
  process.exit(1)
}
