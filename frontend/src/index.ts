/** Registers the card and the dashboard with Home Assistant. */
import { loadTexts } from "./card";
import "./dialogs";
import "./hold";
import "./strategy";
import { isOurs, text, type Hass } from "./types";

/** English, from the translations at build time: the pickers show it before a text is loaded. */
declare const TEXTS: { name: string; description: string; doors: string; doors_description: string };

const DOCUMENTATION = "https://github.com/tuya-wifi-lock/tuya-wifi-lock/blob/main/docs/card.md";

const card = {
  type: "tuya-wifi-lock-card",
  name: TEXTS.name,
  description: TEXTS.description,
  preview: true,
  documentationURL: DOCUMENTATION,
  getEntitySuggestion: (hass: Hass, entity: string) =>
    isOurs(hass, entity) ? { config: { type: "custom:tuya-wifi-lock-card", entity } } : null,
};

const dashboard = {
  type: "tuya-wifi-lock-doors",
  strategyType: "dashboard",
  name: TEXTS.doors,
  description: TEXTS.doors_description,
  documentationURL: DOCUMENTATION,
};

const pickers = window as unknown as { customCards?: unknown[]; customStrategies?: unknown[] };
(pickers.customCards ??= []).push(card);
(pickers.customStrategies ??= []).push(dashboard);

/** Names both in the viewer's language, once someone is logged in. */
const translate = async (): Promise<void> => {
  await customElements.whenDefined("home-assistant");
  const app = document.querySelector("home-assistant") as (Element & { hass?: Hass }) | null;
  const { hass } = app ?? {};
  if (!hass?.loadBackendTranslation) return;
  loadTexts(hass, () => {
    const shown = app?.hass ?? hass;
    card.name = text(shown, "name") || card.name;
    card.description = text(shown, "description") || card.description;
    dashboard.name = text(shown, "doors") || dashboard.name;
    dashboard.description = text(shown, "doors_description") || dashboard.description;
  });
};
void translate();
