/** What {@linkcode responseBody} tells whoever made the call. */
export interface ResponseBodyOptions {
  /** Called once, when the body has ended in whichever way. */
  readonly onEnd: () => void;
  /** Says what a failed read means. */
  readonly toError: (error: unknown) => unknown;
  /** Ends the body, which then fails with what `toError` makes of the reason. */
  readonly signal: AbortSignal;
}

/** Wraps the body of an answer, so that what the call holds is released when the body ends. */
export function responseBody(
  body: ReadableStream<Uint8Array> | null,
  options: ResponseBodyOptions,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const { toError, signal } = options;
  const reader = body?.getReader();
  // fetch forgets its signal when the response that nobody holds any more is collected, so that reading
  // would go on for ever.
  const onAbort = () => void reader?.cancel(signal.reason).catch(() => {});
  signal.addEventListener("abort", onAbort);
  const onEnd = () => {
    signal.removeEventListener("abort", onAbort);
    options.onEnd();
  };
  // Answers without a body are over before anybody looks.
  if (reader === undefined) onEnd();
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      try {
        const result = await reader?.read();
        signal.throwIfAborted();
        // fetch hands on whole buffers of its own, never shared ones.
        if (!(result?.done ?? true)) {
          return controller.enqueue(result!.value as Uint8Array<ArrayBuffer>);
        }
        controller.close();
      } catch (error) {
        controller.error(toError(error));
      }
      if (reader !== undefined) onEnd();
    },
    async cancel(reason) {
      try {
        await reader?.cancel(reason);
      } finally {
        if (reader !== undefined) onEnd();
      }
    },
  }, { highWaterMark: 0 });
}

/** Reads a body as text, of which there may be `maxBytes` at most; undefined if there is more. */
export async function readBounded(
  body: ReadableStream<Uint8Array>,
  maxBytes: number,
): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > maxBytes) return undefined;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
