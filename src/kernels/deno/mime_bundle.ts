import { shortenText } from "./shorten_text.ts";

/** A value's forms by their MIME types. */
export type MimeBundle = Record<string, unknown>;

const MAX_TEXT = 256 * 1024;
const DISPLAY = Symbol.for("Jupyter.display");
const show = Deno.inspect;

/** A value in every form that it offers. */
export async function mimeBundle(value: unknown): Promise<MimeBundle> {
  const offered = typeof value === "object" && value !== null
    ? (value as Record<symbol, unknown>)[DISPLAY]
    : undefined;
  const data = typeof offered === "function" ? acceptForms(await offered.call(value)) : {};
  data["text/plain"] ??= plainText(value);
  return data;
}

/** The forms of an object of MIME type to content. */
export function rawBundle(forms: unknown): MimeBundle {
  const data = acceptForms(forms);
  data["text/plain"] ??= "";
  return data;
}

function acceptForms(forms: unknown): MimeBundle {
  const data: MimeBundle = {};
  if (typeof forms !== "object" || forms === null) return data;
  for (const [mime, content] of Object.entries(forms)) {
    if (content instanceof Uint8Array) data[mime] = content.toBase64();
    else if (typeof content === "string" || mime.endsWith("json")) data[mime] = content;
  }
  return data;
}

function plainText(value: unknown): string {
  const text = show(value, {
    colors: false,
    depth: 6,
    iterableLimit: 200,
    strAbbreviateSize: MAX_TEXT,
  });
  return shortenText(text, MAX_TEXT);
}
