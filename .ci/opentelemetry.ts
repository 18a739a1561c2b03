// Runs the OpenTelemetry mapping of docs/observability.md, which .ci/examples puts beside this file, with the SDK itself.
import assert from "node:assert/strict";
import { metrics, SpanStatusCode, trace } from "@opentelemetry/api";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { updateHandlers, webhook } from "telehook";
import { toOpenTelemetry } from "./to_open_telemetry.ts";

const spans = new InMemorySpanExporter();
trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }));
const numbers = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const reader = new PeriodicExportingMetricReader({ exporter: numbers, exportIntervalMillis: 3_600_000 });
metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));

const hook = webhook(
  updateHandlers({
    async message({ message: { text } }) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (text === "fail") throw new Error("It failed");
    },
  }),
  { secretToken: "a-long-random-secret", onEvent: toOpenTelemetry(), onError: () => {}, log: false },
);
async function deliver(id: number, text: string, secret = "a-long-random-secret"): Promise<void> {
  const chat = { id, type: "private" };
  await hook(
    new Request("https://bot.example/", {
      method: "POST",
      headers: { "content-type": "application/json", "x-telegram-bot-api-secret-token": secret },
      body: JSON.stringify({ update_id: id, message: { message_id: id, date: 0, chat, text } }),
    }),
  );
}
await deliver(1, "hello");
await deliver(2, "fail");
await deliver(3, "hello", "wrong");
await hook.close();
await reader.forceFlush();

const [handled, failed, ...others] = spans.getFinishedSpans();
assert.equal(others.length, 0);
assert.deepEqual([handled?.name, handled?.attributes["telegram.update_id"]], ["handle message", 1]);
assert.ok((handled?.duration[1] ?? 0) >= 15e6, "the span is as long as the call of the handler");
assert.deepEqual([failed?.status.code, failed?.events[0]?.name], [SpanStatusCode.ERROR, "exception"]);
const measured = numbers.getMetrics().flatMap((each) => each.scopeMetrics).flatMap((each) => each.metrics);
const points = (name: string) =>
  measured.find(({ descriptor }) => descriptor.name === name)?.dataPoints.map((each) => each.attributes);
assert.deepEqual(points("telehook.handler.duration"), [
  { kind: "message", outcome: "handled" },
  { kind: "message", outcome: "failed" },
]);
const refusal = points("telehook.events")?.find(({ type }) => type === "refused");
assert.equal(refusal?.status, 401);
console.log("ok   the OpenTelemetry mapping");
