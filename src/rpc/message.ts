import { exactIds, type ExactNumber, isExact } from "./exact_ids.ts";
import { quote } from "./quote.ts";
import { type RpcError, standardError } from "./rpc_error.ts";

/** What ties an answer to its request; comes back with the same type and value. */
export type RpcId = string | number | ExactNumber | null;

/** A request, or without an id a notification. */
export interface RpcRequest {
  readonly id?: RpcId;
  readonly method: string;
  /** By name or by position; absent if the client left them out. */
  readonly params?: object;
}

/** What answers an entry that is no request. */
export interface InvalidEntry {
  /** The entry's own id if it has a valid one, else null. */
  readonly id: RpcId;
  readonly error: RpcError;
}

/** One entry of a message. */
export type Entry = RpcRequest | InvalidEntry;

/** A message taken apart. */
export interface ParsedMessage {
  /** Whether its answers belong into one array. */
  readonly batch: boolean;
  /** Its entries in order; at least one. */
  readonly entries: readonly Entry[];
}

const MAX_DETAIL_LENGTH = 200;

/** Takes a message apart; never throws, since every fault is the error of some entry. */
export function parseMessage(text: string, maxBatchSize: number): ParsedMessage {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const details = error instanceof Error ? error.message.slice(0, MAX_DETAIL_LENGTH) : "";
    return fault(standardError("parse_error", details));
  }
  let ids: ReturnType<typeof exactIds> | undefined;
  const exactId = (index: number) => (ids ??= exactIds(text))[index];
  if (!Array.isArray(value)) {
    return { batch: false, entries: [parseEntry(value, () => exactId(0))] };
  }
  if (value.length === 0) return fault(standardError("invalid_request", "Batch is empty"));
  if (value.length > maxBatchSize) {
    const details = `Batch has ${value.length} entries, expected at most ${maxBatchSize}`;
    return fault(standardError("invalid_request", details, { maxBatchSize }));
  }
  const entries = value.map((entry, index) => parseEntry(entry, () => exactId(index)));
  return { batch: true, entries };
}

function fault(error: RpcError): ParsedMessage {
  return { batch: false, entries: [{ id: null, error }] };
}

function parseEntry(value: unknown, exactId: () => ExactNumber | undefined): Entry {
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    return invalid(null, `Expected an object, received ${typeName(value)}`);
  }
  const { jsonrpc, method, params } = value as Record<string, unknown>;
  let id: RpcId | undefined;
  if (Object.hasOwn(value, "id")) {
    const given = (value as { id: unknown }).id;
    id = typeof given === "number" && !isExact(given) ? exactId() : asId(given);
    if (id === undefined) return invalid(null, describeBadId(given));
  }
  if (jsonrpc !== "2.0") return invalid(id, 'Expected jsonrpc to be "2.0"');
  if (typeof method !== "string") {
    return invalid(id, `Expected method to be a string, received ${typeName(method)}`);
  }
  if (params !== undefined && (params === null || typeof params !== "object")) {
    const received = typeName(params);
    return invalid(id, `Expected params of ${quote(method)} to be an object, received ${received}`);
  }
  return { method, ...(id !== undefined && { id }), ...(params !== undefined && { params }) };
}

function invalid(id: RpcId | undefined, details: string): InvalidEntry {
  return { id: id ?? null, error: standardError("invalid_request", details) };
}

function asId(value: unknown): string | number | null | undefined {
  const valid = value === null || typeof value === "string" || typeof value === "number";
  return valid ? value : undefined;
}

function describeBadId(given: unknown): string {
  return typeof given === "number"
    ? "Expected id to be a number within 2^53 in a message this large or deep"
    : `Expected id to be a string, number or null, received ${typeName(given)}`;
}

function typeName(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
