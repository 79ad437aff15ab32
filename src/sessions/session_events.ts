import type { Command } from "../protocol/commands.ts";
import type { CommandEnvelope } from "../protocol/execution.ts";
import type { Language, RuntimeName } from "../protocol/language.ts";
import type { CloseReason } from "../protocol/session.ts";

/** What a session is counted by. */
export interface SessionKind {
  readonly runtime: RuntimeName;
  readonly language: Language;
}

/** What sessions tell the metrics and whoever else wants to know. Callbacks must not throw. */
export interface SessionEvents {
  /** A session was made; the time is that of its sandbox and its files. */
  sessionCreated?(session: SessionKind & { readonly createMs: number }): void;
  /** A session could not be made, for whatever was thrown. */
  sessionCreateFailed?(failure: { readonly error: unknown }): void;
  /** A session has ended and its sandbox is gone. */
  sessionClosed?(
    session: SessionKind & { readonly reason: CloseReason; readonly lifetimeMs: number },
  ): void;
  /** A command has ended, whether it started or not. */
  executionEnded?(
    execution: SessionKind & {
      readonly command: Command["type"];
      readonly envelope: CommandEnvelope;
      /** Undefined if it never started. */
      readonly elapsedMs: number | undefined;
      readonly queueMs: number;
    },
  ): void;
  /** The server itself failed; the log has the details. */
  internalError?(): void;
}
