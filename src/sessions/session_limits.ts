/** The server's settings that sessions go by. */
export interface SessionLimits {
  /** Sessions at the same time, those in creation counted. */
  readonly maxSessions: number;
  /** Sessions at the same time that one connection made. */
  readonly maxSessionsPerConnection: number;
  /** Commands of one session that wait for their turn; as many may run beside it. */
  readonly maxQueuedCommands: number;
  /** Programs running at the same time in all sessions. */
  readonly maxConcurrentExecutions: number;
  /** Background processes of one session at the same time. */
  readonly maxProcesses: number;
  /** Milliseconds a command may take if it does not say. */
  readonly defaultTimeoutMs: number;
  /** Milliseconds a command may ask for. */
  readonly maxTimeoutMs: number;
  /** Bytes kept of each stream of a command. */
  readonly maxOutputBytes: number;
  /** Bytes of the code of one execution. */
  readonly maxCodeBytes: number;
  /** Bytes of one file in one command, and of the standard input of a program. */
  readonly maxFileBytes: number;
  /** Bytes of one file or archive that is moved over plain HTTP. */
  readonly maxTransferBytes: number;
  /** Minutes without a command until a session closes, if its client does not say. */
  readonly idleTimeoutMinutes: number;
  /** Minutes until a session closes whatever it does, if its client does not say. */
  readonly maxLifetimeMinutes: number;
  /** The longest idle timeout a client may ask for, in minutes. */
  readonly idleTimeoutCeilingMinutes: number;
  /** The longest lifetime a client may ask for, in minutes. */
  readonly lifetimeCeilingMinutes: number;
  /** Memory of a session in MiB, if its client does not say. */
  readonly memoryLimitMB: number;
  /** The most memory a client may ask for, in MiB. */
  readonly memoryCeilingMB: number;
  /** The most processes and threads a client may ask for. */
  readonly pidsCeiling: number;
  /** Total size of a session's files in MiB; a client may ask for less. */
  readonly diskLimitMB: number;
  /** Minutes for which the result of an ended execution is kept. */
  readonly resultRetentionMinutes: number;
}
