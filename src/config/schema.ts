import { z } from "zod";
import { RULES } from "./rules.ts";
import {
  bytes,
  choice,
  decimal,
  grant,
  integer,
  list,
  optionalPath,
  optionalText,
  text,
  toggle,
} from "./setting.ts";

const MIB = 2 ** 20;
const MAX_BYTES = 2 ** 30;
const DAY_MINUTES = 24 * 60;
const YEAR_MINUTES = 365 * DAY_MINUTES;

/**
 * This machine, its neighbours and the metadata services of clouds (RFC 1122, 1918, 3927, 6598, 4291).
 * Deno takes networks for IPv4 only.
 */
const UNREACHABLE = [
  ...["0.0.0.0/8", "127.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16"],
  ...["172.16.0.0/12", "192.168.0.0/16", "[::]", "[::1]", "[fd00:ec2::254]"],
];

/** Every setting of the server: its type, its default and what it means. */
export const SETTINGS = {
  host: text(
    "127.0.0.1",
    "Address to listen on; any but a loopback one needs API keys",
    { accepts: isHost, expected: "a host name or IP address, without a port and without brackets" },
  ),
  port: integer({ default: 5000, min: 0, max: 65_535 }, "Port to listen on; 0 takes any free one"),
  dataDir: text(
    ".codebeaker",
    "Directory of everything the server keeps; made if missing",
    { expected: "a path" },
  ),
  apiKeys: list("API keys, each KEY or NAME=KEY; see docs/security.md", {
    expected: "a list of KEY or NAME=KEY",
    secret: true,
  }),
  apiKeysFile: optionalPath("File of hashed API keys, a line each: NAME sha256:HEX"),
  insecure: toggle(false, "Listen beyond loopback without API keys: whoever connects runs code"),
  allowedOrigins: list(
    "Origins of web pages that may connect, besides the server's own",
    {
      accepts: isOrigin,
      expected: "origins such as https://app.example.com, without a path",
    },
  ),
  allowedHosts: list(
    "Names the server is reached by (Host header), besides loopback and host",
    { accepts: isHost, expected: "host names or IP addresses, without a port" },
  ),
  logLevel: choice(
    ["trace", "debug", "info", "warning", "error", "fatal"],
    "info",
    "Lowest level that is logged",
  ),
  logFormat: choice(
    ["auto", "json", "pretty"],
    "auto",
    "Form of the log on stderr; auto is pretty on a terminal and JSON lines elsewhere",
  ),
  maxConnections: integer(
    { default: 1000, min: 1, max: 1_000_000 },
    "WebSocket connections at the same time",
  ),
  maxSessions: integer({ default: 1000, min: 1, max: 1_000_000 }, "Sessions at the same time"),
  maxSessionsPerConnection: integer(
    { default: 250, min: 1, max: 1_000_000 },
    "Open sessions that one connection may have made",
  ),
  maxQueuedCommands: integer(
    { default: 256, min: 1, max: 100_000 },
    "Commands of one session that may wait for their turn",
  ),
  maxConcurrentExecutions: integer(
    { default: 32, min: 1, max: 100_000 },
    "Programs running at the same time in all sessions, those in the background not counted; " +
      "further ones wait",
  ),
  maxProcesses: integer(
    { default: 16, min: 1, max: 100_000 },
    "Background processes of one session at the same time",
  ),
  defaultTimeoutMs: integer(
    { default: 30_000, min: 1, max: 7 * DAY_MINUTES * 60_000 },
    "Milliseconds a command may take if it does not say",
  ),
  maxTimeoutMs: integer(
    { default: 600_000, min: 1, max: 7 * DAY_MINUTES * 60_000 },
    "Milliseconds a command may ask for",
  ),
  maxOutputBytes: bytes(
    { default: MIB, min: 1024, max: MAX_BYTES },
    "Output kept of one command, for stdout and stderr each; its first and last part",
  ),
  maxMessageBytes: bytes(
    { default: 100 * MIB, min: 64 * 1024, max: MAX_BYTES },
    "Size of one message or HTTP body from a client",
  ),
  maxCodeBytes: bytes(
    { default: 4 * MIB, min: 1024, max: MAX_BYTES },
    "Size of the code of one execution",
  ),
  maxFileBytes: bytes(
    { default: 64 * MIB, min: 1024, max: MAX_BYTES },
    "Size of a file written or read in one command; in base64 it must fit max-message-bytes",
  ),
  maxTransferBytes: bytes(
    { default: MAX_BYTES, min: 1024, max: 1024 * MAX_BYTES },
    "Size of a file or an unpacked archive that is moved over plain HTTP; see docs/files.md",
  ),
  maxSendQueueBytes: bytes(
    { default: 256 * MIB, min: 64 * 1024, max: 8 * MAX_BYTES },
    "What may wait for one slow client before its connection is closed",
  ),
  maxInFlight: integer(
    { default: 1024, min: 1, max: 1_000_000 },
    "Unanswered requests that one connection may have",
  ),
  pingIntervalSeconds: integer(
    { default: 30, min: 0, max: 3600 },
    "Seconds between pings that find dead connections; 0 sends none",
  ),
  idleTimeoutMinutes: decimal(
    { default: 30, min: 0.001, max: YEAR_MINUTES },
    "Minutes without a command until a session closes, if its client does not say",
  ),
  idleTimeoutCeilingMinutes: decimal(
    { default: DAY_MINUTES, min: 0.001, max: YEAR_MINUTES },
    "The longest idle timeout a client may ask for",
  ),
  maxLifetimeMinutes: decimal(
    { default: 120, min: 0.001, max: YEAR_MINUTES },
    "Minutes until a session closes whatever it does, if its client does not say",
  ),
  lifetimeCeilingMinutes: decimal(
    { default: 7 * DAY_MINUTES, min: 0.001, max: YEAR_MINUTES },
    "The longest lifetime a client may ask for",
  ),
  memoryLimitMB: integer(
    { default: 512, min: 16, max: MIB },
    "Memory of a session's code in MiB, if its client does not say",
  ),
  memoryCeilingMB: integer(
    { default: 4096, min: 16, max: MIB },
    "The most memory a client may ask for, in MiB",
  ),
  diskLimitMB: integer(
    { default: 1024, min: 1, max: MIB },
    "Total size of a session's files in MiB",
  ),
  pidsLimit: integer(
    { default: 256, min: 16, max: 65_536 },
    "Processes and threads of a session at the same time, if its client does not say",
  ),
  pidsCeiling: integer(
    { default: 4096, min: 16, max: 65_536 },
    "The most processes and threads a client may ask for",
  ),
  cpus: decimal(
    { default: 0, min: 0, max: 1024 },
    "Processors of a Docker session, if its client does not say; 0 shares all by weight",
  ),
  resultRetentionMinutes: decimal(
    { default: 10, min: 0, max: DAY_MINUTES },
    "Minutes the result of an ended execution stays available to execution.get",
  ),
  shutdownGraceSeconds: decimal(
    { default: 10, min: 0, max: 600 },
    "Seconds that running commands are given when the server stops",
  ),
  denoPath: optionalPath(
    "The deno program that runs sessions; by default the running one, else the one on the PATH",
    ["CODEBEAKER_DENO"],
  ),
  bubblewrap: choice(
    ["auto", "off", "require"],
    "auto",
    "Whether sessions run inside bubblewrap: where it works, never, or not without it",
  ),
  spares: integer(
    { default: 12, min: 0, max: 1000 },
    "Processes kept started ahead in all, so that code need not wait for one; 0 keeps none",
  ),
  spareIdleSeconds: integer(
    { default: 60, min: 1, max: 86_400 },
    "Seconds until an unused spare process of a quiet session ends",
  ),
  denoAllowNet: grant(true, "Hosts that a Deno session may be granted: all, none or a list"),
  denoDenyNet: list(
    "Addresses and networks that no Deno session reaches, granted or not; an empty list refuses none",
    {
      accepts: isAddress,
      expected:
        "IPv4 addresses or networks such as 10.0.0.0/8, IPv6 addresses in brackets, or names",
      fallback: UNREACHABLE,
    },
  ),
  denoAllowEnv: grant(
    true,
    "Variables that a Deno session may be granted; it only ever sees those given to it",
  ),
  denoAllowRun: toggle(false, "Whether a Deno session may be granted to start other programs"),
  npmRegistry: optionalText(
    "Registry of npm packages for install_packages in Deno sessions, by default Deno's own; a session " +
      "may be granted its host alone only if it is given here",
    {
      accepts: isRegistryUrl,
      expected: "an http or https URL without user, query and fragment",
    },
  ),
  npmCertificates: optionalPath(
    "PEM file of authorities that may sign the registry's certificate, besides those of the system",
  ),
  docker: choice(
    ["auto", "off"],
    "auto",
    "Whether Docker sessions are offered; auto offers them whenever an engine answers",
  ),
  dockerHost: optionalText(
    "Address of the Docker engine; by default unix:///var/run/docker.sock",
    {
      accepts: isEngineAddress,
      expected: "unix://PATH, or tcp://HOST:PORT",
      variables: ["DOCKER_HOST"],
    },
  ),
  dockerCertPath: optionalPath(
    "Directory of ca.pem, cert.pem and key.pem for a Docker engine over TLS",
    ["DOCKER_CERT_PATH"],
  ),
  dockerImages: list(
    "Images that a client may name as dockerImage; * stands for any characters",
    {
      accepts: isImagePattern,
      expected: "image names, in which * stands for any characters",
      fallback: ["codebeaker-*"],
    },
  ),
  languageImages: list("Images of languages in place of their defaults, each LANGUAGE=IMAGE", {
    accepts: (value) => /^[^=\s]+=[^=\s]+$/.test(value),
    expected: "a list of LANGUAGE=IMAGE",
  }),
  dockerPull: choice(
    ["never", "missing"],
    "never",
    "Whether an allowed image that the engine does not have is pulled",
  ),
  dockerRuntime: optionalText("Runtime of containers, such as runsc; by default the engine's own", {
    accepts: (value) => /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(value),
    expected: "the name of a runtime that the engine knows",
  }),
  dockerNetwork: text(
    "bridge",
    "Network of Docker sessions that ask for one; none refuses them; see docs/security.md",
    {
      accepts: (value) => /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(value) && value !== "host",
      expected: "the name of a network of the engine, but not host",
    },
  ),
  dockerReadOnlyRoot: toggle(
    false,
    "Whether containers may write only to /workspace, their home and /tmp",
  ),
  dockerTmpMB: integer(
    { default: 256, min: 1, max: MIB },
    "Size of /tmp in a container in MiB; it counts as memory",
  ),
  dockerAgent: choice(
    ["auto", "off"],
    "auto",
    "Whether the agent runs inside containers; without it every command waits for the engine",
  ),
  containerSpares: integer(
    { default: 4, min: 0, max: 1000 },
    "Containers kept started ahead in all, so that sessions need not wait for one; 0 keeps none",
  ),
  containerSpareIdleSeconds: integer(
    { default: 600, min: 1, max: 86_400 },
    "Seconds until an unused spare container ends",
  ),
  keepSessions: toggle(
    false,
    "Whether Docker sessions are left for the next server when this one is stopped",
  ),
  metricsOpen: toggle(false, "Whether GET /metrics needs no API key where keys are configured"),
} as const;

