import { STATUS_CODE } from "@std/http/status";
import {
  findKeyParameter,
  KEY_SUBPROTOCOL_PREFIX,
  readCredentials,
  SUBPROTOCOL,
} from "./credentials.ts";
import { HostPolicy, type HostPolicyOptions, parseHost } from "./host.ts";
import { ANONYMOUS } from "./key_entry.ts";
import { type SignatureVerdict, UrlSigner } from "./url_signer.ts";
import { OriginPolicy, type OriginPolicyOptions } from "./origin.ts";

/** What the guard needs of the keys. */
export interface Authenticator {
  /** Whether callers need a key. */
  readonly required: boolean;
  /** The caller whose key this is. */
  authenticate(presented: string): Promise<string | undefined>;
}

/** What the guard needs of signed URLs. */
export interface SignatureVerifier {
  /** Judges a request that says it is signed. */
  verify(method: string, url: URL): Promise<SignatureVerdict>;
}

/** Options of {@linkcode RequestGuard}. */
export interface RequestGuardOptions extends HostPolicyOptions, OriginPolicyOptions {
  /** The keys of the server. */
  readonly keys: Authenticator;
  /** Lets `/metrics` be read without a key, as the probes are. @default {false} */
  readonly metricsOpen?: boolean;
  /** Takes signed URLs of files. @default {none are taken} */
  readonly signatures?: SignatureVerifier;
}

/** Leave to go on: who asks, and the subprotocol to answer an upgrade with. */
export interface Admission {
  readonly ok: true;
  readonly caller: string;
  readonly protocol?: string;
  /** What a signed URL allows besides its method and path: that, and nothing else, is allowed. */
  readonly signed?: { readonly maxBytes?: number };
}

/** An answer to send instead of serving the request. */
export interface Refusal {
  readonly ok: false;
  readonly status: number;
  readonly body: {
    readonly error: { readonly code: string; readonly message: string };
  };
  readonly headers?: Record<string, string>;
}

/** Routes for probes, which have no key. */
const PROBE_PATHS = ["/health", "/health/live", "/health/ready"];
const METRICS_PATH = "/metrics";
/** Below, a URL may be signed. */
const SIGNED_PATH = "/sessions/";
/** Who comes with a signed URL; no name of a key has a space. */
const SIGNED_CALLER = "signed url";

/**
 * Decides whether a request may be served: first by the host it names, then by the page it comes from,
 * then by its key. To be asked before anything else looks at the request.
 */
export class RequestGuard {
  readonly #hosts: HostPolicy;
  readonly #origins: OriginPolicy;
  readonly #keys: Authenticator;
  readonly #signatures: SignatureVerifier | undefined;
  readonly #openPaths: ReadonlySet<string>;

  /** Throws a TypeError for a configured host or origin that is none. */
  constructor(options: RequestGuardOptions) {
    this.#hosts = new HostPolicy(options);
    this.#origins = new OriginPolicy(options);
    this.#keys = options.keys;
    this.#signatures = options.signatures;
    this.#openPaths = new Set([...PROBE_PATHS, ...(options.metricsOpen ? [METRICS_PATH] : [])]);
  }

  /** Decides on one request. Never throws, and never repeats a key. */
  async check(request: Request): Promise<Admission | Refusal> {
    const url = URL.parse(request.url);
    const hostHeader = request.headers.get("host") ?? url?.host ?? "";
    // A request line may hold a whole URL, and then its host has to be an allowed one as well.
    if (url === null || !this.#allowsHost(hostHeader) || !this.#allowsHost(url.host)) {
      return refuseHost();
    }
    if (!this.#origins.allows(request.headers.get("origin"), hostHeader)) {
      return refuseOrigin();
    }
    const parameter = findKeyParameter(url.searchParams);
    if (parameter !== undefined) return refuseKeyInUrl();
    if (this.#signatures !== undefined && isSigned(url)) {
      const verdict = await this.#signatures.verify(request.method, url);
      if (!verdict.ok) return refuse(STATUS_CODE.Forbidden, verdict.code, verdict.message);
      const { ok, ...signed } = verdict;
      return { ok, caller: SIGNED_CALLER, signed };
    }
    const { key, keyAsProtocol, protocol } = readCredentials(request.headers);
    if (keyAsProtocol && protocol === undefined) return refuseLoneKeyProtocol();
    const admission = protocol === undefined ? {} : { protocol };
    if (!this.#keys.required || this.#isOpen(request.method, url)) {
      return { ok: true, caller: ANONYMOUS, ...admission };
    }
    const caller = key === undefined ? undefined : await this.#keys.authenticate(key);
    return caller === undefined ? refuseKey(key !== undefined) : { ok: true, caller, ...admission };
  }

  #isOpen(method: string, url: URL): boolean {
    return (method === "GET" || method === "HEAD") && this.#openPaths.has(url.pathname);
  }

  #allowsHost(text: string): boolean {
    const host = parseHost(text);
    return host !== undefined && this.#hosts.allows(host);
  }
}

function isSigned(url: URL): boolean {
  return url.pathname.startsWith(SIGNED_PATH) && UrlSigner.isSigned(url);
}

function refuseHost(): Refusal {
  return refuse(
    STATUS_CODE.MisdirectedRequest,
    "host_refused",
    "Cannot serve a request for this host: expected a loopback name, the host the server listens on " +
      "or one of CODEBEAKER_ALLOWED_HOSTS",
  );
}

function refuseOrigin(): Refusal {
  return refuse(
    STATUS_CODE.Forbidden,
    "origin_refused",
    "Cannot serve a request from this web page: expected a page of this server or of one of " +
      "CODEBEAKER_ALLOWED_ORIGINS",
  );
}

function refuseKeyInUrl(): Refusal {
  return refuse(
    STATUS_CODE.BadRequest,
    "key_in_url",
    "Cannot take a key from a URL, which ends up in logs and histories: send it as Authorization: " +
      `Bearer KEY, or from a browser as the subprotocol ${KEY_SUBPROTOCOL_PREFIX}BASE64URL`,
  );
}

function refuseLoneKeyProtocol(): Refusal {
  return refuse(
    STATUS_CODE.BadRequest,
    "subprotocol_missing",
    `Cannot answer with a subprotocol that holds a key: offer ${SUBPROTOCOL} beside it`,
  );
}

function refuseKey(presented: boolean): Refusal {
  const message = presented
    ? "Cannot authenticate: the API key is not known"
    : "Cannot authenticate: an API key is needed, send it as Authorization: Bearer KEY, or from a " +
      `browser as the subprotocols ${SUBPROTOCOL} and ${KEY_SUBPROTOCOL_PREFIX}BASE64URL`;
  const headers = { "www-authenticate": 'Bearer realm="codebeaker"' };
  return { ...refuse(STATUS_CODE.Unauthorized, "unauthorized", message), headers };
}

function refuse(status: number, code: string, message: string): Refusal {
  return { ok: false, status, body: { error: { code, message } } };
}
