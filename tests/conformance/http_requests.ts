import { type TarSource, writeTar } from "../../src/runtimes/tar/tar_writer.ts";
import { within } from "../testutil/within.ts";
import type { HttpRequest, TarEntry } from "./scenario.ts";

const ANSWER_MS = 20_000;

/** What a request of plain HTTP was answered with. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The text, or the value of what is JSON. */
  readonly body: unknown;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Sends a request to the server and reads the whole answer. */
export async function requestHttp(
  origin: string,
  { method, path, headers = {}, body }: HttpRequest,
): Promise<HttpAnswer> {
  // One connection each, closed with it, so that nothing of it is left at the end of a test.
  using client = Deno.createHttpClient({});
  const sent = fetch(origin + path, {
    client,
    method,
    headers: { ...headers },
    ...(body !== undefined && { body: await bodyOf(body) }),
  });
  const response = await within(sent, ANSWER_MS, `an answer to ${method} ${path}`);
  const bytes = await within(response.bytes(), ANSWER_MS, `the body of ${method} ${path}`);
  const text = new TextDecoder().decode(bytes);
  const isJson = response.headers.get("content-type")?.startsWith("application/json") ?? false;
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: isJson && method !== "HEAD" ? JSON.parse(text) : text,
    bytes,
  };
}

async function bodyOf(body: NonNullable<HttpRequest["body"]>): Promise<BodyInit> {
  if (typeof body === "string" || !("tar" in body)) return body;
  return await new Response(writeTar(body.tar.map(toSource))).bytes();
}

function toSource(entry: TarEntry): TarSource {
  return "linkName" in entry
    ? { type: "symlink", ...entry }
    : { type: "file", name: entry.name, content: new TextEncoder().encode(entry.content) };
}
