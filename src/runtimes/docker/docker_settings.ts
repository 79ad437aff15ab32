import type { Language } from "../../languages.ts";
import type { EngineCall } from "./engine/engine_client.ts";
import type { EngineAddress } from "./engine/engine_address.ts";

/** The part of a logger that the runtime uses; LogTape's has it. */
export interface DockerLogger {
  /** For those who look for a fault. */
  debug(message: string, properties?: Record<string, unknown>): void;
  /** What happens in the normal course. */
  info(message: string, properties?: Record<string, unknown>): void;
  /** What went wrong and was dealt with. */
  warning(message: string, properties?: Record<string, unknown>): void;
}

/** Limits of a session that says nothing of them. */
export interface ContainerDefaults {
  readonly memoryLimitMB: number;
  readonly pidsLimit: number;
  /** Processors; 0 shares all by weight. */
  readonly cpus: number;
  readonly diskLimitMB: number;
}

/** Settings of the Docker runtime. */
export interface DockerSettings {
  /** Where the engine listens. */
  readonly address: EngineAddress;
  /** Labels everything that this server makes on the engine. */
  readonly serverId: string;
  /** Path of the Deno whose version the agent runs on; by default the one that runs the server. */
  readonly denoPath?: string | undefined;
  /** Where a Deno for the engine's kind of machine is kept, if it is not the server's own. */
  readonly dataDir: string;
  /** Images a client may name; `*` stands for any characters. */
  readonly allowedImages: readonly string[];
  /** Images of languages in place of their defaults. */
  readonly languageImages: ReadonlyMap<Language, string>;
  /** Whether an allowed image that the engine does not have is pulled. */
  readonly pull: "never" | "missing";
  /** The engine's runtime for containers, such as `runsc`; by default its own. */
  readonly containerRuntime?: string | undefined;
  /** Network of sessions that ask for one; `none` refuses them. */
  readonly network: string;
  readonly readOnlyRoot: boolean;
  /** Size of `/tmp` in MiB. */
  readonly tmpMB: number;
  /** `off` works through the engine's own endpoints in every image. */
  readonly agent: "auto" | "off";
  /** Containers kept started ahead in all. */
  readonly spares: number;
  /** Seconds after which spares that nobody takes are ended, but for the reserve. */
  readonly spareIdleSeconds: number;
  /** The largest file read or written in one piece, in bytes. */
  readonly maxFileBytes: number;
  readonly defaults: ContainerDefaults;
  readonly logger: DockerLogger;
  /** Told of every call to the engine. */
  readonly onEngineCall?: ((call: EngineCall) => void) | undefined;
}
