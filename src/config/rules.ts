import { formatBytes } from "./byte_size.ts";

/** The settings that rules read. */
export type RuleKey =
  | "defaultTimeoutMs"
  | "maxTimeoutMs"
  | "idleTimeoutMinutes"
  | "idleTimeoutCeilingMinutes"
  | "maxLifetimeMinutes"
  | "lifetimeCeilingMinutes"
  | "memoryLimitMB"
  | "memoryCeilingMB"
  | "pidsLimit"
  | "pidsCeiling"
  | "maxCodeBytes"
  | "maxFileBytes"
  | "maxMessageBytes"
  | "maxSendQueueBytes";

type Ruled = Readonly<Record<RuleKey, number>>;

/** What must hold between two settings that are each valid by themselves. */
export interface Rule {
  /** The setting to blame. */
  readonly key: RuleKey;
  /** The setting that bounds it. */
  readonly bound: RuleKey;
  /** Whether it holds. */
  holds(config: Ruled): boolean;
  /** What the blamed setting must be, as the end of a sentence that starts with "expected". */
  expected(config: Ruled): string;
}

/** Bytes of JSON around the content of a file in a message, generously. */
const ENVELOPE_BYTES = 64 * 1024;

/** Every rule between settings. */
export const RULES: readonly Rule[] = [
  atMost("defaultTimeoutMs", "maxTimeoutMs"),
  atMost("idleTimeoutMinutes", "idleTimeoutCeilingMinutes"),
  atMost("maxLifetimeMinutes", "lifetimeCeilingMinutes"),
  atMost("memoryLimitMB", "memoryCeilingMB"),
  atMost("pidsLimit", "pidsCeiling"),
  atMost("maxCodeBytes", "maxMessageBytes"),
  fitsInBase64("maxFileBytes", "maxMessageBytes"),
  fitsInBase64("maxFileBytes", "maxSendQueueBytes"),
];

function atMost(key: RuleKey, bound: RuleKey): Rule {
  return {
    key,
    bound,
    holds: (config) => config[key] <= config[bound],
    expected: (config) => `at most ${bound}, which is ${config[bound]}`,
  };
}

function fitsInBase64(key: RuleKey, bound: RuleKey): Rule {
  function largest(config: Ruled): number {
    return Math.max(0, Math.floor((config[bound] - ENVELOPE_BYTES) / 4) * 3);
  }
  return {
    key,
    bound,
    holds: (config) => config[key] <= largest(config),
    expected: (config) =>
      `at most ${largest(config)}, the bytes that fit in base64 into ${bound} of ${
        formatBytes(config[bound])
      }`,
  };
}
