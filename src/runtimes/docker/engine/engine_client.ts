import type { EngineAddress } from "./engine_address.ts";
import { EngineError, refusal } from "./engine_error.ts";
import { type EngineRequest, formatQuery } from "./engine_request.ts";
import { type EngineTls, readEngineTls } from "./engine_tls.ts";
import { negotiateApiVersion } from "./api_version.ts";
import { CallDeadline } from "./call_deadline.ts";
import { createEngineHttp, engineBaseUrl } from "./engine_http.ts";
import { hijack } from "./hijack.ts";
import type { HijackedConnection } from "./hijacked_connection.ts";
import { readBounded, responseBody } from "./response_body.ts";
import { unavailable } from "./unavailable.ts";
import { UploadSource } from "./upload_source.ts";

const MAX_JSON_BYTES = 16 * 1024 * 1024;
const MAX_ERROR_BYTES = 64 * 1024;

/** The answer to a call, whose body is still to be read to its end or cancelled. */
export interface EngineResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>;
}

/** One call to the engine whose answer has begun. */
export interface EngineCall {
  /** Method and path. */
  readonly endpoint: string;
  /** `ok`, the kind of the error, or `aborted`. */
  readonly outcome: string;
  readonly durationMs: number;
}

/** Options of {@linkcode EngineClient.open}. */
export interface EngineClientOptions {
  /** Told of every call. */
  readonly onCall?: ((call: EngineCall) => void) | undefined;
}

/** The way to one engine. Every call goes through here; the endpoints are functions that take it. */
export class EngineClient implements Disposable {
  /** Where the engine listens. */
  readonly address: EngineAddress;
  readonly #tls: EngineTls;
  readonly #http: Deno.HttpClient;
  readonly #base: string;
  #version: string | undefined;
  #negotiation: Promise<string> | undefined;

  readonly #onCall: ((call: EngineCall) => void) | undefined;

  private constructor(address: EngineAddress, tls: EngineTls, options: EngineClientOptions) {
    this.address = address;
    this.#onCall = options.onCall;
    this.#tls = tls;
    this.#http = createEngineHttp(address, tls);
    this.#base = engineBaseUrl(address);
  }

  /** Makes a client. It reads certificates, if any, and connects when it is first used. */
  static async open(
    address: EngineAddress,
    options: EngineClientOptions = {},
  ): Promise<EngineClient> {
    return new EngineClient(address, await readEngineTls(address), options);
  }

  /** Ends what calls share. */
  [Symbol.dispose](): void {
    this.#http.close();
  }

  /** Makes a call whose answer is one JSON value. */
  async json<T>(request: EngineRequest): Promise<T> {
    const { body } = await this.stream(request);
    const text = await readBounded(body, MAX_JSON_BYTES);
    if (text === undefined) {
      const detail = `the Docker engine's answer is longer than ${MAX_JSON_BYTES} bytes`;
      throw new EngineError("protocol", request.action, detail);
    }
    try {
      return JSON.parse(text) as T;
    } catch (cause) {
      const detail = "the Docker engine's answer is not JSON";
      throw new EngineError("protocol", request.action, detail, { cause });
    }
  }

  /** Makes a call of whose answer only the status and the headers matter. */
  async send(request: EngineRequest): Promise<Headers> {
    const { headers, body } = await this.stream(request);
    for await (const _ of body) {
      // Read to its end, so that the engine is known to have finished.
    }
    return headers;
  }

  /** Makes a call and hands on the answer's body as it comes. */
  async stream(request: EngineRequest): Promise<EngineResponse> {
    return await this.#told(request, () => this.#stream(request));
  }

  /** Makes a call that turns its connection into a stream in both directions. */
  async hijack(request: EngineRequest): Promise<HijackedConnection> {
    return await this.#told(request, () => this.#hijack(request));
  }

