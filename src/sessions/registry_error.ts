/** The session registry cannot be used; the message is a sentence for whoever starts the server. */
export class RegistryError extends Error {
  override readonly name = "RegistryError";
}
