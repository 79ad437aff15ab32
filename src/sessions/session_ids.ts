/** 32 characters, so that five bits of a random byte choose one; without i, l, o and u. */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/** Returns a new id of 160 random bits, safe in URLs, file names and command lines. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  let id = "";
  for (const byte of bytes) id += ALPHABET[byte & 31];
  return id;
}