  async #stream(request: EngineRequest): Promise<EngineResponse> {
    const deadline = new CallDeadline(request);
    const upload = request.upload && new UploadSource(request.upload);
    const end = () => {
      deadline[Symbol.dispose]();
      upload?.stop();
    };
    const toError = (error: unknown) => this.#toError(error, request, deadline, upload);
    try {
      const { status, ok, headers, body } = await this.#fetch(request, deadline, upload);
      if (!ok && !request.accept?.includes(status)) {
        throw refusal(request.action, status, await readError(body));
      }
      if (request.timeoutCovers === "head") deadline.stopClock();
      return {
        status,
        headers,
        body: responseBody(body, { onEnd: end, toError, signal: deadline.signal }),
      };
    } catch (error) {
      end();
      throw toError(error);
    }
  }

  async #hijack(request: EngineRequest): Promise<HijackedConnection> {
    using deadline = new CallDeadline(request);
    try {
      const target = await this.#target(request, deadline);
      return await hijack(this.address, this.#tls, { ...request, target, signal: deadline.signal });
    } catch (error) {
      throw this.#toError(error, request, deadline);
    }
  }

  /** The version of the API that is spoken, asked of the engine when it is not known. */
  async apiVersion(): Promise<string> {
    if (this.#version !== undefined) return this.#version;
    // One question serves all who wait; none of them may end it for the others.
    this.#negotiation ??= this.#negotiate().finally(() => this.#negotiation = undefined);
    return await this.#negotiation;
  }

  /** Tells of a call when its answer begins: some never end. */
  async #told<T>({ method, path }: EngineRequest, call: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    let outcome = "ok";
    try {
      return await call();
    } catch (error) {
      outcome = error instanceof EngineError ? error.kind : "aborted";
      throw error;
    } finally {
      const durationMs = performance.now() - startedAt;
      this.#onCall?.({ endpoint: `${method} ${path}`, outcome, durationMs });
    }
  }

  async #negotiate(): Promise<string> {
    const request: EngineRequest = {
      action: "speak with the Docker engine",
      method: "GET",
      path: "/_ping",
    };
    using deadline = new CallDeadline(request);
    try {
      const init = { client: this.#http, signal: deadline.signal };
      const { ok, status, headers, body } = await fetch(this.#base + request.path, init);
      const text = await readError(body);
      if (!ok) throw refusal(request.action, status, text);
      return this.#version = negotiateApiVersion(headers.get("api-version"));
    } catch (error) {
      throw this.#toError(error, request, deadline);
    }
  }

  async #target(request: EngineRequest, deadline: CallDeadline): Promise<string> {
    deadline.signal.throwIfAborted();
    try {
      const version = this.#version ?? await deadline.race(this.apiVersion());
      return `/v${version}${request.path}${formatQuery(request.query)}`;
    } catch (error) {
      throw error instanceof EngineError ? error.during(request.action) : error;
    }
  }

  async #fetch(
    request: EngineRequest,
    deadline: CallDeadline,
    upload: UploadSource | undefined,
  ): Promise<Response> {
    const { method, json } = request;
    // Compressing archives for a socket on the same machine costs more than it saves.
    const headers = new Headers({ "accept-encoding": "identity", ...request.headers });
    if (json !== undefined) headers.set("content-type", "application/json");
    if (upload !== undefined) headers.set("content-type", "application/x-tar");
    const body = upload?.stream ?? (json === undefined ? null : JSON.stringify(json));
    const { signal } = deadline;
    const init = { client: this.#http, method, headers, body, signal, redirect: "manual" as const };
    return await fetch(this.#base + await this.#target(request, deadline), init);
  }

  #toError(
    error: unknown,
    request: EngineRequest,
    deadline: CallDeadline,
    upload?: UploadSource,
  ): unknown {
    if (upload?.failure !== undefined) return upload.failure.error;
    if (deadline.signal.aborted) return deadline.signal.reason;
    if (error instanceof EngineError) return error;
    // An engine that comes back may be another one.
    this.#version = undefined;
    return unavailable(request.action, this.address, error);
  }
}

async function readError(body: ReadableStream<Uint8Array> | null): Promise<string> {
  if (body === null) return "";
  return await readBounded(body, MAX_ERROR_BYTES) ??
    `the Docker engine's message is longer than ${MAX_ERROR_BYTES} bytes`;
}
