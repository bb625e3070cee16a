/** The dashboard "Doors": all locks of the house on one page. */
import { loadTexts } from "./card";
import { ourLocks, text, type Hass } from "./types";

export class DoorsStrategy extends HTMLElement {
  static noEditor = true;

  static async generate(_config: unknown, hass: Hass) {
    await new Promise<void>((resolve) => {
      loadTexts(hass, resolve);
      setTimeout(resolve, 3000);
    });
    const locks = ourLocks(hass).sort((one, other) => name(hass, one).localeCompare(name(hass, other)));
    const title = text(hass, "doors");
    return {
      title,
      views: [
        {
          title,
          path: "doors",
          icon: "mdi:door-closed-lock",
          type: "sections",
          max_columns: 4,
          sections: locks.length
            ? locks.map((entity) => ({
                type: "grid",
                cards: [...heading(hass, entity), { type: "custom:tuya-wifi-lock-card", entity }],
              }))
            : [
                {
                  type: "grid",
                  cards: [{ type: "markdown", content: text(hass, "doors_empty") }],
                },
              ],
        },
      ],
    };
  }
}

const name = (hass: Hass, entity: string): string =>
  hass.states[entity]?.attributes.friendly_name ?? entity;

/** Returns the area of a lock as the heading of its section, where it has one. */
const heading = (hass: Hass, entity: string) => {
  const device = hass.devices[hass.entities[entity]?.device_id ?? ""];
  const area = hass.areas[device?.area_id ?? ""];
  return area ? [{ type: "heading", heading: area.name, icon: "mdi:map-marker-outline" }] : [];
};

customElements.define("ll-strategy-dashboard-tuya-wifi-lock-doors", DoorsStrategy);
