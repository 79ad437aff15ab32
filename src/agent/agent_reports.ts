import { decodeJson } from "./inside/frame_payload.ts";
import { FrameError, type FrameType } from "./inside/frames.ts";
import {
  type AgentReady,
  type ExitReport,
  type FailReport,
  type FileEntry,
  type FileFacts,
  PROTOCOL_VERSION,
  type ScannedEntry,
  type WatchBatch,
  type WatchReady,
} from "./inside/protocol.ts";

type Json = Record<string, unknown>;

/** Reads a `ready`. Throws a {@linkcode FrameError} for anything else, and for another version. */
export function readReady(payload: Uint8Array): AgentReady {
  const json = decodeJson("ready", payload);
  if (json.protocol !== PROTOCOL_VERSION) {
    throw new FrameError(
      `The agent speaks version ${json.protocol} of the protocol, not ${PROTOCOL_VERSION}`,
    );
  }
  const counters = json.counters as Json | undefined;
  require("ready", isCount(json.pid) && isCount(json.uid) && typeof counters === "object");
  return json as unknown as AgentReady;
}

/** Reads an `exit`. */
export function readExit(payload: Uint8Array): ExitReport {
  const json = decodeJson("exit", payload);
  require(
    "exit",
    (json.code === null || isCount(json.code)) &&
      (json.signal === null || typeof json.signal === "string") &&
      typeof json.stopped === "boolean" && typeof json.alone === "boolean" &&
      isCount(json.oomKills) && isCount(json.pidsMax) &&
      isOptionalNumber(json.cpuMs) && isOptionalNumber(json.memoryPeakBytes),
  );
  return json as unknown as ExitReport;
}

/** Reads a `fail`. */
export function readFail(payload: Uint8Array): FailReport {
  const json = decodeJson("fail", payload);
  require(
    "fail",
    typeof json.code === "string" && typeof json.message === "string" &&
      (json.path === undefined || typeof json.path === "string") && isOptionalNumber(json.size),
  );
  return json as unknown as FailReport;
}

/** Reads a number of the object that a `result` or `started` carries. */
export function readNumber(type: "result" | "started", payload: Uint8Array, key: string): number {
  const value = decodeJson(type, payload)[key];
  require(type, isCount(value));
  return value as number;
}

/** What is said of a file before its content. */
export interface RangeReport extends FileFacts {
  /** Bytes that are coming. */
  readonly length: number;
}

/** Reads how large a file is and how much of it is coming. */
export function readRange(payload: Uint8Array): RangeReport {
  const json = decodeJson("result", payload);
  const { size, length, mode, modifiedAt, version } = json;
  require(
    "result",
    isCount(size) && isCount(length) && isCount(mode) && isTime(modifiedAt) &&
      typeof version === "string",
  );
  return json as unknown as RangeReport;
}

/** What is said of a file that was replaced. */
export interface WriteReport {
  readonly bytes: number;
  readonly version: string;
  /** Whether there was none before. */
  readonly created: boolean;
}

/** Reads what became of a file that was written; of one that was added to, only the bytes are known. */
export function readWritten(payload: Uint8Array): WriteReport {
  const { bytes, version = "", created = false } = decodeJson("result", payload);
  require(
    "result",
    isCount(bytes) && typeof version === "string" && typeof created === "boolean",
  );
  return { bytes, version, created } as WriteReport;
}

/** Reads what a path is. */
export function readEntry(payload: Uint8Array): FileEntry {
  return toEntry("result", decodeJson("result", payload));
}

/** Reads a part of a listing. */
export function readEntries(payload: Uint8Array): FileEntry[] {
  const { entries } = decodeJson("data", payload);
  require("data", Array.isArray(entries));
  return (entries as unknown[]).map((entry) => toEntry("data", entry));
}

/** Reads that a directory is watched. */
export function readWatchReady(payload: Uint8Array): WatchReady {
  const json = decodeJson("result", payload);
  require("result", isCount(json.directories) && isTexts(json.notWatched));
  return json as unknown as WatchReady;
}

/** Reads what happened to files. */
export function readWatchBatch(payload: Uint8Array): WatchBatch {
  const json = decodeJson("data", payload);
  const { events, overflow, notWatched } = json;
  require("data", typeof overflow === "boolean" && isTexts(notWatched) && Array.isArray(events));
  require("data", (events as unknown[]).every(isWatchEvent));
  return json as unknown as WatchBatch;
}

const WATCH_KINDS: readonly unknown[] = ["created", "modified", "removed", "renamed"];
const WATCH_TYPES: readonly unknown[] = ["file", "directory"];

function isWatchEvent(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { kind, path, type, from } = value as Json;
  return WATCH_KINDS.includes(kind) && WATCH_TYPES.includes(type) && typeof path === "string" &&
    (from === undefined || typeof from === "string");
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}

/** Reads a part of a listing for an archive. */
export function readScanned(payload: Uint8Array): ScannedEntry[] {
  const { entries } = decodeJson("data", payload);
  require("data", Array.isArray(entries));
  for (const entry of entries as (Json | null)[]) {
    const { name, type, mode, modifiedAt, target } = entry ?? {};
    require(
      "data",
      typeof name === "string" && typeof type === "string" && isCount(mode) &&
        isTime(modifiedAt) && (type === "symlink" ? typeof target === "string" : true),
    );
  }
  return entries as ScannedEntry[];
}

function toEntry(type: FrameType, value: unknown): FileEntry {
  require(type, typeof value === "object" && value !== null);
  const { name, type: kind, size, modifiedAt } = value as Json;
  require(
    type,
    typeof name === "string" && typeof kind === "string" && isCount(size) &&
      typeof modifiedAt === "string",
  );
  return value as FileEntry;
}

function isCount(value: unknown): boolean {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** Times may be before 1970. */
function isTime(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value);
}

function isOptionalNumber(value: unknown): boolean {
  return value === undefined || (typeof value === "number" && value >= 0);
}

function require(type: FrameType, holds: boolean): void {
  if (!holds) throw new FrameError(`The payload of a frame "${type}" is not what an agent sends`);
}