/** Every setting with its default; what breaks a rule between two settings is an issue as well. */
export const ConfigSchema = z.strictObject(SETTINGS).superRefine(
  (config, context) => {
    for (const rule of RULES) {
      if (rule.holds(config)) continue;
      context.addIssue({
        code: "custom",
        path: [rule.key],
        message: `Expected ${rule.expected(config)}`,
      });
    }
  },
);

/** The settings a server runs with. */
export type Config = z.output<typeof ConfigSchema>;
/** The name of a setting. */
export type ConfigKey = keyof Config;

function isHost(value: string): boolean {
  if (/^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*$/.test(value)) {
    return URL.canParse(`http://[${value}]`);
  }
  return /^[^\s:/?#@%[\]\\*]{1,255}$/.test(value) &&
    URL.canParse(`http://${value}`);
}

function isAddress(value: string): boolean {
  return /^(?:\d{1,3}(?:\.\d{1,3}){3}\/(?:[12]?\d|3[0-2])|\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)$/
    .test(value);
}

/** Only the form; what the client of the engine takes is its own to say. */
function isEngineAddress(value: string): boolean {
  return /^(?:unix:\/\/\/.+|(?:tcp|http|https):\/\/[^\s/]+\/?)$/.test(value);
}

function isImagePattern(value: string): boolean {
  return /^[A-Za-z0-9*][A-Za-z0-9*._/:@-]*$/.test(value);
}

function isOrigin(value: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\/[^\s/?#@%\\*]+$/i.test(value) &&
    URL.canParse(value);
}

function isRegistryUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) return false;
  return url.username === "" && url.password === "" && url.search === "" && url.hash === "";
}
