/** What a signed URL allows. */
export interface SignedTarget {
  /** `GET` goes for `HEAD` as well. */
  readonly method: "GET" | "PUT";
  /** As a URL has it. */
  readonly pathname: string;
  /** Milliseconds since 1970; counted in whole seconds. */
  readonly expiresAt: number;
  /** Bytes that may be written. */
  readonly maxBytes?: number | undefined;
}

/** What became of the signature of a request. */
export type SignatureVerdict =
  | { readonly ok: true; readonly maxBytes?: number }
  | { readonly ok: false; readonly code: string; readonly message: string };

const ALGORITHM: HmacKeyGenParams = { name: "HMAC", hash: "SHA-256" };
const PURPOSE = "codebeaker signed url 1";
const PARAMETERS = ["expires", "maxBytes", "signature"] as const;

/**
 * Signs paths, so that whoever has the URL may do one thing for a short time without a key. The key of the
 * signatures is random and never leaves the process: URLs end with it.
 */
export class UrlSigner {
  readonly #key: CryptoKey;
  readonly #now: () => number;

  private constructor(key: CryptoKey, now: () => number) {
    this.#key = key;
    this.#now = now;
  }

  /** Makes a signer with a key of its own. */
  static async create(
    { now = Date.now }: { readonly now?: () => number } = {},
  ): Promise<UrlSigner> {
    const key = await crypto.subtle.generateKey(ALGORITHM, false, ["sign", "verify"]);
    return new UrlSigner(key, now);
  }

  /** Whether a request says that it is signed. */
  static isSigned(url: URL): boolean {
    return url.searchParams.has("signature");
  }

  /** Returns the path with a query that allows it. */
  async sign({ method, pathname, expiresAt, maxBytes }: SignedTarget): Promise<string> {
    const expires = String(Math.floor(expiresAt / 1000));
    const bound = maxBytes === undefined ? "" : String(maxBytes);
    const text = signedText(method, pathname, expires, bound);
    const signature = new Uint8Array(await crypto.subtle.sign(ALGORITHM.name, this.#key, text));
    const query = new URLSearchParams({
      expires,
      ...(bound !== "" && { maxBytes: bound }),
      signature: signature.toBase64({ alphabet: "base64url", omitPadding: true }),
    });
    return `${pathname}?${query}`;
  }

  /** Judges a request that says it is signed. */
  async verify(method: string, url: URL): Promise<SignatureVerdict> {
    const { searchParams, pathname } = url;
    const isRepeated = PARAMETERS.some((name) => searchParams.getAll(name).length > 1);
    const [expires, bound] = [
      searchParams.get("expires") ?? "",
      searchParams.get("maxBytes") ?? "",
    ];
    const signature = decodeSignature(searchParams.get("signature") ?? "");
    if (isRepeated || signature === undefined || !/^\d{1,12}$/.test(expires)) return WRONG;
    const text = signedText(method === "HEAD" ? "GET" : method, pathname, expires, bound);
    if (!await crypto.subtle.verify(ALGORITHM.name, this.#key, signature, text)) return WRONG;
    if (Number(expires) * 1000 <= this.#now()) return EXPIRED;
    return { ok: true, ...(bound !== "" && { maxBytes: Number(bound) }) };
  }
}

const WRONG: SignatureVerdict = {
  ok: false,
  code: "signature_wrong",
  message: "Cannot accept the signed URL: it is for another method or path, was changed, or was " +
    "signed before the server started; get a new one with files.sign",
};
const EXPIRED: SignatureVerdict = {
  ok: false,
  code: "signature_expired",
  message: "Cannot accept the signed URL: it has expired; get a new one with files.sign",
};

/** None of the parts can have a newline. */
function signedText(...parts: string[]): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode([PURPOSE, ...parts].join("\n"));
}

function decodeSignature(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[A-Za-z0-9_-]{43}$/.test(text)) return undefined;
  try {
    return Uint8Array.fromBase64(text, { alphabet: "base64url" });
  } catch {
    // No base64, though of its letters.
    return undefined;
  }
}
