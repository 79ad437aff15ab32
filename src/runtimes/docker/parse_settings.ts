import { type Language, LANGUAGES } from "../../languages.ts";
import { LanguageSchema } from "../../protocol/language.ts";
import { type EngineAddress, parseEngineAddress } from "./engine/engine_address.ts";
import { isImageName } from "./image_name.ts";

/** The settings whose texts have a form of their own. */
export interface DockerTexts {
  readonly dockerHost?: string | undefined;
  readonly dockerCertPath?: string | undefined;
  readonly languageImages: readonly string[];
}

/** What they mean, or what is wrong with them, as sentences. */
export type ParsedDockerTexts =
  | {
    readonly ok: true;
    readonly address: EngineAddress;
    readonly languageImages: ReadonlyMap<Language, string>;
  }
  | { readonly ok: false; readonly problems: readonly string[] };

/** Reads the address of the engine and the images of languages. */
export function parseDockerTexts(texts: DockerTexts): ParsedDockerTexts {
  const problems: string[] = [];
  let address: EngineAddress | undefined;
  try {
    address = parseEngineAddress(texts.dockerHost ?? "", { certPath: texts.dockerCertPath });
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
  }
  const languageImages = new Map<Language, string>();
  for (const entry of texts.languageImages) {
    const [name = "", image = ""] = entry.split("=");
    const language = LanguageSchema.safeParse(name);
    if (!language.success) {
      problems.push(
        `Cannot use "${entry}" of --language-images: expected one of ${LANGUAGES.join(", ")}`,
      );
    } else if (!isImageName(image)) {
      problems.push(`Cannot use "${entry}" of --language-images: expected the name of an image`);
    } else {
      languageImages.set(language.data, image);
    }
  }
  return address === undefined || problems.length > 0
    ? { ok: false, problems }
    : { ok: true, address, languageImages };
}
