import type { Hass } from "./types";

interface CallError {
  message?: string;
  translation_domain?: string;
  translation_key?: string;
  translation_placeholders?: Record<string, string>;
}

/** Returns the words of an error of an action, in the viewer's language. */
export const errorText = async (hass: Hass, thrown: unknown): Promise<string> => {
  const error = (thrown ?? {}) as CallError;
  const { translation_domain: domain, translation_key: key } = error;
  if (domain && key) {
    const localize = await hass.loadBackendTranslation("exceptions", domain);
    const words = localize(
      `component.${domain}.exceptions.${key}.message`,
      error.translation_placeholders,
    );
    if (words) return words;
  }
  return error.message ?? String(thrown);
};
