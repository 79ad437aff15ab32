import type { Sandbox } from "../runtimes/runtime.ts";
import type { CommandRunnerServices } from "./command_runner.ts";
import type { ParamsPath } from "./content.ts";
import type { SessionEvents } from "./session_events.ts";
import type { SessionFacts } from "./session_facts.ts";
import type { SessionTiming } from "./session_timing.ts";

/** What sessions share. */
export interface SessionServices extends CommandRunnerServices {
  readonly timing: SessionTiming;
  readonly events: SessionEvents;
  /** The most bytes of waiting commands, per session. */
  readonly maxQueuedBytes: number;
  readonly maxQueuedCommands: number;
  /** The most background processes, per session. */
  readonly maxProcesses: number;
}

/** Options of {@linkcode Session}. */
export interface SessionOptions {
  /** What it begins with. */
  readonly facts: SessionFacts;
  /** Owned by the session from now on. */
  readonly sandbox: Sandbox;
  /** Whether a former server had made it. @default {false} */
  readonly isRestored?: boolean;
  /** Called when it begins to close, or to be kept for the next server: nobody may find it any more. */
  readonly onClosing: (how: "closed" | "kept") => void;
  /** Called when something happened; must not take long. */
  readonly onActivity?: () => void;
}

/** How a command is run. */
export interface RunCommandOptions {
  readonly timeoutMs: number;
  /** Whether the time is that of its start in the background only. @default {false} */
  readonly startOnly?: boolean;
  readonly concurrent: boolean;
  /** Where the command stands in the params. */
  readonly path: ParamsPath;
}
