/** Small outlines for tests, written as trees. */
import { Columns, Outline, type OutlinePage } from "~/session/outline/outline";

export interface Sample {
  readonly name?: string;
  readonly id?: string;
  readonly type?: "model" | "tool" | "chain";
  readonly at?: number;
  readonly lasts?: number;
  readonly status?: "unset" | "ok" | "error" | "pending";
  readonly error?: string;
  readonly model?: string;
  readonly tokens?: readonly [number, number];
  readonly cost?: number;
  readonly call?: string;
  readonly children?: readonly Sample[];
}

export function outlineOf(roots: readonly Sample[], length?: number): Outline {
  const nodes = pageOf(roots);
  const count = nodes.event_id.length;
  const columns = new Columns(count);
  columns.write(0, nodes);
  return new Outline(totals(count), "r1", count, columns, length ?? count, false);
}

export function pageOf(roots: readonly Sample[]): OutlinePage["nodes"] {
  const nodes: OutlinePage["nodes"] = {
    ...{ event_id: [], parent: [], depth: [], descendants: [], start_time: [], duration: [] },
    ...{ status: [], event_name: [], event_type: [], error_class: [], model: [], provider: [] },
    ...{ service: [], prompt_tokens: [], completion_tokens: [], cost: [], call_key: [] },
  };
  for (const root of roots) add(nodes, root, -1, 0);
  return nodes;
}

export function totals(count: number): OutlinePage["session"] {
  return {
    ...{ session_id: "s", event_name: "agent", start_time: 0, end_time: 100, duration: 100 },
    ...{ num_events: count, num_model_events: 0, num_errors: 0, prompt_tokens: 0 },
    ...{ completion_tokens: 0, total_tokens: 0, cost: null, has_feedback: false },
  };
}

function add(nodes: OutlinePage["nodes"], node: Sample, parent: number, depth: number): void {
  const place = nodes.event_id.length;
  const isPending = node.status === "pending";
  nodes.event_id.push(node.id ?? node.name ?? `node-${place}`);
  nodes.parent.push(parent);
  nodes.depth.push(depth);
  nodes.descendants.push(0);
  nodes.start_time.push(isPending ? null : (node.at ?? 0));
  nodes.duration.push(isPending ? null : (node.lasts ?? 0));
  nodes.status.push(node.status ?? "unset");
  nodes.event_name.push(node.name ?? null);
  nodes.event_type.push(isPending ? null : (node.type ?? "chain"));
  nodes.error_class.push(node.error ?? null);
  nodes.model.push(node.model ?? null);
  nodes.provider.push(null);
  nodes.service.push(null);
  nodes.prompt_tokens.push(node.tokens?.[0] ?? null);
  nodes.completion_tokens.push(node.tokens?.[1] ?? null);
  nodes.cost.push(node.cost ?? null);
  nodes.call_key.push(node.call ?? null);
  for (const child of node.children ?? []) add(nodes, child, place, depth + 1);
  nodes.descendants[place] = nodes.event_id.length - place - 1;
}
